/**
 * Quant of 2 to 4 bits on bit planes: values and weights, signed or not, narrow or not, computed here number by number
 * in exact multiples of their scales.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { floatLayers } from "../../src/compiler/float_layers.js";
import type { Graph } from "../../src/graph/types.js";
import type { OnnxImport } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import type { Shape } from "../../src/tensor.js";
import {
  check,
  difference,
  floats,
  kinds,
  network,
  node,
  notesOf,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
} from "./support.js";

const CHANNELS = 6;
const UNITS = 5;
const SHAPE: Shape = [2, CHANNELS, 6, 5];
const PIXELS = 30;

interface Grid {
  readonly bits: number;
  readonly signed: 0 | 1;
  readonly narrow: 0 | 1;
}

const all = [2, 3, 4].flatMap((bits) =>
  ([0, 1] as const).flatMap((signed) => ([0, 1] as const).map((narrow): Grid => ({ bits, signed, narrow }))),
);

function ends({ bits, signed, narrow }: Grid): readonly [low: number, high: number] {
  return signed ? [-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1 - narrow];
}

/** Half to even. */
const round = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const levelOf = (x: number, scale: number, grid: Grid) => {
  const [low, high] = ends(grid);
  return Math.min(Math.max(round(x / scale), low), high) + 0;
};

/** A Quant node with its constants. */
function quant(input: string, output: string, grid: Grid, scale: OnnxTensor): readonly [OnnxNode, OnnxTensor[]] {
  const { signed, narrow, bits } = grid;
  const made = node("Quant", [input, scale.name, `${output}.z`, `${output}.b`], output, {
    domain: "qonnx.custom_op.general",
    ints: { signed, narrow },
    strings: { rounding_mode: "ROUND" },
  });
  return [made, [scale, scalar(`${output}.z`, 0), scalar(`${output}.b`, bits)]];
}

/** Numbers on both sides of a grid's levels, a half of them ties. */
function around(count: number, scale: number, grid: Grid, seed: number): Float32Array {
  const [low, high] = ends(grid);
  return random(count, seed).map((x, i) => {
    const level = Math.round(((x + 1) / 2) * (high - low + 3)) + low - 1;
    return (i % 2 === 0 ? level + 0.5 : level + 0.4 * x) * scale;
  });
}

/** A 3x3 convolution with a border of zeros, in whole numbers. */
function convolve(levels: ArrayLike<number>, weights: ArrayLike<number>, [batch, inputs, height, width]: Shape) {
  const out: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < UNITS; o++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let c = 0; c < inputs; c++)
            for (let ky = 0; ky < 3; ky++)
              for (let kx = 0; kx < 3; kx++) {
                const [row, column] = [y + ky - 1, x + kx - 1];
                if (row < 0 || column < 0 || row >= height || column >= width) continue;
                const value = levels[((n * inputs + c) * height + row) * width + column];
                sum += value * weights[((o * inputs + c) * 3 + ky) * 3 + kx];
              }
          out.push(sum);
        }
  return out;
}

/** Every layer with weights runs on bits, by the importer's word and by the compiler's. */
function assertOnBits({ graph, notes }: OnnxImport): void {
  assert.deepEqual(floatLayers(graph), []);
  const layers = notes.filter(({ kind }) => kind === "bits" || kind === "float");
  assert.ok(layers.length > 0 && layers.every(({ kind }) => kind === "bits"), layers.map(({ text }) => text).join());
}

