/** LceBconv2d in each of its modes, on files written here, against popcounts as the engine takes them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importTflite } from "../../src/tflite.js";
import { seededRandom } from "../formats/support.js";
import { type BconvCase, floatOutput, int8Output, sizeOf, thresholdOutput } from "./lce_kernels.js";
import { runEverywhere } from "./support.js";
import { netWriter, packWords } from "./writer.js";

type Random = () => number;

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)];
const signs = (random: Random, count: number) => Float32Array.from({ length: count }, () => (random() < 0.5 ? -1 : 1));

/** A case of any size, with odd channel counts; groups need whole words. */
function drawCase(random: Random, mode: "f32" | "i8" | "i32"): BconvCase {
  const groups = pick(random, [1, 1, 1, 2, 3]);
  const channels =
    groups === 1 ? pick(random, [1, 3, 31, 32, 33, 40, 64, 65, 100]) : 32 * groups * pick(random, [1, 2]);
  const padding = pick(random, ["SAME", "VALID"] as const);
  // Popcounts take half the channels of a pixel of zeros: an odd number of them has no threshold and no int8 kernel.
  const canBeZero = mode === "f32" || (channels / groups) % 2 === 0;
  const padValue = padding === "SAME" && !canBeZero ? 1 : pick(random, [0, 1] as const);
  const dilation = pick(random, [
    [1, 1],
    [1, 1],
    [2, 1],
    [2, 3],
  ] as const);
  const size = () => 7 + Math.floor(random() * 6);
  return {
    batch: pick(random, [1, 1, 2]),
    height: size(),
    width: size(),
    channels,
    outputs: groups * pick(random, [1, 5, 8, 17]),
    groups,
    kernel: pick(
      random,
      [
        [1, 1],
        [3, 3],
        [2, 3],
        [3, 1],
        [5, 5],
      ].filter(([h, w]) => (h - 1) * dilation[0] < 7 && (w - 1) * dilation[1] < 7) as [number, number][],
    ),
    stride: pick(random, [
      [1, 1],
      [2, 2],
      [2, 1],
      [1, 3],
    ] as const),
    dilation,
    padding,
    padValue,
    activation: pick(random, [0, 1, 2, 3]),
  };
}

function options(c: BconvCase, era: "2020" | "now"): Readonly<Record<string, number>> {
  return {
    channels_in: c.channels,
    dilation_height_factor: c.dilation[0],
    dilation_width_factor: c.dilation[1],
    fused_activation_function: c.activation,
    pad_values: c.padValue,
    padding: (c.padding === "SAME" ? 0 : 1) + (era === "2020" ? 1 : 0),
    stride_height: c.stride[0],
    stride_width: c.stride[1],
  };
}

/** NHWC shapes of input and output, and the words of the filter. */
function shapesOf(c: BconvCase) {
  const { outHeight, outWidth } = sizeOf(c);
  return {
    input: [c.batch, c.height, c.width, c.channels],
    packed: [c.batch, c.height, c.width, Math.ceil(c.channels / 32)],
    output: [c.batch, outHeight, outWidth, c.outputs],
    packedOutput: [c.batch, outHeight, outWidth, Math.ceil(c.outputs / 32)],
    filter: [c.outputs, ...c.kernel, Math.ceil(c.channels / c.groups / 32)],
  };
}

function drawTensors(c: BconvCase, random: Random) {
  const x = signs(random, c.batch * c.height * c.width * c.channels);
  const filter = signs(random, (c.outputs * c.kernel[0] * c.kernel[1] * c.channels) / c.groups);
  return {
    x,
    words: packWords(x, c.channels),
    filter: packWords(filter, c.channels / c.groups),
    multiplier: Float32Array.from(
      { length: c.outputs },
      () => pick(random, [0.02, -0.013, 0.5, -1]) * (0.5 + random()),
    ),
    bias: Float32Array.from({ length: c.outputs }, () => random() * 4 - 2),
  };
}

const CASES = 40;

