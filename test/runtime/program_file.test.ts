/** Program files that are cut, changed by accident, or made to harm: a sentence or a result, never a trap or a hang. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { RESERVED_BYTES } from "../../src/abi/constants.js";
import { ROLES } from "../../src/abi/roles.js";
import { countWork } from "../../src/graph/cost.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { workOfCall } from "../../src/runtime/call_check.js";
import { compileProgram } from "../../src/runtime/compile_program.js";
import type { LinkedCall } from "../../src/runtime/link.js";
import { loadProgram } from "../../src/runtime/program.js";
import { readParts } from "../../src/runtime/program_file.js";
import { decodeSteps, encodeSteps } from "../../src/runtime/step_table.js";
import { rejectsError, seededRandom, throwsError } from "../formats/support.js";
import {
  bitsOf,
  headerOf,
  inputOf,
  outcome,
  tinyModel,
  withChangedSteps,
  withHeader,
  withParts,
} from "./program_support.js";

const model = tinyModel();
const file = await compileProgram(model, { taps: ["features.2"] });
const header = headerOf(file);
const begin = RESERVED_BYTES;
const end = begin + readParts(file).constants.length + header.arenaBytes;
const { steps } = decodeSteps(readParts(file).steps, { begin, end, scratchBytes: header.scratchBytes });

test("a file that ends at any of its bytes is refused, and one with a byte more", async () => {
  for (let length = 0; length < file.length; length += length < 8192 ? 1 : 61) {
    assert.equal(await outcome(file.subarray(0, length)), "bad-file", `cut at ${length}`);
  }
  assert.equal(await outcome(Uint8Array.of(...file, 0)), "bad-file");
  assert.equal(await outcome(new Uint8Array([...file, ...new Uint8Array(64)])), "bad-file");
});

test("any changed byte is seen, wherever it is", async () => {
  const random = seededRandom(11);
  const places = [...Array(256).keys(), ...Array.from({ length: 1500 }, () => Math.floor(random() * file.length))];
  for (const place of places) {
    const changed = file.slice();
    changed[place] ^= 1 << Math.floor(random() * 8);
    const code = await outcome(changed);
    assert.ok(code === "bad-file" || code === "unsupported", `byte ${place}: ${code}`);
  }
});

test("words that changed places are seen", async () => {
  const { constants } = readParts(file);
  const at = file.length - constants.length;
  const words = new Uint32Array(file.slice().buffer);
  const first = words.findIndex((word, i) => 4 * i >= at && word !== 0 && word !== words[i + 4]);
  [words[first], words[first + 4]] = [words[first + 4], words[first]];
  await rejectsError(loadProgram(new Uint8Array(words.buffer)), "bad-file", /checksum of its weights/);
});

describe("what other files are is said", () => {
  it("a packed model, nothing, and text", async () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode("XNORPRO"), new Uint8Array(128)]) {
      await rejectsError(loadProgram(bytes), "bad-file", /is no program: give one that compileProgram/);
    }
  });

  it("another version of the format", async () => {
    const other = file.slice();
    other[16] = 9;
    await rejectsError(loadProgram(other), "unsupported", /format version 9, this release reads version 1: compile/);
  });

  it("another build of the kernels", async () => {
    const other = withHeader(file, { ...header, kernels: "0123456789abcdef", xnorkit: "0.0.9" });
    await rejectsError(
      loadProgram(other),
      "unsupported",
      /compiled by xnorkit 0\.0\.9 for the kernels 0123456789abcdef, this release has [0-9a-f]{16}: compile it again/,
    );
  });
});

test("limits refuse a program before memory is asked for", async () => {
  const { memoryBytes } = await loadProgram(file);
  await rejectsError(
    loadProgram(file, { limits: { macs: header.work - 1 } }),
    "unsupported",
    /multiply-accumulates, more than the .* of limits\.macs/,
  );
  await rejectsError(
    loadProgram(file, { limits: { memoryBytes: memoryBytes - 65536 } }),
    "out-of-memory",
    /of limits\.memoryBytes/,
  );
  const limits = { macs: header.work, memoryBytes };
  assert.ok(bitsOf((await loadProgram(file, { limits })).run(inputOf([1, 3, 16, 16], "f32"))).length > 0);
  const huge = withHeader(file, { ...header, arenaBytes: 2 ** 32 - 2 ** 20 });
  await rejectsError(loadProgram(huge, { limits }), "out-of-memory", /limits\.memoryBytes/);
});

test("a header or steps beyond their bounds are refused", async () => {
  const long = new TextEncoder().encode(JSON.stringify({ ...header, name: "x".repeat(2 ** 20) }));
  await rejectsError(loadProgram(withParts(file, { header: long })), "bad-file", /its header has \d+ bytes of 1048576/);
  const many = withParts(file, { steps: new Uint32Array(2 ** 19 + 1) });
  await rejectsError(loadProgram(many), "bad-file", /its steps have 2097156 bytes of 2097152/);
});

test("every field of the header is checked", async () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    name: [undefined, 5, null],
    xnorkit: [undefined, {}],
    kernels: [undefined, null, 7],
    input: [undefined, null, 1, {}, { ...header.input, type: "i8" }, { ...header.input, address: 0 }],
    output: [
      { ...header.output, address: header.output.address + 1 },
      { ...header.output, address: 2 ** 32 },
      { ...header.output, address: -4 },
      { ...header.output, shape: [1e9] },
      { ...header.output, shape: [0] },
      { ...header.output, shape: [1.5] },
      { ...header.output, shape: "3" },
      { ...header.output, shape: Array(9).fill(1) },
      { ...header.output, shape: [-1, -3] },
    ],
    taps: [undefined, null, {}, [5], [{ ...header.taps[0], name: 5 }], [{ ...header.taps[0], address: 4 }]],
    layout: [undefined, "CHWN"],
    preprocess: [undefined, 5, {}, { mean: [1], std: ["1"] }, { mean: 1, std: 1 }],
    labels: [undefined, "ant", [1]],
    arenaBytes: [undefined, -64, 0, 63, 2 ** 40, 1.5, "64"],
    scratchBytes: [undefined, -1, 2 ** 32, null],
    work: [undefined, null, -1, header.work / 2, "1"],
    steps: [undefined, null, [], [...header.steps, header.steps[0]], header.steps.map(() => ({}))],
  };
  assert.deepEqual(Object.keys(wrong).sort(), Object.keys(header).sort());
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const code = await outcome(withHeader(file, { ...header, [field]: value }));
      assert.ok(code === "bad-file" || (field === "kernels" && code === "unsupported"), `${field} ${value}: ${code}`);
    }
  }
  // Lists within lists are no texts and no numbers, and the engine's way to make them some has no end.
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  for (const field of Object.keys(header)) {
    const text = JSON.stringify({ ...header, [field]: "DEEP" }).replace('"DEEP"', deep);
    assert.equal(await outcome(withParts(file, { header: new TextEncoder().encode(text) })), "bad-file", field);
  }
  for (const text of ["", "{", "[]", "null", "5", `${"[".repeat(1e5)}`]) {
    const code = await outcome(withParts(file, { header: new TextEncoder().encode(text) }));
    assert.ok(code === "bad-file" || code === "unsupported", `${text.slice(0, 9)}: ${code}`);
  }
});

test("steps come back as they were written", () => {
  assert.deepEqual(encodeSteps(steps), readParts(file).steps);
});

/** The steps with one argument of a kernel's first call changed. */
function withArgument(kernel: string, index: number, value: number, mask = 0): Uint8Array {
  let done = false;
  const change = (call: LinkedCall): LinkedCall => {
    if (done || call.kernel !== kernel) return call;
    done = true;
    return {
      ...call,
      args: call.args.map((arg, i) => (i === index ? value : arg)),
      scratch: (call.scratch & ~(1 << index)) | (mask << index),
    };
  };
  const changed = steps.map((step) => ({
    ...step,
    phases: step.phases.map((tasks) => tasks.map((calls) => calls.map(change))),
  }));
  assert.ok(done, `no step calls ${kernel}`);
  return withParts(file, { steps: encodeSteps(changed) });
}

