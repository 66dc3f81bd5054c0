/** Graphs whose maps are NHWC at the ports: the same numbers as those of the NCHW graph, in another order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import type { Shape, Tensor } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";
import { convNode, counting, graphOf, inputNode, weightsOf } from "./support.js";

/** The numbers of an NCHW map as NHWC. */
function toNhwc([batch, channels, height, width]: Shape, data: ArrayLike<number>): number[] {
  const moved: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++) moved.push(data[((n * channels + c) * height + y) * width + x]);
  return moved;
}

const convolution = convNode({ channels: 2, kernel: [2, 1], padding: "same" });
const weights = weightsOf({
  "conv.weight": [
    [2, 3, 2, 1],
    [1, 2, -1, 0, 3, 1, 0, 1, 1, -2, 2, 0],
  ],
});
const nchwShape = [2, 3, 2, 4];
const nhwcShape = [2, 2, 4, 3];
const numbers = counting(nchwShape).map((value) => (value * 7) % 11);
const nchw: Tensor = { shape: nchwShape, data: Float32Array.from(numbers) };
const nhwc: Tensor = { shape: nhwcShape, data: Float32Array.from(toNhwc(nchwShape, numbers)) };

function asNhwc(graph: Graph): Graph {
  return { ...graph, inputShape: nhwcShape, layout: "NHWC" };
}

test("a map comes out as it went in", () => {
  const graph = asNhwc(graphOf(nchwShape, { ...inputNode, kind: "scale", name: "s", inputs: ["input"], factor: 1 }));
  const { output } = runReference(graph, new Map(), nhwc);
  assert.deepEqual([output.shape, [...output.data]], [nhwcShape, [...nhwc.data]]);
});

test("outputs and taps that are maps are NHWC, rows stay what they are", () => {
  const flat: Node = { kind: "flatten", name: "flat", inputs: ["conv"], module: "" };
  const graph = graphOf(nchwShape, convolution, flat);
  const expected = runReference(graph, weights, nchw, { taps: ["conv", "input"] });
  const found = runReference(asNhwc(graph), weights, nhwc, { taps: ["conv", "input"] });
  assert.deepEqual(found.output, expected.output);
  for (const name of ["conv", "input"]) {
    const map = expected.taps.get(name)!;
    const [batch, channels, height, width] = map.shape;
    assert.deepEqual(found.taps.get(name)!.shape, [batch, height, width, channels]);
    assert.deepEqual([...found.taps.get(name)!.data], toNhwc(map.shape, map.data));
  }
});

test("flatten takes the numbers of a map in the order of its layout", () => {
  const flat: Node = { kind: "flatten", name: "flat", inputs: ["input"], module: "", layout: "NHWC" };
  const graph = graphOf([1, 2, 1, 3], flat);
  const input = { shape: [1, 2, 1, 3], data: Float32Array.of(1, 2, 3, 10, 20, 30) };
  const { output } = runReference(graph, new Map(), input);
  assert.deepEqual(
    [output.shape, [...output.data]],
    [
      [1, 6],
      [1, 10, 2, 20, 3, 30],
    ],
  );
  // Behind an NHWC port this is the order in which they came.
  const { output: same } = runReference(asNhwc(graphOf(nchwShape, flat)), new Map(), nhwc);
  assert.deepEqual([same.shape, [...same.data]], [[2, 24], [...nhwc.data]]);
});

test("rows pass a flatten of either layout and a port of either", () => {
  const flat: Node = { kind: "flatten", name: "flat", inputs: ["input"], module: "", layout: "NHWC" };
  const graph: Graph = { ...graphOf([2, 3], flat), layout: "NHWC" };
  const { output } = runReference(graph, new Map(), { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  assert.deepEqual(
    [output.shape, [...output.data]],
    [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
  );
});

test("pixels are normalised channel by channel", () => {
  const scale: Node = { kind: "scale", name: "s", inputs: ["input"], module: "", factor: 1 };
  const graph: Graph = {
    ...graphOf([1, 1, 2, 2], scale),
    layout: "NHWC",
    preprocess: { mean: [10, 100], std: [1, 2] },
  };
  const { output } = runReference(graph, new Map(), { shape: [1, 1, 2, 2], data: Uint8Array.of(11, 102, 12, 104) });
  assert.deepEqual([...output.data], [1, 1, 2, 2]);
});

test("values that stand in for those of a quantize node are in the graph's layout", () => {
  const sign: Node = { kind: "quantize", name: "sign", inputs: ["input"], module: "", method: "det_sign", bits: 1 };
  const double: Node = { kind: "scale", name: "double", inputs: ["sign"], module: "", factor: 2 };
  const graph = asNhwc(graphOf(nchwShape, sign, double));
  const quantized = new Map([["sign", Float64Array.from(nhwc.data)]]);
  const { output } = runReference(graph, new Map(), nhwc, { quantized });
  assert.deepEqual(
    [...output.data],
    [...nhwc.data].map((value) => 2 * value),
  );
});

test("the channels of an NHWC input are its last axis", () => {
  const graph = asNhwc(graphOf(nchwShape, convolution));
  throwsError(() => runReference(graph, weights, nchw), "bad-shape", "2x3x2x4", "2x2x4x3");
});