describe("LceBconv2d", () => {
  for (const era of ["now", "2020"] as const) {
    it(`f32 output, ${era}: the activation on the dot product, then multiplier and bias`, async () => {
      const random = seededRandom(era === "now" ? 11 : 12);
      for (let n = 0; n < CASES; n++) {
        const c = drawCase(random, "f32");
        const t = drawTensors(c, random);
        const shapes = shapesOf(c);
        const net = netWriter();
        const input = net.tensor({ shape: shapes.input, type: "f32" });
        const x = era === "2020" ? input : net.add("LceQuantize", [input], { shape: shapes.packed, type: "i32" });
        const constants = [
          net.integers(shapes.filter, t.filter),
          net.floats([c.outputs], t.multiplier),
          net.floats([c.outputs], t.bias),
        ];
        const y = net.add("LceBconv2d", [x, ...constants, -1], { shape: shapes.output, type: "f32" }, options(c, era));
        const model = importTflite(net.bytes([input], [y]));
        const expected = floatOutput(c, t.words, t.filter, t.multiplier, t.bias);
        // Without an activation the kernels scale counts, K of which are rounded first: a rounding of K * multiplier.
        const k = (c.kernel[0] * c.kernel[1] * c.channels) / c.groups;
        for (const { by, shape, data } of await runEverywhere(model, { shape: shapes.input, data: t.x })) {
          assert.deepEqual(shape, shapes.output);
          expected.forEach((value, i) => {
            const largest = Math.max(1, Math.abs(value), k * Math.abs(t.multiplier[i % c.outputs]));
            const isClose = Math.abs(value - data[i]) <= 3e-7 * largest;
            assert.ok(isClose, `${by}, ${JSON.stringify(c)} [${i}]: ${data[i]}, expected ${value}`);
          });
        }
      }
    });
  }

  it("i32 output: bits by thresholds, special ones too", async () => {
    const random = seededRandom(13);
    for (let n = 0; n < CASES; n++) {
      const c = drawCase(random, "i32");
      const t = drawTensors(c, random);
      const shapes = shapesOf(c);
      const k = (c.kernel[0] * c.kernel[1] * c.channels) / c.groups;
      const around = () => Math.floor(k / 2 + (random() - 0.5) * Math.sqrt(k) * 3);
      const thresholds = Int32Array.from({ length: c.outputs }, () =>
        pick(random, [around(), around(), around(), around(), -1, k, 2147483647, -2147483648]),
      );
      const net = netWriter();
      const input = net.tensor({ shape: shapes.input, type: "f32" });
      const x = net.add("LceQuantize", [input], { shape: shapes.packed, type: "i32" });
      const constants = [net.integers(shapes.filter, t.filter), -1, -1, net.integers([c.outputs], thresholds)];
      const bits = net.add(
        "LceBconv2d",
        [x, ...constants],
        { shape: shapes.packedOutput, type: "i32" },
        options(c, "now"),
      );
      const y = net.add("LceDequantize", [bits], { shape: shapes.output, type: "f32" });
      const model = importTflite(net.bytes([input], [y]));
      const expected = [...thresholdOutput(c, t.words, t.filter, thresholds)];
      for (const { by, data } of await runEverywhere(model, { shape: shapes.input, data: t.x })) {
        assert.deepEqual(Array.from(data), expected, `${by}, ${JSON.stringify(c)}`);
      }
    }
  });

  it("int8 output, float multipliers and bias, within one step", async () => {
    const random = seededRandom(14);
    let off = 0;
    let count = 0;
    for (let n = 0; n < CASES; n++) {
      const c = drawCase(random, "i8");
      const t = drawTensors(c, random);
      const shapes = shapesOf(c);
      const int8 = { scale: Math.fround(0.02 + random() * 0.3), zeroPoint: Math.floor(random() * 40) - 20 };
      const net = netWriter();
      const input = net.tensor({ shape: shapes.input, type: "f32" });
      const x = net.add("LceQuantize", [input], { shape: shapes.packed, type: "i32" });
      const constants = [
        net.integers(shapes.filter, t.filter),
        net.floats([c.outputs], t.multiplier),
        net.floats([c.outputs], t.bias),
      ];
      const q = net.add(
        "LceBconv2d",
        [x, ...constants, -1],
        { shape: shapes.output, type: "i8", ...int8 },
        options(c, "now"),
      );
      const y = net.add(6, [q], { shape: shapes.output, type: "f32" });
      const model = importTflite(net.bytes([input], [y]));
      const expected = int8Output(c, t.words, t.filter, t.multiplier, t.bias, int8);
      for (const { by, data } of await runEverywhere(model, { shape: shapes.input, data: t.x })) {
        expected.forEach((value, i) => {
          const steps = data[i] / int8.scale - (value - int8.zeroPoint);
          assert.ok(Math.abs(steps) < 1.001, `${by}, ${JSON.stringify(c)} [${i}] is ${steps} steps off`);
          if (Math.abs(steps) > 0.001) off++;
          count++;
        });
      }
    }
    assert.ok(off <= count * 1e-4, `${off} of ${count} outputs are a step off: only ties of halves may be`);
  });
});