test("pointers outside of the memory or between words, and sizes that no kernel has, are refused", async () => {
  const seen = new Set<string>();
  for (const { phases } of steps) {
    for (const { kernel, args } of phases.flat(2)) {
      if (seen.has(kernel)) continue;
      seen.add(kernel);
      const roles: string = ROLES[kernel as keyof typeof ROLES];
      for (const [i, role] of [...roles].entries()) {
        const pointers = [4, RESERVED_BYTES - 4, RESERVED_BYTES + 2, 2 ** 31, 2 ** 32 - 4];
        if (role === "p") pointers.push(0);
        const bad = "po".includes(role) ? pointers : "fi".includes(role) ? [] : [-(2 ** 31), 2 ** 31 - 1];
        if (!"pouftlivf".includes(role)) bad.push(0, -1);
        for (const value of bad) {
          await rejectsError(
            loadProgram(withArgument(kernel, i, value)),
            "bad-file",
            new RegExp(`step \\d+ calls ${kernel} with -?\\d+ as argument ${i}, which no plan has`),
          );
        }
        const inScratch = withArgument(kernel, i, "pou".includes(role) ? header.scratchBytes + 64 : args[i], 1);
        await rejectsError(loadProgram(inScratch), "bad-file", new RegExp(`as argument ${i}, which`));
      }
    }
  }
  assert.ok(seen.size >= 5, [...seen].join());
});

