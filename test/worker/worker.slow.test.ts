/** Sessions and classifiers in workers: the same answers and errors, what is handed over, and how workers end. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { createClassifier as createHere, type ModelSource } from "../../src/classify.js";
import { getModel, type Model, createSession as openHere, randomWeights } from "../../src/index.js";
import { digitsModel } from "../../src/models/digits.js";
import * as workers from "../../src/worker.js";
import { rejectsError } from "../formats/support.js";

const digit = (name: number) => new URL(`../../examples/digits/${name}.png`, import.meta.url);
const pixels = () => Uint8Array.from({ length: 1024 }, (_, i) => (i * i) % 251);
const SHAPE = [1, 1, 32, 32];

/** The script of workers, from its source: what loads sources in this thread does not do so in others. */
const fromSource = () =>
  workerOf(`
    import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))}).then(({ register }) => {
      register();
      return import(${JSON.stringify(new URL("../../src/worker_thread.node.ts", import.meta.url).href)});
    });`);

const createSession = (model: Model, options: workers.WorkerSessionOptions = {}) =>
  workers.createSession(model, "worker" in options ? options : { worker: fromSource(), ...options });

const createClassifier = (model: ModelSource, options: workers.WorkerClassifierOptions = {}) =>
  workers.createClassifier(model, { worker: fromSource(), ...options });

/** A worker of another program: its code is given here. */
const workerOf = (code: string) => new Worker(code, { eval: true });

/** Answers the first messages as a worker does, and ends then. */
const dying = (after: number, how: string) => `
  const { parentPort } = require("node:worker_threads");
  let left = ${after};
  parentPort.on("message", ({ id }) => {
    if (left-- > 0) parentPort.postMessage({ id, gives: { threads: 1 }, memoryBytes: 1 });
    else ${how};
  });`;

describe("a session in a worker", () => {
  it("gives the bits of a session here, taps and profile included", async () => {
    const taps = ["features.2"];
    const here = await openHere(digitsModel(), { taps });
    const session = await createSession(digitsModel(), { taps });
    assert.deepEqual(session.graph, digitsModel().graph);
    for (const batch of [1, 3]) {
      const input = { shape: [batch, 1, 32, 32], data: Float32Array.from({ length: batch * 1024 }, (_, i) => i % 7) };
      assert.deepEqual(await session.run(input), here.run(input));
      assert.deepEqual(await session.tap("features.2"), here.tap("features.2"));
    }
    assert.equal(session.memoryBytes, here.memoryBytes);
    assert.equal(session.threads, 1);
    const names = (steps: readonly { readonly name: string }[]) => steps.map(({ name }) => name);
    assert.deepEqual(names(await session.profile(1)), names(here.profile(1)));
    session.dispose();
  });

  it("answers calls in their order", async () => {
    const here = await openHere(digitsModel());
    const session = await createSession(digitsModel());
    const inputs = Array.from({ length: 8 }, (_, i) => ({ shape: SHAPE, data: pixels().map((level) => level ^ i) }));
    const answers = await Promise.all(inputs.map((input) => session.run(input)));
    for (const [i, answer] of answers.entries()) assert.deepEqual(answer, here.run(inputs[i]));
    session.dispose();
  });

  it("takes the caller's buffer only if it is told to", async () => {
    const session = await createSession(digitsModel());
    const input = { shape: SHAPE, data: pixels() };
    const expected = await session.run(input);
    assert.equal(input.data.length, 1024);
    const part = { shape: SHAPE, data: new Uint8Array(5000).subarray(7, 1031) };
    part.data.set(pixels());
    assert.deepEqual(await session.run(part), expected);
    const shared = { shape: SHAPE, data: new Uint8Array(new SharedArrayBuffer(1024)) };
    shared.data.set(pixels());
    assert.deepEqual(await session.run(shared, { transfer: true }), expected);
    assert.deepEqual(await session.run(input, { transfer: true }), expected);
    assert.equal(input.data.length, 0);
    session.dispose();
  });

  it("throws what a session here throws, with its code", async () => {
    const session = await createSession(digitsModel());
    await rejectsError(session.run({ shape: [1, 3, 32, 32], data: new Uint8Array(3072) }), "bad-shape", /1 channels/);
    await rejectsError(session.run(undefined as never), "bad-option", /input of run must be \{ shape, data \}/);
    await rejectsError(session.run({ shape: SHAPE, data: [1] as never }), "bad-option", /data of the input/);
    await rejectsError(
      session.run({ shape: SHAPE, data: pixels() }, { transfr: true } as never),
      "bad-option",
      /transfer/,
    );
    await rejectsError(session.tap("none"), "unknown-name", /none is not tapped/);
    // What fails leaves the others as they are.
    assert.equal((await session.run({ shape: SHAPE, data: pixels() })).data.length, 10);
    session.dispose();
    await rejectsError(createSession(digitsModel(), { kernal: "table" } as never), "bad-option", /"kernel"/);
    await rejectsError(createSession(undefined as never), "bad-option", /model of createSession/);
    await rejectsError(createSession({ graph: {}, weights: new Map() } as never), "bad-graph", /name/);
    await rejectsError(createSession({ ...digitsModel(), weights: new Map() }), "missing-weight");
    await rejectsError(
      createSession(digitsModel(), { limits: { macs: () => 1 } } as never),
      "bad-option",
      /cannot be sent/,
    );
    await rejectsError(
      createSession(digitsModel(), { worker: {} as never }),
      "bad-option",
      /worker .* must be a Worker/,
    );
  });

  it("ends with dispose, and rejects what waits", async () => {
    const session = await createSession(digitsModel());
    const waiting = session.run({ shape: SHAPE, data: pixels() });
    session.dispose();
    session.dispose();
    await rejectsError(waiting, "bad-option", /the worker of .* was disposed: create another/);
    await rejectsError(session.run({ shape: SHAPE, data: pixels() }), "bad-option", /was disposed/);
    assert.equal(session.memoryBytes, 0);
  });

  it("rejects what waits and what comes when its worker dies", async () => {
    const ways = [
      ["process.exit(3)", /ended: it ended with code 3; create another/],
      ["(() => { throw new RangeError('out of luck') })()", /ended: out of luck; create another/],
    ] as const;
    for (const [how, reason] of ways) {
      const session = await createSession(digitsModel(), { worker: workerOf(dying(2, how)) });
      const runs = [1, 2].map(() => session.run({ shape: SHAPE, data: pixels() }));
      for (const run of runs) await rejectsError(run, "interrupted", reason);
      await rejectsError(session.tap("x"), "interrupted", reason);
    }
    await rejectsError(createSession(digitsModel(), { worker: workerOf("process.exit(0)") }), "interrupted", /code 0/);
    await rejectsError(
      createSession(digitsModel(), { worker: new Worker(pathToFileURL("none.js")) }),
      "interrupted",
      /none\.js/,
    );
  });
});

