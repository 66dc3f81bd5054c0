/**
 * Callers without types: what they hand over by mistake ends in a XnorkitError that names the argument, whatever it is.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import * as awnas from "../../src/awnas.js";
import * as classify from "../../src/classify.js";
import * as decode from "../../src/decode/index.js";
import { XnorkitError } from "../../src/errors.js";
import * as explain from "../../src/explain.js";
import * as image from "../../src/image/index.js";
import * as core from "../../src/index.js";
import * as kernels from "../../src/kernels.js";
import { digitsModel } from "../../src/models/digits.js";
import * as mxnet from "../../src/mxnet.js";
import * as nn from "../../src/nn.js";
import * as onnx from "../../src/onnx.js";
import * as reference from "../../src/reference/index.js";
import * as tflite from "../../src/tflite.js";
import * as torch from "../../src/torch.js";
import * as worker from "../../src/worker.js";
import { rejectsError, throwsError } from "../formats/support.js";

const { graph, weights } = digitsModel();
const junk: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  1e308,
  10n,
  "",
  "text",
  Symbol("s"),
  [],
  [1n, 2n],
  [undefined],
  {},
  { width: 1n, height: "1", channels: 2, data: [] },
  { shape: "1,2", data: {} },
  { dims: [1], data: new Float32Array(1) },
  { graph: {}, weights: {} },
  { graph, weights: Object.fromEntries(weights) },
  { unheardOf: 1 },
  new Map(),
  new Map([["a", 1]]),
  new Set([1]),
  new Date(0),
  () => 1,
  new ArrayBuffer(3),
  new Uint8Array(3),
  new Float64Array(2),
  graph,
];

/** Calls with every value in each place, the others being as good as they may be. */
function* argumentLists(): Generator<readonly unknown[]> {
  yield [];
  for (const value of junk) {
    yield [value];
    yield [value, value, value];
    for (const other of [graph, new Map(), "{}", new Uint8Array(16), {}]) {
      yield [other, value];
      yield [other, {}, value];
      yield [value, other];
    }
  }
}

const entries = {
  core,
  kernels,
  mxnet,
  torch,
  awnas,
  classify,
  worker,
  onnx,
  tflite,
  nn,
  "nn torch": nn.torch,
  explain,
  reference,
  image,
  decode,
};

describe("every public function", () => {
  for (const [entry, exports] of Object.entries(entries)) {
    for (const [name, value] of Object.entries(exports) as [string, unknown][]) {
      if (typeof value !== "function" || value === XnorkitError) continue;
      it(`${entry}: ${name}`, async () => {
        for (const list of argumentLists()) {
          try {
            const result = await (value as (...args: readonly unknown[]) => unknown)(...list);
            (result as { dispose?: () => void } | undefined)?.dispose?.();
          } catch (error) {
            const stack = error instanceof Error ? error.stack : String(error);
            assert.ok(error instanceof XnorkitError, `${name}(${list.map(String0).join(", ")}): ${stack}`);
          }
        }
      });
    }
  }
});

function String0(value: unknown): string {
  try {
    return typeof value === "symbol"
      ? value.toString()
      : (JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v)) ?? String(value)).slice(0, 80);
  } catch {
    return typeof value;
  }
}

describe("the contents of files", () => {
  it("may be an ArrayBuffer, a Buffer, a view, or of another realm", () => {
    const file = core.saveModel({ graph, weights });
    const padded = new Uint8Array(file.length + 5);
    padded.set(file, 5);
    const foreign = runInNewContext("Uint8Array.from(bytes)", { bytes: file }) as Uint8Array;
    for (const bytes of [
      file.slice().buffer,
      Buffer.from(file),
      new DataView(file.slice().buffer) as unknown as Uint8Array,
      padded.subarray(5),
      foreign,
    ]) {
      assert.deepEqual(core.loadModel(bytes).graph, graph);
      assert.equal(core.readWeights(bytes).size, weights.size);
    }
  });

  it("are named where they are something else", () => {
    throwsError(
      () => core.loadModel("digits.xnorkit" as never),
      "bad-option",
      /bytes of loadModel must be a Uint8Array or an ArrayBuffer, found the text "digits\.xnorkit"/,
    );
    throwsError(
      () => core.readWeights(undefined as never),
      "bad-option",
      /bytes of readWeights must be .*, found undefined/,
    );
    throwsError(() => torch.readTorch({} as never), "bad-option", /bytes of readTorch/);
  });
});

describe("a session", () => {
  it("names the argument that is wrong", async () => {
    const session = await core.createSession({ graph, weights });
    const run = (input: unknown) => () => session.run(input as never);
    throwsError(run(undefined), "bad-option", /input of run must be \{ shape, data \}, found undefined/);
    throwsError(run({ dims: [1, 1, 32, 32], data: new Float32Array(1024) }), "bad-shape", /shape/);
    throwsError(run({ shape: [1n, 1n, 32n, 32n], data: new Float32Array(1024) }), "bad-shape", /shape/);
    throwsError(run({ shape: ["1", "1", "32", "32"], data: new Float32Array(1024) }), "bad-shape", /shape/);
    throwsError(run({ shape: [1, 1, 32, 32], data: new Float64Array(1024) }), "bad-value", /Float64Array/);
    session.dispose();
  });

  it("is refused for what is no model", async () => {
    const create = (model: unknown, options?: unknown) => core.createSession(model as never, options as never);
    await rejectsError(
      create(core.saveModel({ graph, weights })),
      "bad-option",
      /model of createSession must be \{ graph, weights \}, .*loadModel/,
    );
    await rejectsError(
      create({ graph, weights: Object.fromEntries(weights) }),
      "bad-option",
      /weights .*must be a Map/,
    );
    await rejectsError(create({ graph: "digits", weights }), "bad-option", /graph/);
    await rejectsError(
      create({ graph, weights }, { kernal: "table" }),
      "bad-option",
      /no option "kernal": the closest are "kernel"/,
    );
    await rejectsError(create({ graph, weights }, { inputShape: [1n, 1n, 32n, 32n] }), "bad-shape", /input shape/);
    await rejectsError(create({ graph, weights }, { inputShape: "1,1,32,32" }), "bad-shape", /input shape/);
    await rejectsError(create({ graph, weights }, { kernel: "tables" }), "bad-option", /kernel/);
    await rejectsError(create({ graph, weights }, { taps: "features" }), "bad-option", /taps/);
  });
});
