/** QONNX's and FINN's operators, against what their descriptions say, computed here number by number. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
  signs,
  withZeros,
} from "./support.js";

const SHAPE: Shape = [2, 6, 5, 4];
const COUNT = 240;
const input = { shape: SHAPE, data: random(COUNT, 5).map((value) => 3 * value) };
const channelOf = (index: number) => Math.floor(index / 20) % 6;
const qonnx = { domain: "qonnx.custom_op.general" };

/** Half to even. */
const round = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

async function compare(
  nodes: readonly OnnxNode[],
  constants: readonly OnnxTensor[],
  expected: (x: number, index: number) => number,
  data: Float32Array = input.data,
) {
  const checked = await check(network(SHAPE, nodes, constants), { shape: SHAPE, data }, { runtime: false });
  const values = Float64Array.from(data, expected);
  assert.ok(difference(checked.output.data, values) < 1e-6, `differs by ${difference(checked.output.data, values)}`);
  return checked.imported;
}

describe("QONNX and FINN", () => {
  test("BipolarQuant with a scale for each channel", async () => {
    const scales = random(6, 3).map((value) => Math.abs(value) + 0.1);
    const nodes = [node("BipolarQuant", ["input", "s"], "output", qonnx)];
    await compare(
      nodes,
      [floats("s", [1, 6, 1, 1], scales)],
      (x, i) => scales[channelOf(i)] * (x >= 0 ? 1 : -1),
      withZeros(COUNT),
    );
  });

  for (const domain of ["onnx.brevitas", "qonnx.custom_op.general", "finn", "finn.custom_op.general"]) {
    test(`BipolarQuant on values and weights in domain ${domain}`, async () => {
      const nodes = [
        node("BipolarQuant", ["input", "a"], "x", { domain }),
        node("BipolarQuant", ["latent", "b"], "w", { domain }),
        node("Conv", ["x", "w"], "output"),
      ];
      const constants = [scalar("a", 0.5), scalar("b", 0.25), floats("latent", [4, 6, 3, 3], withZeros(4 * 54, 9))];
      const { imported } = await check(
        network(SHAPE, nodes, constants),
        { shape: SHAPE, data: withZeros(COUNT) },
        { runtime: false },
      );
      assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
      assert.match(notesOf(imported), /"output" runs on bits/);
    });
  }

  test("Quant of 2 to 8 bits is a grid, signed or not, narrow or not", async () => {
    for (const bits of [2, 3, 4, 8]) {
      for (const signed of [0, 1]) {
        for (const narrow of [0, 1]) {
          const [low, high] = signed ? [-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1 - narrow];
          const nodes = [
            node("Quant", ["input", "s", "z", "b"], "output", {
              ...qonnx,
              ints: { signed, narrow },
              strings: { rounding_mode: "ROUND" },
            }),
          ];
          const constants = [scalar("s", 0.25), scalar("z", 1), scalar("b", bits)];
          const imported = await compare(
            nodes,
            constants,
            (x) => (Math.min(Math.max(round(x / 0.25) + 1, low), high) - 1) * 0.25,
          );
          assert.deepEqual(kinds(imported), ["fakeQuantize"]);
          assert.match(notesOf(imported), new RegExp(`a grid of ${high - low + 1} levels`));
        }
      }
    }
  });

  test("Quant with a scale for each channel, ties to the even neighbour", async () => {
    const scales = [0.5, 1, 2, 0.25, 4, 0.125];
    const nodes = [
      node("Quant", ["input", "s", "z", "b"], "output", { domain: "onnx.brevitas", ints: { signed: 1, narrow: 0 } }),
    ];
    const constants = [floats("s", [6, 1, 1], scales), scalar("z", 0), scalar("b", 4)];
    const ties = Float32Array.from({ length: COUNT }, (_, i) => scales[channelOf(i)] * ((i % 12) - 6 + 0.5));
    await compare(
      nodes,
      constants,
      (x, i) => Math.min(Math.max(round(x / scales[channelOf(i)]), -8), 7) * scales[channelOf(i)],
      ties,
    );
  });

  test("Quant of one bit, signed and unsigned, leads to layers on bits", async () => {
    for (const signed of [0, 1]) {
      const nodes = [
        node("Quant", ["input", "s", "z", "b"], "x", { ...qonnx, ints: { signed, narrow: 0 } }),
        node("Conv", ["x", "w"], "output"),
      ];
      const constants = [scalar("s", 0.5), scalar("z", 0), scalar("b", 1), floats("w", [4, 6, 3, 3], signs(216, 3))];
      const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: false });
      assert.ok(kinds(imported).includes("binaryConv2d"), `signed ${signed}`);
    }
    const unsigned = [node("Quant", ["input", "s", "z", "b"], "output", { ...qonnx, ints: { signed: 0, narrow: 0 } })];
    const at = Float32Array.from({ length: COUNT }, (_, i) => [-1, 0, 0.25, 0.250001, 0.5, 9][i % 6]);
    await compare(unsigned, [scalar("s", 0.5), scalar("z", 0), scalar("b", 1)], (x) => (x > 0.25 ? 0.5 : 0), at);
  });

  test("Quant of weights is folded", async () => {
    const latent = random(216, 9);
    const nodes = [
      node("Sign", ["input"], "x"),
      node("Quant", ["latent", "s", "z", "b"], "w", { ...qonnx, ints: { signed: 1, narrow: 1 } }),
      node("Conv", ["x", "w"], "output"),
    ];
    const one = [scalar("s", 0.5), scalar("z", 0), scalar("b", 1), floats("latent", [4, 6, 3, 3], latent)];
    const bits = await check(network(SHAPE, nodes, one), input, { runtime: false });
    assert.deepEqual(kinds(bits.imported), ["quantize", "binaryConv2d"]);
    const two = [scalar("s", 0.5), scalar("z", 0), scalar("b", 2), floats("latent", [4, 6, 3, 3], latent)];
    const levels = await check(network(SHAPE, nodes, two), input, { runtime: false });
    assert.deepEqual(kinds(levels.imported), ["quantize", "binaryConv2d", "scale"]);
    assert.match(notesOf(levels.imported), /"output" runs on bits, plane by plane/);
  });

  test("a Quant that rounds down is refused by name, not computed in another way", async () => {
    const nodes = [
      node("Quant", ["input", "s", "z", "b"], "output", { ...qonnx, strings: { rounding_mode: "FLOOR" } }),
    ];
    const bytes = network(SHAPE, nodes, [scalar("s", 0.5), scalar("z", 0), scalar("b", 4)]);
    await assert.rejects(check(bytes, input, { runtime: false }), {
      code: "unsupported",
      message: 'the file has operators that are not computed here: qonnx.custom_op.general::Quant-1 ("output")',
    });
  });

  test("MultiThreshold counts thresholds, for all channels or each its own, in both layouts", async () => {
    const count = (x: number, thresholds: ArrayLike<number>, first: number, n: number) =>
      Array.from({ length: n }, (_, i) => (thresholds[first + i] <= x ? 1 : 0) as number).reduce((a, b) => a + b, 0);
    const attributes = {
      floats: { out_scale: 0.5, out_bias: -1 },
      strings: { out_dtype: "FLOAT32" },
      domain: "finn.custom_op.general",
    };
    const all = [-1, 0, 0.5];
    const nodes = [node("MultiThreshold", ["input", "t"], "output", attributes)];
    await compare(nodes, [floats("t", [1, 3], all)], (x) => 0.5 * count(x, all, 0, 3) - 1, withZeros(COUNT));
    const own = random(18, 3).sort();
    await compare(nodes, [floats("t", [6, 3], own)], (x, i) => 0.5 * count(x, own, 3 * channelOf(i), 3) - 1);
    const last = [
      node("MultiThreshold", ["input", "t"], "output", {
        ...attributes,
        strings: { out_dtype: "FLOAT32", data_layout: "NHWC" },
      }),
    ];
    const four = random(8, 4).sort();
    await compare(last, [floats("t", [4, 2], four)], (x, i) => 0.5 * count(x, four, 2 * (i % 4), 2) - 1);
  });

  test("XnorPopcountMatMul counts agreements of 0 and 1", async () => {
    const bits = signs(30 * 7, 3).map((value) => (value + 1) / 2);
    const nodes = [
      node("MultiThreshold", ["input", "t"], "x", {
        domain: "finn.custom_op.general",
        floats: { out_scale: 1, out_bias: 0 },
      }),
      node("XnorPopcountMatMul", ["x", "w"], "output", { domain: "finn.custom_op.general" }),
    ];
    const constants = [floats("t", [1, 1], [0.1]), floats("w", [30, 7], bits)];
    const features = { shape: [3, 30], data: random(90, 6) };
    const { imported, output } = await check(network([3, 30], nodes, constants), features, { runtime: false });
    assert.deepEqual(kinds(imported), ["scaleShift", "quantize", "binaryDense"]);
    const expected = Float64Array.from({ length: 21 }, (_, at) => {
      const [row, unit] = [Math.floor(at / 7), at % 7];
      let agreements = 0;
      for (let k = 0; k < 30; k++)
        if ((features.data[row * 30 + k] >= Math.fround(0.1) ? 1 : 0) === bits[k * 7 + unit]) agreements++;
      return agreements;
    });
    assert.deepEqual([...output.data], [...expected]);
  });
});