test("calls that take more work than the header states are refused", async () => {
  await rejectsError(
    loadProgram(withArgument("convF32", [...ROLES.convF32].indexOf("y"), 2 ** 24)),
    "bad-file",
    /its calls take [\d.e+]+ multiply-accumulates, but it states/,
  );
});

test("a call that leaves the memory ends with a sentence, every time", async () => {
  const beyond = withArgument("globalAvgPoolF32", ROLES.globalAvgPoolF32.indexOf("n"), 2 ** 24);
  const program = await loadProgram(withHeader(beyond, { ...header, work: 1e10 }));
  const input = inputOf(program.inputShape, "f32");
  for (let i = 0; i < 2; i++) {
    throwsError(() => program.run(input), "bad-file", /a kernel of the program of .+ ended with "memory/);
    throwsError(() => program.profile(1), "bad-file", /ended with "memory/);
  }
});

test("steps with any word changed are refused or run, within the work that they may take", async () => {
  const random = seededRandom(5);
  const codes = new Map<string, number>();
  for (let round = 0; round < 3000; round++) {
    const bytes = withChangedSteps(file, random, { changes: 1 + (round % 3), work: 2e7 });
    const code = String(await outcome(bytes));
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.ok((codes.get("null") ?? 0) > 100 && (codes.get("bad-file") ?? 0) > 1000, JSON.stringify([...codes]));
});

test("the work of a program is that of its network, not much more and never less", async () => {
  for (const [name, inputShape] of [
    ["resnet18_e1", [1, 3, 224, 224]],
    ["meliusnet22", [1, 3, 224, 224]],
    ["resnet18_e2", [3, 3, 64, 64]],
  ] as const) {
    const graph = getModel(name, { inputShape });
    const { work, steps: facts } = headerOf(await compileProgram({ graph, weights: randomWeights(graph, 1) }));
    const macs = facts.reduce((sum, { binaryMacs, floatMacs }) => sum + binaryMacs + floatMacs, 0);
    assert.ok(work >= macs, `${name}: ${work} of ${macs}`);
    assert.ok(work <= 2 * countWork(graph, inputShape), `${name}: ${work} of ${countWork(graph, inputShape)}`);
  }
});

test("work counts every loop of a convolution, and is infinite if a counter could wrap", () => {
  const roles = ROLES.convF32;
  const args = (sizes: Readonly<Record<string, number>>) => Array.from(roles, (role) => sizes[role] ?? 1);
  const base = { y: 3, x: 5, k: 2, m: 2, h: 4, w: 6 };
  const work = workOfCall(roles, args(base));
  for (const role of "byxkm")
    assert.ok(workOfCall(roles, args({ ...base, [role]: 2 * (base[role as "y"] ?? 1) })) > work);
  assert.equal(workOfCall(roles, args({ ...base, y: 2 ** 16, x: 2 ** 16 })), Number.POSITIVE_INFINITY);
  assert.equal(workOfCall(roles, args({ ...base, s: 2 ** 29 })), Number.POSITIVE_INFINITY);
});

test("an alternative may only be chosen by a word of the memory", async () => {
  const { phases } = steps[0];
  const at = (flag: number) =>
    withParts(file, { steps: encodeSteps([{ phases, flag, alternative: phases }, ...steps.slice(1)]) });
  const work = 2 * header.work;
  assert.equal(await outcome(withHeader(at(header.input.address / 4), { ...header, work })), null);
  for (const flag of [0, 5, 2 ** 30, 2 ** 31 - 1]) {
    await rejectsError(loadProgram(withHeader(at(flag), { ...header, work })), "bad-file", /step 0 reads its flag at/);
  }
});
