/** Programs: the bits of the session, taps, profiles, memory, and what they refuse. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import type { Model } from "../../src/model.js";
import { digitsModel } from "../../src/models/digits.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { compileProgram } from "../../src/runtime/compile_program.js";
import { loadProgram } from "../../src/runtime/program.js";
import { createSession } from "../../src/runtime/session.js";
import { rejectsError, throwsError } from "../formats/support.js";
import { bitsOf, headerOf, inputOf, tinyModel } from "./program_support.js";

async function assertSameBits(model: Model, type: "f32" | "u8", kernel: KernelChoice, taps: readonly string[] = []) {
  const session = await createSession(model, { kernel, taps });
  const bytes = await compileProgram(model, { kernel, taps, inputType: type });
  const program = await loadProgram(bytes);
  for (const seed of [0, 5]) {
    const input = inputOf(model.graph.inputShape, type, seed);
    const [expected, actual] = [session.run(input), program.run(input)];
    assert.deepEqual(actual.shape, expected.shape);
    assert.deepEqual(bitsOf(actual), bitsOf(expected));
    for (const name of taps) assert.deepEqual(program.tap(name), session.tap(name));
  }
  return { session, program };
}

describe("a program gives the bits of the session", () => {
  for (const kernel of ["table", "popcount", "auto"] as const) {
    for (const type of ["f32", "u8"] as const) {
      it(`digits, ${kernel}, ${type}`, async () => {
        await assertSameBits(digitsModel(), type, kernel);
      });
    }
  }

  for (const name of ["resnet18_e2", "meliusnet22", "densenet28", "naivenet17"]) {
    it(name, async () => {
      const graph = getModel(name, { inputShape: [1, 3, 224, 224] });
      await assertSameBits({ graph, weights: randomWeights(graph, 3) }, "f32", "auto");
    });
  }

  it("with taps, whose values are the session's", async () => {
    const { program } = await assertSameBits(tinyModel(), "f32", "auto", ["features.2", "output"]);
    throwsError(() => program.tap("features.1"), "unknown-name", /features\.1 is not tapped.*features\.2, output/);
  });
});

test("a program tells what it was compiled from and for", async () => {
  const model = tinyModel();
  const file = await compileProgram(model, { inputShape: [2, 3, 20, 18], inputType: "u8" });
  const { name, inputShape, inputType, labels, preprocess, memoryBytes } = await loadProgram(file);
  assert.deepEqual(
    { inputShape, inputType, labels, preprocess },
    {
      inputShape: [2, 3, 20, 18],
      inputType: "u8",
      labels: ["ant", "bee", "wasp"],
      preprocess: { mean: [100], std: [50] },
    },
  );
  assert.equal(name, model.graph.name);
  assert.equal(memoryBytes % 65536, 0);
  const { xnorkit, kernels, work } = headerOf(file);
  assert.match(xnorkit, /^\d+\.\d+\.\d+/);
  assert.match(kernels, /^[0-9a-f]{16}$/);
  assert.ok(work > 0);
});

test("the same model and options give the same bytes", async () => {
  const [first, second] = [await compileProgram(tinyModel()), await compileProgram(tinyModel())];
  assert.deepEqual(first, second);
});

test("bytes may begin anywhere in their buffer, and are not needed after loading", async () => {
  const model = tinyModel();
  const file = await compileProgram(model);
  const input = inputOf(model.graph.inputShape, "f32");
  const expected = (await loadProgram(file)).run(input);
  for (const offset of [1, 2, 4, 7]) {
    const shifted = new Uint8Array(file.length + offset);
    shifted.set(file, offset);
    const program = await loadProgram(shifted.subarray(offset));
    shifted.fill(0);
    assert.deepEqual(program.run(input), expected);
  }
  assert.deepEqual((await loadProgram(file.slice().buffer)).run(input), expected);
});

test("profile has the session's steps", async () => {
  const { session, program } = await assertSameBits(tinyModel(), "f32", "auto");
  const facts = (profile: ReturnType<typeof program.profile>) =>
    profile.map(({ milliseconds: _, gmacPerSecond: __, ...rest }) => rest);
  assert.deepEqual(facts(program.profile(2)), facts(session.profile(2)));
});

test("a program refuses inputs that it was not compiled for", async () => {
  const model = tinyModel();
  const program = await loadProgram(await compileProgram(model));
  throwsError(() => program.tap("x"), "unknown-name", /tapped: none/);
  const bad = (input: unknown, code: "bad-shape" | "bad-value" | "bad-option", pattern: RegExp) =>
    throwsError(() => program.run(input as never), code, pattern);
  bad(inputOf([1, 3, 16, 16], "u8"), "bad-value", /was compiled for a Float32Array/);
  bad(inputOf([1, 3, 16, 15], "f32"), "bad-shape", /has shape 1x3x16x15.*was compiled for 1x3x16x16/);
  bad({ shape: [1, 3, 16, 16], data: new Float32Array(5) }, "bad-shape", /5 elements/);
  bad({ data: new Float32Array(768) }, "bad-shape", /has no shape/);
  bad({ shape: [1, 3, 16, 16] }, "bad-value", /undefined/);
  bad(null, "bad-option", /the input of run must be/);
  program.dispose();
  assert.equal(program.memoryBytes, 0);
  bad(inputOf([1, 3, 16, 16], "f32"), "bad-option", /was disposed/);
});

test("a tap has no value before the first run", async () => {
  const program = await loadProgram(await compileProgram(tinyModel(), { taps: ["output"] }));
  throwsError(() => program.tap("output"), "bad-option", /before the first run/);
});

test("compileProgram refuses options and models that do not fit", async () => {
  const model = tinyModel();
  await rejectsError(compileProgram(null as never), "bad-option", /the model of compileProgram must be/);
  await rejectsError(compileProgram(model, { inputType: "i8" as never }), "bad-option", /inputType.*f32 or u8/);
  await rejectsError(compileProgram(model, { taps: "a" as never }), "bad-option", /option taps/);
  await rejectsError(compileProgram(model, { taps: ["a"] }), "unknown-name", /./);
  await rejectsError(compileProgram(model, { shape: 1 } as never), "bad-option", /no option "shape"/);
  await rejectsError(compileProgram(model, { inputShape: [1, 4, 16, 16] }), "bad-shape", /./);
  await rejectsError(compileProgram({ ...model, weights: new Map() }), "missing-weight", /./);
  const wide = tinyModel(300);
  const labels = Array.from({ length: 300 }, () => "x".repeat(4000));
  await rejectsError(
    compileProgram({ ...wide, graph: { ...wide.graph, labels } }),
    "unsupported",
    /the names and labels of .* take \d+ bytes, more than the 1048576/,
  );
});

test("loadProgram refuses options and bytes that are none", async () => {
  const file = await compileProgram(tinyModel());
  await rejectsError(loadProgram("x" as never), "bad-option", /bytes of loadProgram must be/);
  await rejectsError(loadProgram(file, { threads: "many" } as never), "bad-option", /threads/);
  await rejectsError(loadProgram(file, { wasm: 5 as never }), "bad-option", /the option wasm/);
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  await rejectsError(loadProgram(file, { wasm: empty }), "bad-option", /without the kernel|not the kernels/);
  await rejectsError(loadProgram(file, { limits: { macs: -1 } }), "bad-option", /limits\.macs of loadProgram/);
});

test("threads give the same bits, run what was not cut for them, and end with the program", async () => {
  const model = tinyModel();
  const input = inputOf([2, 3, 48, 40], "f32");
  const session = await createSession(model);
  const expected = session.run(input);
  for (const cut of [1, 3]) {
    const file = await compileProgram(model, { inputShape: [2, 3, 48, 40], threads: cut, taps: ["features.2"] });
    const alone = await loadProgram(file);
    assert.equal(alone.threads, 1);
    assert.deepEqual(bitsOf(alone.run(input)), bitsOf(expected));
    for (const threads of [2, 3]) {
      const program = await loadProgram(file, { threads });
      assert.equal(program.threads, threads);
      for (let run = 0; run < 5; run++) assert.deepEqual(bitsOf(program.run(input)), bitsOf(expected));
      const other = inputOf([2, 3, 48, 40], "f32", 9);
      const both = await Promise.all([program.runAsync(input), program.runAsync(other), program.runAsync(input)]);
      assert.deepEqual(bitsOf(both[0]), bitsOf(expected));
      assert.deepEqual(bitsOf(both[1]), bitsOf(session.run(other)));
      assert.deepEqual(bitsOf(both[2]), bitsOf(expected));
      assert.deepEqual(program.tap("features.2"), alone.tap("features.2"));
      assert.equal(program.profile(1).length, alone.profile(1).length);
      const late = program.runAsync(input);
      throwsError(() => program.run(input), "bad-option", /a runAsync of ResNetE1 is not finished/);
      await late;
      program.dispose();
    }
  }
});

test("memory of several threads counts for the limit", async () => {
  const file = await compileProgram(tinyModel());
  const { memoryBytes } = await loadProgram(file);
  const limits = { memoryBytes };
  await rejectsError(loadProgram(file, { limits, threads: 4 }), "out-of-memory", /of limits\.memoryBytes/);
});

test("a program is held with using", async () => {
  const program = await loadProgram(await compileProgram(tinyModel()));
  (program as unknown as Record<symbol, () => void>)[Symbol.dispose]();
  assert.equal(program.memoryBytes, 0);
});
