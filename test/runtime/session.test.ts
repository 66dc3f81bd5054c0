/** Sessions: shapes, taps, pixels, memory, profiles, and what they refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { XnorkitError } from "../../src/errors.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { supportsRelaxedSimd } from "../../src/runtime/features.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Tensor } from "../../src/tensor.js";
import { followDecisions } from "../goldens/decisions.js";
import { compare } from "../goldens/support.js";

const graph = resnetE({
  version: 1,
  layers: [2, 2, 2, 2],
  inputShape: [1, 3, 32, 32],
  initialLayers: "thumbnail",
  classes: 10,
  channels: [8, 8, 16, 24, 40],
});
const weights = randomWeights(graph, 7);
const model = { graph, weights };

function image(shape: readonly number[], seed = 0): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(seed + i * 0.7)) };
}

function throwsCode(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes("\n"));
    return true;
  };
}

test("a run leaves the input and earlier outputs alone and repeats bit for bit", async () => {
  const session = await createSession(model);
  const input = image([1, 3, 32, 32]);
  const before = Float32Array.from(input.data);
  const first = session.run(input);
  const kept = Float32Array.from(first.data);
  const other = session.run(image([1, 3, 32, 32], 5));
  assert.deepEqual(first.data, kept);
  assert.notDeepEqual(other.data, kept);
  assert.deepEqual(session.run(input).data, kept);
  assert.deepEqual(input.data, before);
});

test("other sizes and batches are planned when they come, and each image of a batch is its own", async () => {
  const session = await createSession(model);
  const single = session.run(image([1, 3, 32, 32], 3));
  for (const [height, width, batch] of [
    [32, 32, 3],
    [64, 64, 1],
    [32, 48, 2],
    [35, 29, 2],
  ]) {
    const shape = [batch, 3, height, width];
    const input = image(shape, 9);
    assert.deepEqual(session.run(input).shape, [batch, 10]);
    const { farthest, difference, scale } = await followDecisions(model, input, { inputShape: shape });
    assert.ok(farthest < 1e-4 && difference <= 1e-4 * scale, `${shape}: ${farthest} ${difference}`);
  }
  assert.deepEqual(session.run(image([1, 3, 32, 32], 3)).data, single.data);
});

test("bytes are pixels, normalised by the graph's preprocess", async () => {
  const preprocess = { mean: [120, 110, 100], std: [60, 50, 40] };
  const session = await createSession({ graph: { ...graph, preprocess }, weights });
  const bytes = Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => (i * 37) % 256);
  const floats = Float32Array.from(bytes, (p, i) => {
    const c = Math.floor(i / 1024);
    return (p - preprocess.mean[c]) / preprocess.std[c];
  });
  const fromBytes = session.run({ shape: [1, 3, 32, 32], data: bytes });
  const fromFloats = session.run({ shape: [1, 3, 32, 32], data: floats });
  const { difference, scale } = compare(fromBytes.data as Float32Array, fromFloats.data as Float32Array);
  assert.ok(difference <= 1e-4 * scale, String(difference));
  // Without preprocess a byte goes in as 0..255.
  const plain = await createSession(model);
  const raw = plain.run({ shape: [1, 3, 32, 32], data: bytes });
  assert.deepEqual(raw.data, plain.run({ shape: [1, 3, 32, 32], data: Float32Array.from(bytes) }).data);
});

test("a preprocess that does not fit the channels is refused", async () => {
  const session = await createSession({ graph: { ...graph, preprocess: { mean: [1, 2], std: [1] } }, weights });
  assert.throws(
    () => session.run({ shape: [1, 3, 32, 32], data: new Uint8Array(3072) }),
    throwsCode("bad-option", /preprocess\.mean has 2 numbers, but the input has 3 channels/),
  );
});

test("taps give what the reference computes, and only tapped names", async () => {
  const taps = ["features.1", "features.3.0.body.0.qact", "features.4.0.body.1", "features.5"];
  const session = await createSession(model, { taps });
  assert.throws(() => session.tap("features.5"), throwsCode("bad-option", /before the first run/));
  session.run(image([1, 3, 32, 32]));
  assert.deepEqual(session.tap("features.5").shape, [1, 24, 8, 8]);
  assert.throws(() => session.tap("features.6"), throwsCode("unknown-name", /features\.6 is not tapped.*features\.5/));
  await assert.rejects(createSession(model, { taps: ["features.77"] }), throwsCode("unknown-name", /features\.77/));
});

test("inputs that do not fit are refused in a sentence", async () => {
  const session = await createSession(model);
  const wrong: [readonly number[], number, RegExp][] = [
    [[1, 1, 32, 32], 1024, /NCHW with 3 channels.*1x1x32x32/],
    [[3, 32, 32], 3072, /3x32x32/],
    [[1, 3, 32, 32], 3071, /3072 elements, but its data has 3071/],
    [[0, 3, 32, 32], 0, /0x3x32x32/],
  ];
  for (const [shape, length, pattern] of wrong) {
    assert.throws(() => session.run({ shape, data: new Float32Array(length) }), throwsCode("bad-shape", pattern));
  }
  assert.equal(session.run(image([1, 3, 32, 32])).data.length, 10);
});

test("a session is disposed of at the end of a scope that holds it with using", async () => {
  const session = await createSession(model);
  const { memoryBytes } = session;
  session[Symbol.dispose]();
  assert.ok(memoryBytes > 0);
  assert.equal(session.memoryBytes, 0);
  assert.throws(() => session.run(image([1, 3, 32, 32])), throwsCode("bad-option", /disposed/));
});

test("a disposed session says so", async () => {
  const session = await createSession(model);
  assert.ok(session.memoryBytes > 0);
  session.dispose();
  assert.equal(session.memoryBytes, 0);
  assert.throws(() => session.run(image([1, 3, 32, 32])), throwsCode("bad-option", /disposed/));
});

test("the profile names every step with its work", async () => {
  const session = await createSession(model);
  session.run(image([1, 3, 32, 32]));
  const steps = session.profile(3);
  const binary = steps.filter((step) => step.binaryMacs > 0);
  assert.equal(binary.length, 16 + 3);
  assert.ok(steps.every((step) => step.bytes > 0 && step.milliseconds >= 0));
});

test("a full ResNetE18 at 224x224 works in less than 64 MB", async () => {
  const full = getModel("resnet18_e1", { inputShape: [1, 3, 224, 224] });
  const session = await createSession({ graph: full, weights: randomWeights(full, 1) });
  assert.equal(session.run(image([1, 3, 224, 224])).data.length, 1000);
  assert.ok(session.memoryBytes < 64 * 2 ** 20, `${session.memoryBytes} bytes`);
});

test("both kernels of a binary convolution give the same bits, tuned or not", async () => {
  const input = image([2, 3, 32, 32], 4);
  const outputs = [];
  for (const options of [{ kernel: "table" }, { kernel: "popcount" }, { kernel: "auto", tune: true }] as const) {
    const session = await createSession(model, options);
    outputs.push(session.run(input).data);
    const kinds = new Set(session.profile(1).flatMap(({ binaryMacs, kind }) => (binaryMacs > 0 ? [kind] : [])));
    if (options.kernel !== "auto") assert.deepEqual([...kinds], [`binaryConv2d (${options.kernel})`]);
  }
  assert.deepEqual(outputs[1], outputs[0]);
  assert.deepEqual(outputs[2], outputs[0]);
});

test("an unknown kernel is refused by name", async () => {
  const options = { kernel: "fast" } as unknown as { kernel: "auto" };
  await assert.rejects(
    createSession(model, options),
    throwsCode("bad-option", /"fast".*"table", "popcount" or "auto"/),
  );
});

test("relaxed SIMD is taken where the runtime has it and stays within rounding", async () => {
  const input = image([1, 3, 32, 32], 6);
  const baseline = await createSession(model);
  const relaxed = await createSession(model, { relaxed: true });
  const { difference, scale } = compare(
    relaxed.run(input).data as Float32Array,
    baseline.run(input).data as Float32Array,
  );
  assert.ok(difference <= (supportsRelaxedSimd() ? 1e-3 : 0) * scale, String(difference));
});

test("the byte stem stays within its error of the float stem; a 7x7 stem, faster in float, stays there", async () => {
  const preprocess = { mean: [120, 110, 100], std: [60, 50, 40] };
  const pixels = {
    shape: [2, 3, 45, 32],
    data: Uint8Array.from({ length: 2 * 3 * 45 * 32 }, (_, i) => (i * 73) % 256),
  };
  for (const initialLayers of ["thumbnail", "imagenet", "grouped_stem"] as const) {
    const stemGraph = {
      ...resnetE({
        version: 1,
        layers: [1],
        channels: [32, 32],
        initialLayers,
        inputShape: [1, 3, 32, 32],
        classes: 4,
      }),
      preprocess,
    };
    const stemModel = { graph: stemGraph, weights: randomWeights(stemGraph, 11) };
    // The value after the stem's batch norm, before anything binary.
    const taps = [initialLayers === "grouped_stem" ? "features.1.1" : "features.2"];
    const float = await createSession(stemModel, { taps });
    const bytes = await createSession(stemModel, { taps, byteStem: true });
    float.run(pixels);
    bytes.run(pixels);
    const kinds = bytes.profile(1).map(({ kind }) => kind);
    assert.equal(kinds.includes("conv2d (bytes)"), initialLayers !== "imagenet", kinds.join(", "));
    assert.equal(kinds.includes("conv2d (winograd)"), initialLayers === "imagenet", kinds.join(", "));
    const expected = float.tap(taps[0]).data as Float32Array;
    const { difference } = compare(bytes.tap(taps[0]).data as Float32Array, expected);
    const range = expected.reduce((max, v) => Math.max(max, v), 0) - expected.reduce((min, v) => Math.min(min, v), 0);
    assert.ok(difference < 1e-4 * range, `${initialLayers}: ${difference} of ${range}`);
  }
});