describe("a classifier in a worker", () => {
  it("answers as one here does, and leaves pictures as they are", async () => {
    const here = await createHere(digitsModel(), { topK: 4 });
    const classify = await createClassifier(digitsModel(), { topK: 4 });
    const bytes = readFileSync(digit(3));
    const picture = {
      width: 40,
      height: 30,
      data: Uint8ClampedArray.from({ length: 3600 }, (_, i) => (i % 120 > 60 ? 9 : 250)),
    };
    const pictures = [bytes, Uint8Array.from(bytes).buffer, digit(8), new Blob([bytes]), picture];
    for (const given of pictures) assert.deepEqual(await classify(given), await here(given));
    assert.deepEqual(await classify(pictures), await here(pictures));
    assert.deepEqual(await classify(new Response(bytes)), await here(bytes));
    assert.equal(pictures.filter((given) => given instanceof ArrayBuffer)[0].byteLength, bytes.length);
    assert.equal(picture.data.length, 3600);
    classify.dispose();
  });

  it("reads models and labels from URLs", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `digit ${i}`);
    const labels = new URL(`data:text/plain,${names.join("%0a")}`);
    const file = new URL("../../models/digits.xnorkit", import.meta.url);
    const classify = await createClassifier(file, { labels, topK: 1 });
    assert.equal((await classify(digit(5)))[0].label, "digit 5");
    assert.deepEqual(classify.graph.labels, names);
    classify.dispose();
  });

  it("throws what one here throws, with its code", async () => {
    const graph = getModel("resnet18_e1", { inputShape: [1, 3, 32, 32], classes: 5, initialLayers: "thumbnail" });
    const model: Model = { graph, weights: randomWeights(graph, 1) };
    await rejectsError(createClassifier(model), "bad-option", /does not say how pixels/);
    const classify = await createClassifier(model, { preprocess: "unit" });
    const ask = (picture: unknown) => classify(picture as never) as Promise<unknown>;
    await rejectsError(ask(undefined), "bad-option", /the picture of classify must be pixels as/);
    await rejectsError(ask([]), "bad-option", /at least one/);
    await rejectsError(ask({ width: 2, height: 2, data: new Uint8Array(5) }), "bad-shape", /its data has 5/);
    await rejectsError(ask([readFileSync(digit(1)), new Uint8Array(9)]), "bad-file", /picture 1 is not a PNG/);
    await rejectsError(ask(new URL("file:///none.png")), "bad-file", /cannot be read/);
    classify.dispose();
    await rejectsError(ask(readFileSync(digit(1))), "bad-option", /was disposed/);
    await rejectsError(createClassifier(digitsModel(), { decode: () => 1 } as never), "bad-option", /decode/);
  });
});
