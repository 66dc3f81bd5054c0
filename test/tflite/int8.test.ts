/** int8 operators of small files written here, against integer kernels as TensorFlow Lite has them: within one step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importTflite } from "../../src/tflite.js";
import { seededRandom } from "../formats/support.js";
import { clampInt8, convolve, depthwiseFilter, type Map4, pool, rescale, roundAway, type WindowCase } from "./nhwc.js";
import { runEverywhere } from "./support.js";
import { type NetWriter, netWriter, type OptionTable, type TensorSpec } from "./writer.js";

type Shape = readonly number[];

interface Int8 {
  readonly scale: number;
  readonly zeroPoint: number;
}

const count = (shape: Shape) => shape.reduce((product, size) => product * size, 1);
const scaleOf = (scale: number, zeroPoint: number): Int8 => ({ scale: Math.fround(scale), zeroPoint });
const int8s = (random: () => number, length: number) =>
  Int8Array.from({ length }, () => Math.floor(random() * 256) - 128);

/** Runs a network with an int8 input and output everywhere; returns the outputs' steps, which must be whole numbers. */
async function runInt8(
  shape: Shape,
  x: Int8,
  q: Int8Array,
  y: Int8,
  build: (net: NetWriter, input: number) => number,
): Promise<readonly (readonly number[])[]> {
  const net = netWriter();
  const input = net.tensor({ shape, type: "i8", ...x });
  const model = importTflite(net.bytes([input], [build(net, input)]));
  const given = Float32Array.from(q, (value) => (value - x.zeroPoint) * x.scale);
  const runs = await runEverywhere(model, { shape, data: given });
  return runs.map(({ by, data }) =>
    Array.from(data, (value) => {
      const steps = value / y.scale + y.zeroPoint;
      assert.ok(Math.abs(steps - Math.round(steps)) < 1e-3, `${by}: ${steps} is no whole number of steps`);
      return Math.round(steps);
    }),
  );
}

/** Fails when a number is more than one step off, or more than `share` of them are off at all. */
function assertSteps(runs: readonly (readonly number[])[], expected: ArrayLike<number>, share = 0): void {
  for (const found of runs) {
    assert.equal(found.length, expected.length);
    let off = 0;
    found.forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]) <= 1, `[${i}] is ${value}, expected ${expected[i]}`);
      if (value !== expected[i]) off++;
    });
    assert.ok(off <= share * found.length, `${off} of ${found.length} numbers are a step off`);
  }
}

const shape = [2, 6, 7, 4];
const WINDOW: WindowCase = { kernel: [3, 2], stride: [2, 1], dilation: [1, 1], padding: "SAME" };

function centred(q: Int8Array, zeroPoint: number): Map4 {
  return { shape: [2, 6, 7, 4], data: Float64Array.from(q, (value) => value - zeroPoint) };
}

