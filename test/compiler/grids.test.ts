/** Grids of few levels on bit planes: borders, roundings, weights and kernels against the reference, ties included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { floatLayers } from "../../src/compiler/float_layers.js";
import type { BorderValue, FakeQuantizeNode, Node, WeightQuantizer } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "../goldens/support.js";
import { add, binary, graphOf, maxPool } from "./small_graphs.js";
import { noise } from "./support.js";

type Grid = Pick<FakeQuantizeNode, "scale" | "zeroPoint" | "low" | "high" | "rounding">;

function grid(name: string, input: string, fields: Grid): Node {
  return { kind: "fakeQuantize", name, inputs: [input], module: "", ...fields } as Node;
}

interface Layer {
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  readonly padValue: BorderValue;
  readonly channels: number;
}

function layer(name: string, input: string, fields: Layer, offset: boolean): Node {
  return {
    ...binary(name, input, { padValue: fields.padValue, channels: fields.channels }),
    ...fields,
    offset,
  } as Node;
}

/**
 * Inputs around a grid, a third of them ties if these are floats: of others float32 and float64 find different sides.
 */
function around({ scale, low, high }: Grid, shape: readonly number[], seed: number): Tensor {
  const { data } = noise(shape, seed);
  const hasTies = Number.isInteger(Math.log2(scale));
  const values = Float32Array.from(data, (x, i) => {
    const step = Math.round(x * (high - low + 3)) + Math.round((high + low) / 2);
    return i % 3 === 0 && hasTies ? (step + 0.5) * scale : step * scale + x * scale;
  });
  return { shape, data: values };
}

/** Weights on both sides of integers and on ties, and zeros. */
function someWeights(channels: number, bits: number, seed: number): Weights {
  const shape = [channels, channels, 3, 3];
  const { data } = noise(shape, seed);
  const spread = 2 ** bits;
  const values = Float32Array.from(data, (x, i) => (i % 4 === 0 ? Math.round(x * spread) + 0.5 : x * spread));
  return new Map([["c.w", { kind: "f32", shape, data: values }]]);
}

const grids: readonly Grid[] = [
  { scale: 0.25, zeroPoint: 0, low: 0, high: 3, rounding: "half_even" },
  { scale: 0.5, zeroPoint: 0, low: -2, high: 1, rounding: "half_even" },
  { scale: 1, zeroPoint: 0, low: -3, high: 3, rounding: "half_even" },
  { scale: Math.fround(0.3), zeroPoint: 0, low: 0, high: 15, rounding: "half_even" },
  { scale: 0.125, zeroPoint: 0, low: -8, high: 7, rounding: "half_away" },
  { scale: 0.25, zeroPoint: 5, low: 0, high: 14, rounding: "half_even" },
  { scale: 2, zeroPoint: 0, low: 0, high: 1, rounding: "half_even" },
  { scale: 1, zeroPoint: 100, low: 0, high: 255, rounding: "half_even" },
];

const quantizers = [
  { quantizer: "det_sign", bits: 1 },
  { quantizer: "sign", bits: 1 },
  { quantizer: "dorefa", bits: 2 },
  ...[1, 2, 3, 4].map((bits) => ({ quantizer: "integer" as const, bits })),
] as const;

test("grids of up to 8 bits and integer weights of up to 4 give the reference's numbers, plane by plane", async () => {
  let onPlanes = 0;
  for (const [g, fields] of grids.entries()) {
    for (const weights of quantizers) {
      for (const padValue of [-1, 0, 1] as const) {
        const channels = padValue === 0 ? 67 : 5;
        const shape = [2, channels, 5, 4];
        // Whoever reads floats reads the grid's numbers.
        const nodes = [grid("q", "x", fields), layer("c", "q", { ...weights, padValue, channels }, g % 2 === 0)];
        const graph = graphOf([...nodes, add("a", "c", "q")], shape);
        const what = JSON.stringify({ ...fields, ...weights, padValue });
        const [float] = floatLayers(graph);
        const level = padValue / fields.scale + fields.zeroPoint - fields.low;
        const hasLevel =
          Number.isInteger(level) && level >= 0 && level < 2 ** Math.ceil(Math.log2(fields.high - fields.low + 1));
        assert.equal(float === undefined, hasLevel, `${what}: ${float?.reason}`);
        if (float === undefined) onPlanes++;
        else assert.match(float.reason, /its border of -?1 is none of the levels that it reads/);
        const parameters = someWeights(channels, weights.bits, g + 1);
        const input = around(fields, shape, g + 2);
        const reference = runReference(graph, parameters, input).output.data;
        for (const kernel of ["table", "popcount"] as const) {
          const session = await createSession({ graph, weights: parameters }, { kernel });
          const { difference, scale } = compare(session.run(input).data as Float32Array, reference);
          assert.ok(difference <= 1e-6 * scale, `${what} on ${kernel}: ${difference} at a scale of ${scale}`);
          session.dispose();
        }
      }
    }
  }
  assert.ok(onPlanes >= 100, `${onPlanes} layers run on planes`);
});

test("halves go to the even neighbour or away from zero, and the answer tells which", async () => {
  const fields: Grid = { scale: 0.5, zeroPoint: 0, low: -4, high: 3, rounding: "half_even" };
  const channels = 4;
  // 1 x 1 of ones: the sum of four levels.
  const weights: Weights = new Map([["c.w", { kind: "f32", shape: [1, 4, 1, 1], data: Float32Array.of(1, 1, 2, -3) }]]);
  const input = {
    shape: [1, channels, 1, 2],
    data: Float32Array.of(0.25, 0.75, 1.25, -0.25, -0.75, -1.25, 0.75, 0.25),
  };
  const sums = async (rounding: Grid["rounding"], kernel: "table" | "popcount") => {
    const conv = { ...layer("c", "q", { quantizer: "integer", bits: 3, padValue: 0, channels: 1 }, false) };
    const nodes = [grid("q", "x", { ...fields, rounding }), { ...conv, kernel: [1, 1], padding: [0, 0] } as Node];
    const graph = graphOf(nodes, input.shape);
    assert.deepEqual(floatLayers(graph), []);
    const session = await createSession({ graph, weights }, { kernel });
    const result = Array.from(session.run(input).data);
    assert.deepEqual(result, Array.from(runReference(graph, weights, input).output.data), `${rounding} on ${kernel}`);
    session.dispose();
    return result;
  };
  // Levels to even: 0 2 | 2 0 | -2 -2 | 2 0. Away from zero: 1 2 | 3 -1 | -2 -3 | 2 1.
  for (const kernel of ["table", "popcount"] as const) {
    assert.deepEqual(await sums("half_even", kernel), [0.5 * (0 + 2 - 4 - 6), 0.5 * (2 + 0 - 4 - 0)]);
    assert.deepEqual(await sums("half_away", kernel), [0.5 * (1 + 3 - 4 - 6), 0.5 * (2 - 1 - 6 - 3)]);
  }
});

test("a grid that no layer reads on bits stays a map", () => {
  const fields: Grid = { scale: 0.25, zeroPoint: 0, low: 0, high: 3, rounding: "half_even" };
  const conv = layer("c", "p", { quantizer: "integer", bits: 2, padValue: 0, channels: 3 }, false);
  const graph = graphOf([grid("q", "x", fields), maxPool("p", "q"), conv], [1, 3, 6, 6]);
  assert.match(floatLayers(graph)[0].reason, /"p" takes the maximum of levels of 2 bits, 0.25 apart/);
});