describe("Quant of 2 to 4 bits on bit planes", () => {
  test("convolutions of every grid with weights of every grid of signed integers", async () => {
    const scale = 0.25;
    const scales = [0.5, 0.125, 2, 0.25, 1];
    for (const grid of all) {
      for (const weightGrid of all.filter(({ signed }) => signed === 1)) {
        const data = around(2 * CHANNELS * PIXELS, scale, grid, 3);
        const latent = around(UNITS * CHANNELS * 9, 1, weightGrid, 4).map(
          (value, i) => value * scales[Math.floor(i / (CHANNELS * 9))],
        );
        const [values, valueConstants] = quant("input", "q", grid, scalar("q.s", scale));
        const [weights, weightConstants] = quant("latent", "w", weightGrid, floats("w.s", [UNITS, 1, 1, 1], scales));
        const conv = node("Conv", ["q", "w"], "output", { ints: { pads: [1, 1, 1, 1] } });
        const constants = [...valueConstants, ...weightConstants, floats("latent", [UNITS, CHANNELS, 3, 3], latent)];
        const bytes = network(SHAPE, [values, weights, conv], constants);
        const { imported, output } = await check(bytes, { shape: SHAPE, data }, { runtime: false });
        assert.deepEqual(kinds(imported).slice(0, 2), ["fakeQuantize", "binaryConv2d"]);
        assertOnBits(imported);
        const levels = Array.from(data, (x) => levelOf(x, scale, grid));
        const integers = Array.from(latent, (w, i) => levelOf(w, scales[Math.floor(i / (CHANNELS * 9))], weightGrid));
        const sums = convolve(levels, integers, SHAPE);
        const expected = sums.map((sum, i) => sum * scale * scales[Math.floor(i / PIXELS) % UNITS]);
        const error = difference(output.data, expected);
        assert.ok(error < 1e-6, `${JSON.stringify([grid, weightGrid])} differs by ${error}`);
      }
    }
  });

  test("ties: the rounding of BMXNet and of TensorFlow Lite would answer otherwise", async () => {
    const grid: Grid = { bits: 2, signed: 1, narrow: 0 };
    const data = around(2 * CHANNELS * PIXELS, 0.25, grid, 8);
    const [values, constants] = quant("input", "q", grid, scalar("q.s", 0.25));
    const conv = node("Conv", ["q", "w"], "output", { ints: { pads: [1, 1, 1, 1] } });
    const weights = random(UNITS * CHANNELS * 9, 5).map((value) => Math.round(2 * value));
    const bytes = network(SHAPE, [values, conv], [...constants, floats("w", [UNITS, CHANNELS, 3, 3], weights)]);
    const { imported, output } = await check(bytes, { shape: SHAPE, data }, { runtime: false });
    assertOnBits(imported);
    const nodes = imported.graph.nodes.map((made) =>
      made.kind === "fakeQuantize" ? { ...made, rounding: "half_away" as const } : made,
    );
    const away: Graph = { ...imported.graph, nodes };
    const other = runReference(away, imported.weights, { shape: SHAPE, data }).output;
    assert.ok(difference(other.data, output.data) > 0.01);
  });

  test("a max pool, a factor, a dense layer and signs between: all layers stay on bits", async () => {
    const scale = 0.5;
    const unsigned: Grid = { bits: 3, signed: 0, narrow: 0 };
    const [first, a] = quant("input", "q", unsigned, scalar("q.s", scale));
    const [second, b] = quant("c1", "r", { bits: 4, signed: 1, narrow: 1 }, scalar("r.s", 4));
    const nodes = [
      first,
      node("MaxPool", ["q"], "p", { ints: { kernel_shape: [2, 2], strides: [2, 1] } }),
      node("Mul", ["p", "half"], "h"),
      node("Conv", ["h", "w1"], "c1", { ints: { pads: [1, 1, 1, 1] } }),
      second,
      node("Flatten", ["r"], "f"),
      node("Gemm", ["f", "w2", "bias"], "g", { ints: { transB: 1 } }),
      node("Sign", ["g"], "s"),
      node("Gemm", ["s", "w3"], "output", { ints: { transB: 1 } }),
    ];
    const integers = (count: number, size: number, seed: number) =>
      random(count, seed).map((value) => Math.round(size * value));
    const constants = [
      ...[...a, ...b, scalar("half", 0.5)],
      floats("w1", [4, CHANNELS, 3, 3], integers(4 * CHANNELS * 9, 1.4, 3)),
      floats("w2", [7, 4 * 12], integers(7 * 48, 7.4, 4)),
      floats("bias", [7], random(7, 5)),
      floats("w3", [3, 7], integers(21, 3.4, 6)),
    ];
    const data = around(2 * CHANNELS * PIXELS, scale, unsigned, 7);
    const { imported } = await check(network(SHAPE, nodes, constants), { shape: SHAPE, data }, { runtime: false });
    assertOnBits(imported);
    // The pool reads the numbers, and the grid its maxima.
    assert.deepEqual(kinds(imported).slice(0, 3), ["maxPool", "fakeQuantize", "binaryConv2d"]);
  });

  test("what fits no planes runs in float and says so", async () => {
    const data = random(2 * CHANNELS * PIXELS, 7).map((value) => 3 * value);
    const conv = node("Conv", ["q", "w"], "output", { ints: { pads: [1, 1, 1, 1] } });
    const weights = floats("w", [UNITS, CHANNELS, 3, 3], random(UNITS * CHANNELS * 9, 5).map(Math.round));
    const told = async (grid: Grid, scale: OnnxTensor, nodes: readonly OnnxNode[] = [conv]) => {
      const [values, constants] = quant("input", "q", grid, scale);
      const bytes = network(SHAPE, [values, ...nodes], [...constants, weights]);
      return notesOf((await check(bytes, { shape: SHAPE, data }, { runtime: false })).imported);
    };
    const grid: Grid = { bits: 4, signed: 1, narrow: 0 };
    const scales = floats("q.s", [1, CHANNELS, 1, 1], [1, 2, 0.5, 0.25, 1, 1]);
    assert.match(await told(grid, scales), /"output" runs in float/);
    assert.match(await told({ ...grid, bits: 5 }, scalar("q.s", 0.25)), /32 levels, which is computed in float/);
    // What the border adds is no level of the grid.
    const border = [node("Add", ["q", "q.s"], "shifted"), { ...conv, inputs: ["shifted", "w"] }];
    assert.match(await told(grid, scalar("q.s", 0.25), border), /its border is none of -1, 0 and \+1/);
  });
});