describe("int8 layers", () => {
  const x = scaleOf(0.021, -7);
  const y = scaleOf(0.33, 12);
  const random = seededRandom(31);
  const q = int8s(random, count(shape));
  const weightScales = [0.004, 0.011, 0.002, 0.007, 0.0051, 0.009].map(Math.fround);
  const bias = Int32Array.from(weightScales, () => Math.floor(random() * 4000) - 2000);

  /** Sums to steps of the output: rescaled by channel, zero point, clamped to the activation. */
  const toSteps = (sums: ArrayLike<number>, scales: readonly number[], low = -128) =>
    Array.from(sums, (sum, i) => {
      const factor = (x.scale * scales[scales.length === 1 ? 0 : i % scales.length]) / y.scale;
      return Math.max(clampInt8(rescale(sum, factor) + y.zeroPoint), low);
    });

  it("CONV_2D with a scale a channel and ReLU", async () => {
    const filter = int8s(random, 6 * 6 * 4);
    const expected = convolve(centred(q, x.zeroPoint), WINDOW, filter, 4, bias);
    const options: OptionTable = {
      type: 1,
      fields: [
        [1, "i32", 1],
        [2, "i32", 2],
        [3, "i8", 1],
      ],
    };
    const found = await runInt8(shape, x, q, y, (net, input) => {
      const w = net.tensor({ shape: [6, 3, 2, 4], type: "i8", data: filter, scale: weightScales });
      return net.add(3, [input, w, net.integers([6], bias)], { shape: expected.shape, type: "i8", ...y }, options);
    });
    assertSteps(found, toSteps(expected.data, weightScales, y.zeroPoint), 0.002);
  });

  it("DEPTHWISE_CONV_2D with a scale a channel and ReLU6", async () => {
    const filter = int8s(random, 8 * 6);
    const scales = [...weightScales, 0.003, 0.008].map(Math.fround);
    const bias8 = Int32Array.from({ length: 8 }, (_, i) => 100 * i - 400);
    const expected = convolve(centred(q, x.zeroPoint), WINDOW, depthwiseFilter(filter, 8), 1, bias8);
    const options: OptionTable = {
      type: 2,
      fields: [
        [1, "i32", 1],
        [2, "i32", 2],
        [4, "i8", 3],
      ],
    };
    const found = await runInt8(shape, x, q, y, (net, input) => {
      const w = net.tensor({ shape: [1, 3, 2, 8], type: "i8", data: filter, scale: scales, dimension: 3 });
      return net.add(4, [input, w, net.integers([8], bias8)], { shape: [], type: "i8", ...y }, options);
    });
    const high = y.zeroPoint + roundAway(6 / y.scale);
    assertSteps(
      found,
      toSteps(expected.data, scales, y.zeroPoint).map((value) => Math.min(value, high)),
      0.002,
    );
  });

  it("FULLY_CONNECTED with one scale", async () => {
    const filter = int8s(random, 6 * 168);
    const rows = centred(q, x.zeroPoint).data;
    const sums = [0, 1].flatMap((n) =>
      [...bias].map((b, o) =>
        rows.subarray(n * 168, (n + 1) * 168).reduce((sum, v, i) => sum + v * filter[o * 168 + i], b),
      ),
    );
    const found = await runInt8(shape, x, q, y, (net, input) => {
      const w = net.tensor({ shape: [6, 168], type: "i8", data: filter, scale: 0.0021 });
      return net.add(9, [input, w, net.integers([6], bias)], { shape: [2, 6], type: "i8", ...y });
    });
    assertSteps(found, toSteps(sums, [Math.fround(0.0021)]), 0.1);
  });

  it("AVERAGE_POOL_2D rounds q with its zero point, halves away from zero", async () => {
    for (const zeroPoint of [-7, 0, 5, -128, 127]) {
      const int8 = scaleOf(0.037, zeroPoint);
      const window: WindowCase = { kernel: [2, 2], stride: [1, 2], dilation: [1, 1], padding: "SAME" };
      const raw = pool(centred(q, 0), window, (values) => roundAway(values.reduce((a, b) => a + b, 0) / values.length));
      const options: OptionTable = {
        type: 5,
        fields: [
          [1, "i32", 2],
          [2, "i32", 1],
          [3, "i32", 2],
          [4, "i32", 2],
        ],
      };
      const found = await runInt8(shape, int8, q, int8, (net, input) =>
        net.add(1, [input], { shape: raw.shape, type: "i8", ...int8 }, options),
      );
      assertSteps(found, raw.data);
    }
  });

  it("MAX_POOL_2D keeps the scale, and may not change it", async () => {
    const options: OptionTable = {
      type: 5,
      fields: [
        [1, "i32", 1],
        [2, "i32", 2],
        [3, "i32", 2],
        [4, "i32", 3],
      ],
    };
    const expected = pool(centred(q, 0), WINDOW, (values) => Math.max(...values));
    const build = (int8: Int8) => (net: NetWriter, input: number) =>
      net.add(17, [input], { shape: expected.shape, type: "i8", ...int8 }, options);
    assertSteps(await runInt8(shape, x, q, x, build(x)), expected.data);
    await assert.rejects(runInt8(shape, x, q, y, build(y)), /MAX_POOL_2D.*changes the scale/);
  });

  it("MEAN over the pixels", async () => {
    const expected = [0, 1].flatMap((n) =>
      [0, 1, 2, 3].map((c) => {
        const values = [...Array(42).keys()].map((p) => q[(n * 42 + p) * 4 + c] - x.zeroPoint);
        return clampInt8(roundAway((values.reduce((a, b) => a + b, 0) / 42) * (x.scale / y.scale)) + y.zeroPoint);
      }),
    );
    const found = await runInt8(shape, x, q, y, (net, input) =>
      net.add(40, [input, net.integers([2], [1, 2])], { shape: [2, 4], type: "i8", ...y }),
    );
    assertSteps(found, expected);
  });
});

describe("int8 arithmetic", () => {
  const [a, b, y] = [scaleOf(0.021, -7), scaleOf(0.0513, 3), scaleOf(0.06, 10)];
  const random = seededRandom(77);
  const q = int8s(random, count(shape));

  /**
   * The second operand is the first requantised by QUANTIZE, whose numbers the integer kernel gives; no scale makes
   * halves.
   */
  const requantized = Array.from(q, (value) =>
    clampInt8(rescale(value - a.zeroPoint, a.scale / b.scale) + b.zeroPoint),
  );
  const spec = (int8: Int8): TensorSpec => ({ shape, type: "i8", ...int8 });

  /** Both inputs shifted by 20 bits, scaled by s / (2 max), summed or subtracted, scaled to the output. */
  const sum = (sign: 1 | -1) =>
    Array.from(q, (value, i) => {
      const twice = 2 * Math.max(a.scale, b.scale);
      const first = rescale((value - a.zeroPoint) * 2 ** 20, a.scale / twice);
      const second = rescale((requantized[i] - b.zeroPoint) * 2 ** 20, b.scale / twice);
      return clampInt8(rescale(first + sign * second, twice / (2 ** 20 * y.scale)) + y.zeroPoint);
    });

  it("QUANTIZE from one scale to another", async () => {
    assertSteps(await runInt8(shape, a, q, b, (net, input) => net.add(114, [input], spec(b))), requantized);
  });

  for (const [name, code, expected] of [
    ["ADD", 0, sum(1)],
    ["SUB", 41, sum(-1)],
  ] as const) {
    it(name, async () => {
      const found = await runInt8(shape, a, q, y, (net, input) =>
        net.add(code, [input, net.add(114, [input], spec(b))], spec(y)),
      );
      assertSteps(found, expected, 0.01);
    });
  }

  it("MUL, of two maps and with an int8 constant", async () => {
    const product = (values: readonly number[], int8: Int8) =>
      Array.from(q, (value, i) => {
        const exact = (value - a.zeroPoint) * (values[i % values.length] - int8.zeroPoint);
        return clampInt8(rescale(exact, (a.scale * int8.scale) / y.scale) + y.zeroPoint);
      });
    const both = await runInt8(shape, a, q, y, (net, input) =>
      net.add(18, [input, net.add(114, [input], spec(b))], spec(y)),
    );
    assertSteps(both, product(requantized, b), 0.01);
    const gate = Int8Array.of(100, -128, 3, 64);
    const found = await runInt8(shape, a, q, y, (net, input) =>
      net.add(18, [input, net.tensor({ shape: [4], type: "i8", data: gate, ...b })], spec(y)),
    );
    assertSteps(found, product([...gate], b), 0.01);
  });

  it("RELU, LOGISTIC and SOFTMAX", async () => {
    const real = Array.from(q, (value) => (value - a.zeroPoint) * a.scale);
    const toInt8 = (value: number, int8: Int8) => clampInt8(roundAway(value / int8.scale) + int8.zeroPoint);
    const unit = scaleOf(1 / 256, -128);
    const relu = await runInt8(shape, a, q, y, (net, input) => net.add(19, [input], spec(y)));
    assertSteps(
      relu,
      real.map((value) => toInt8(Math.max(value, 0), y)),
    );
    const logistic = await runInt8(shape, a, q, unit, (net, input) => net.add(14, [input], spec(unit)));
    assertSteps(
      logistic,
      real.map((value) => toInt8(1 / (1 + Math.exp(-value)), unit)),
    );
    const options: OptionTable = { type: 9, fields: [[0, "f32", 1]] };
    const softmax = await runInt8(shape, a, q, unit, (net, input) => net.add(25, [input], spec(unit), options));
    const powers = real.map(Math.exp);
    const sums = powers.map((_, i) => powers.slice(i - (i % 4), i - (i % 4) + 4).reduce((s, p) => s + p));
    assertSteps(
      softmax,
      powers.map((power, i) => toInt8(power / sums[i], unit)),
    );
  });

  it("PAD fills with the zero point; SPLIT, CONCATENATION and RESHAPE keep the steps", async () => {
    const padded = [2, 7, 7, 4];
    const found = await runInt8(shape, a, q, a, (net, input) => {
      const parts = [0, 1].map(() => net.tensor({ shape: [2, 6, 7, 2], type: "i8", ...a }));
      net.addOperator({
        code: 49,
        inputs: [net.integers([], [-1]), input],
        outputs: parts,
        options: { type: 35, fields: [] },
      });
      const joined = net.add(2, parts, spec(a), { type: 10, fields: [[0, "i32", 3]] });
      const sides = net.integers([4, 2], [0, 0, 1, 0, 0, 0, 0, 0]);
      const result = net.add(34, [joined, sides], { shape: padded, type: "i8", ...a });
      return net.add(22, [result, net.integers([2], [2, 196])], { shape: [2, 196], type: "i8", ...a });
    });
    const expected = [0, 1].flatMap((n) => [...Array(28).fill(a.zeroPoint), ...q.subarray(n * 168, (n + 1) * 168)]);
    assertSteps(found, expected);
  });
});
