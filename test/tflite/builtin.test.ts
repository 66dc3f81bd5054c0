/** Builtin operators of small files written here, against plain definitions on NHWC numbers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importTflite } from "../../src/tflite.js";
import { randomFloats, seededRandom, throwsError } from "../formats/support.js";
import { convolve, depthwiseFilter, type Map4, pool, type WindowCase } from "./nhwc.js";
import { runEverywhere } from "./support.js";
import { type NetWriter, netWriter, type OptionTable } from "./writer.js";

type Shape = readonly number[];

const count = (shape: Shape) => shape.reduce((product, size) => product * size, 1);

interface Net {
  readonly net: NetWriter;
  readonly input: number;
}

/** Writes a network of one input, runs it on random numbers and compares with what `expected` makes of them. */
async function check(
  shape: Shape,
  build: (net: NetWriter, input: number) => number,
  expected: (x: Float32Array) => { readonly shape: Shape; readonly data: ArrayLike<number> },
  seed = 1,
): Promise<ReturnType<typeof importTflite>> {
  const net = netWriter();
  const input = net.tensor({ shape, type: "f32", name: "x" });
  const model = importTflite(net.bytes([input], [build(net, input)]));
  const x = randomFloats(count(shape), seededRandom(seed)).map((value) => 3 * value);
  const wanted = expected(x);
  for (const { by, shape: found, data } of await runEverywhere(model, { shape, data: x })) {
    assert.deepEqual(found, wanted.shape);
    assert.equal(data.length, wanted.data.length);
    for (let i = 0; i < data.length; i++) {
      const isClose = Math.abs(data[i] - wanted.data[i]) <= 1e-5 * Math.max(1, Math.abs(wanted.data[i]));
      assert.ok(isClose, `${by}: [${i}] is ${data[i]}, expected ${wanted.data[i]}`);
    }
  }
  return model;
}

function map4(shape: Shape, data: ArrayLike<number>): Map4 {
  return { shape: [shape[0], shape[1], shape[2], shape[3]], data: Float64Array.from(data) };
}

const padCode = { SAME: 0, VALID: 1 } as const;
const relu6 = (x: number) => Math.min(Math.max(x, 0), 6);

const WINDOWS: readonly WindowCase[] = [
  { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: "SAME" },
  { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: "SAME" },
  { kernel: [2, 3], stride: [2, 1], dilation: [1, 1], padding: "SAME" },
  { kernel: [3, 2], stride: [1, 2], dilation: [2, 3], padding: "SAME" },
  { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: "VALID" },
  { kernel: [2, 2], stride: [1, 3], dilation: [2, 1], padding: "VALID" },
  { kernel: [1, 1], stride: [2, 2], dilation: [1, 1], padding: "SAME" },
];

describe("convolutions and pools", () => {
  for (const window of WINDOWS) {
    const { kernel, stride, dilation, padding } = window;
    const name = `${kernel.join("x")} stride ${stride.join("x")} dilation ${dilation.join("x")} ${padding}`;
    const shape = [2, 8, 7, 6];

    it(`CONV_2D ${name}, in groups and with ReLU6`, async () => {
      for (const inputs of [6, 3, 2]) {
        const random = seededRandom(inputs);
        const filter = randomFloats(12 * window.kernel[0] * window.kernel[1] * inputs, random);
        const bias = randomFloats(12, random);
        const wanted = (x: Float32Array) => {
          const { shape: size, data } = convolve(map4(shape, x), window, filter, inputs, bias);
          return { shape: size, data: data.map(relu6) };
        };
        const options: OptionTable = {
          type: 1,
          fields: [
            [0, "i8", padCode[window.padding]],
            [1, "i32", window.stride[1]],
            [2, "i32", window.stride[0]],
            [3, "i8", 3],
            [4, "i32", window.dilation[1]],
            [5, "i32", window.dilation[0]],
          ],
        };
        await check(
          shape,
          (net, input) => {
            const constants = [net.floats([12, ...window.kernel, inputs], filter), net.floats([12], bias)];
            const output = { shape: wanted(new Float32Array(count(shape))).shape, type: "f32" } as const;
            return net.add(3, [input, ...constants], output, options);
          },
          wanted,
        );
      }
    });

    it(`DEPTHWISE_CONV_2D ${name}, multipliers 1 and 3`, async () => {
      for (const outputs of [6, 18]) {
        const random = seededRandom(outputs);
        const filter = randomFloats(outputs * window.kernel[0] * window.kernel[1], random);
        const bias = randomFloats(outputs, random);
        const options: OptionTable = {
          type: 2,
          fields: [
            [0, "i8", padCode[window.padding]],
            [1, "i32", window.stride[1]],
            [2, "i32", window.stride[0]],
            [3, "i32", 77],
            [4, "i8", 0],
            [5, "i32", window.dilation[1]],
            [6, "i32", window.dilation[0]],
          ],
        };
        await check(
          shape,
          (net, input) => {
            const constants = [net.floats([1, ...window.kernel, outputs], filter), net.floats([outputs], bias)];
            return net.add(4, [input, ...constants], { shape: [], type: "f32" }, options);
          },
          (x) => convolve(map4(shape, x), window, depthwiseFilter(filter, outputs), 1, bias),
        );
      }
    });

    it(`MAX_POOL_2D and AVERAGE_POOL_2D ${name}`, async () => {
      const plain = { ...window, dilation: [1, 1] } as const;
      const options: OptionTable = {
        type: 5,
        fields: [
          [0, "i8", padCode[window.padding]],
          [1, "i32", window.stride[1]],
          [2, "i32", window.stride[0]],
          [3, "i32", window.kernel[1]],
          [4, "i32", window.kernel[0]],
          [5, "i8", 1],
        ],
      };
      const clamped = ({ shape: size, data }: Map4) => ({ shape: size, data: data.map((value) => Math.max(value, 0)) });
      const build = (code: number) => (net: NetWriter, input: number) =>
        net.add(code, [input], { shape: [], type: "f32" }, options);
      await check(shape, build(17), (x) => clamped(pool(map4(shape, x), plain, (values) => Math.max(...values))));
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      await check(shape, build(1), (x) => clamped(pool(map4(shape, x), plain, mean)));
    });
  }

  it("a pool of the whole map is the global mean", async () => {
    const shape = [1, 5, 4, 3];
    const options: OptionTable = {
      type: 5,
      fields: [
        [0, "i8", 1],
        [1, "i32", 4],
        [2, "i32", 5],
        [3, "i32", 4],
        [4, "i32", 5],
      ],
    };
    const { graph } = await check(
      shape,
      (net, input) => net.add(1, [input], { shape: [1, 1, 1, 3], type: "f32" }, options),
      (x) => ({
        shape: [1, 1, 1, 3],
        data: [0, 1, 2].map((c) => x.filter((_, i) => i % 3 === c).reduce((a, b) => a + b, 0) / 20),
      }),
    );
    assert.equal(graph.nodes[1].kind, "globalAvgPool");
  });

  it("f16 filters through DEQUANTIZE", async () => {
    const shape = [1, 3, 3, 1];
    const halves = Uint16Array.of(0x3c00, 0xc000); // 1 and -2
    await check(
      shape,
      (net, input) => {
        const f16 = net.tensor({ shape: [2, 1, 1, 1], type: "f16", data: halves });
        const filter = net.add(6, [f16], { shape: [2, 1, 1, 1], type: "f32" });
        const options: OptionTable = {
          type: 1,
          fields: [
            [1, "i32", 1],
            [2, "i32", 1],
          ],
        };
        return net.add(3, [input, filter, -1], { shape: [1, 3, 3, 2], type: "f32" }, options);
      },
      (x) => ({ shape: [1, 3, 3, 2], data: [...x].flatMap((value) => [value, -2 * value]) }),
    );
  });
});

describe("dense layers and reshapes", () => {
  const dense = (rows: readonly (readonly number[])[], w: ArrayLike<number>, b: ArrayLike<number>) =>
    rows.flatMap((row) => Array.from(b, (bias, o) => row.reduce((sum, v, i) => sum + v * w[o * row.length + i], bias)));
  const rowsOf = (x: Float32Array, size: number) =>
    Array.from({ length: x.length / size }, (_, n) => [...x.subarray(n * size, (n + 1) * size)]);
  const random = seededRandom(5);
  const w = randomFloats(4 * 30, random);
  const b = randomFloats(4, random);

  it("FULLY_CONNECTED flattens a map in NHWC order", async () => {
    await check(
      [2, 3, 2, 5],
      (net, input) => net.add(9, [input, net.floats([4, 30], w), net.floats([4], b)], { shape: [2, 4], type: "f32" }),
      (x) => ({ shape: [2, 4], data: dense(rowsOf(x, 30), w, b) }),
    );
  });

  it("RESHAPE by input, option and -1, then FULLY_CONNECTED", async () => {
    const builds: readonly ((net: NetWriter, input: number) => number)[] = [
      (net, input) => net.add(22, [input, net.integers([2], [2, 30])], { shape: [2, 30], type: "f32" }),
      (net, input) => net.add(22, [input, net.integers([2], [-1, 30])], { shape: [2, 30], type: "f32" }),
      (net, input) =>
        net.add(22, [input], { shape: [2, 30], type: "f32" }, { type: 17, fields: [[0, "i32s", [2, -1]]] }),
      (net, input) => {
        const shape = net.add(77, [input], { shape: [4], type: "i32" });
        const slice = { type: 32, fields: [[4, "i32", 1]] } as const;
        const limits = [[0], [1], [1]].map((at) => net.integers([1], at));
        const batch = net.add(45, [shape, ...limits], { shape: [], type: "i32" }, slice);
        const packed = net.add(
          83,
          [batch, net.integers([], [30])],
          { shape: [2], type: "i32" },
          { type: 59, fields: [[0, "i32", 2]] },
        );
        return net.add(22, [input, packed], { shape: [2, 30], type: "f32" });
      },
    ];
    for (const build of builds) {
      await check(
        [2, 3, 2, 5],
        (net, input) => {
          const rows = build(net, input);
          return net.add(
            9,
            [rows, net.floats([4, 30], w), net.floats([4], b)],
            { shape: [2, 4], type: "f32" },
            { type: 8, fields: [[0, "i8", 1]] },
          );
        },
        (x) => ({ shape: [2, 4], data: dense(rowsOf(x, 30), w, b).map((value) => Math.max(value, 0)) }),
      );
    }
  });

  it("FULLY_CONNECTED that keeps axes is a convolution of single pixels", async () => {
    const w5 = w.subarray(0, 20);
    await check(
      [1, 3, 2, 5],
      (net, input) =>
        net.add(
          9,
          [input, net.floats([4, 5], w5), net.floats([4], b)],
          { shape: [1, 3, 2, 4], type: "f32" },
          { type: 8, fields: [[2, "i8", 1]] },
        ),
      (x) => ({ shape: [1, 3, 2, 4], data: dense(rowsOf(x, 5), w5, b) }),
    );
  });

  it("squeeze and excitation: MEAN, RESHAPE to one pixel, 1x1 convolutions, LOGISTIC, MUL", async () => {
    const shape = [2, 4, 3, 5];
    const w5 = w.subarray(0, 10);
    const b2 = b.subarray(0, 2);
    const v = w.subarray(40, 50);
    const c = w.subarray(60, 65);
    const options: OptionTable = {
      type: 1,
      fields: [
        [1, "i32", 1],
        [2, "i32", 1],
        [3, "i8", 1],
      ],
    };
    const linear: OptionTable = {
      type: 1,
      fields: [
        [1, "i32", 1],
        [2, "i32", 1],
      ],
    };
    for (const keeps of [0, 1]) {
      await check(
        shape,
        (net, input) => {
          const meanShape = keeps === 1 ? [2, 1, 1, 5] : [2, 5];
          const axes = net.integers([2], [-3, 2]);
          const mean = net.add(
            40,
            [input, axes],
            { shape: meanShape, type: "f32" },
            { type: 27, fields: [[0, "i8", keeps]] },
          );
          const pixel = net.add(22, [mean, net.integers([4], [2, 1, 1, 5])], { shape: [2, 1, 1, 5], type: "f32" });
          const squeezed = net.add(
            3,
            [pixel, net.floats([2, 1, 1, 5], w5), net.floats([2], b2)],
            { shape: [2, 1, 1, 2], type: "f32" },
            options,
          );
          const excited = net.add(
            3,
            [squeezed, net.floats([5, 1, 1, 2], v), net.floats([5], c)],
            { shape: [2, 1, 1, 5], type: "f32" },
            linear,
          );
          const gate = net.add(14, [excited], { shape: [2, 1, 1, 5], type: "f32" });
          return net.add(18, keeps === 1 ? [input, gate] : [gate, input], { shape, type: "f32" });
        },
        (x) => {
          const means = [0, 1].map((n) =>
            [0, 1, 2, 3, 4].map(
              (ch) => [...Array(12).keys()].reduce((sum, p) => sum + x[(n * 12 + p) * 5 + ch], 0) / 12,
            ),
          );
          const hidden = dense(means, w5, b2).map((value) => Math.max(value, 0));
          const gates = dense([hidden.slice(0, 2), hidden.slice(2)], v, c).map((value) => 1 / (1 + Math.exp(-value)));
          return { shape, data: x.map((value, i) => value * gates[Math.floor(i / 60) * 5 + (i % 5)]) };
        },
      );
    }
  });
});

describe("elementwise operators", () => {
  const shape = [2, 3, 2, 4];
  const c = Float32Array.of(0.5, -1.5, 2, 0.25);
  const plain = { shape, type: "f32" } as const;
  const withActivation = (type: number, code: number): OptionTable => ({ type, fields: [[0, "i8", code]] });
  const each = (f: (x: number, channel: number) => number) => (x: Float32Array) => ({
    shape,
    data: x.map((v, i) => f(v, i % 4)),
  });

  it("ADD, SUB and MUL with constants on either side", async () => {
    for (const constShape of [[4], [1, 1, 4], [1, 1, 1, 4]]) {
      const constant = (net: NetWriter) => net.floats(constShape, c);
      await check(
        shape,
        (net, x) => net.add(0, [x, constant(net)], plain),
        each((x, i) => x + c[i]),
      );
      await check(
        shape,
        (net, x) => net.add(0, [constant(net), x], plain, withActivation(11, 1)),
        each((x, i) => Math.max(x + c[i], 0)),
      );
      await check(
        shape,
        (net, x) => net.add(41, [x, constant(net)], plain),
        each((x, i) => x - c[i]),
      );
      await check(
        shape,
        (net, x) => net.add(41, [constant(net), x], plain, withActivation(28, 2)),
        each((x, i) => Math.min(Math.max(c[i] - x, -1), 1)),
      );
      await check(
        shape,
        (net, x) => net.add(18, [x, constant(net)], plain, withActivation(21, 3)),
        each((x, i) => relu6(x * c[i])),
      );
    }
    await check(
      shape,
      (net, x) => net.add(18, [x, net.floats([], [-2])], plain),
      each((x) => -2 * x),
    );
    await check(
      shape,
      (net, x) => net.add(0, [net.floats([1], [1.5]), x], plain),
      each((x) => x + 1.5),
    );
  });

  it("ADD, SUB and MUL of two maps", async () => {
    const both = (code: number) => (net: NetWriter, x: number) => net.add(code, [x, net.add(19, [x], plain)], plain);
    await check(
      shape,
      both(0),
      each((x) => x + Math.max(x, 0)),
    );
    await check(
      shape,
      both(41),
      each((x) => x - Math.max(x, 0)),
    );
    await check(
      shape,
      both(18),
      each((x) => x * Math.max(x, 0)),
    );
  });

  it("RELU, RELU_N1_TO_1, RELU6, LOGISTIC and SOFTMAX with beta", async () => {
    await check(
      shape,
      (net, x) => net.add(19, [x], plain),
      each((x) => Math.max(x, 0)),
    );
    await check(
      shape,
      (net, x) => net.add(20, [x], plain),
      each((x) => Math.min(Math.max(x, -1), 1)),
    );
    await check(shape, (net, x) => net.add(21, [x], plain), each(relu6));
    await check(
      shape,
      (net, x) => net.add(14, [x], plain),
      each((x) => 1 / (1 + Math.exp(-x))),
    );
    for (const beta of [1, 0.5]) {
      await check(
        shape,
        (net, x) => net.add(25, [x], plain, { type: 9, fields: [[0, "f32", beta]] }),
        (x) => {
          const powers = x.map((value) => Math.exp(beta * value));
          return {
            shape,
            data: powers.map((p, i) => p / powers.subarray(i - (i % 4), i - (i % 4) + 4).reduce((a, b) => a + b)),
          };
        },
      );
    }
  });

  it("PRELU with one alpha a channel and with one for all", async () => {
    await check(
      shape,
      (net, x) => net.add(54, [x, net.floats([1, 1, 4], c)], plain),
      each((x, i) => (x >= 0 ? x : c[i] * x)),
    );
    await check(
      shape,
      (net, x) => net.add(54, [x, net.floats([1, 1, 1], [0.1])], plain),
      each((x) => (x >= 0 ? x : Math.fround(0.1) * x)),
    );
  });
});

describe("operators that move numbers", () => {
  const shape = [1, 5, 6, 4];
  const at = (x: Float32Array, y: number, column: number, channel: number) => x[(y * 6 + column) * 4 + channel];
  const gather = (size: Shape, from: (y: number, x: number, c: number) => number) =>
    Float32Array.from({ length: count(size) }, (_, i) =>
      from(Math.floor(i / (size[2] * size[3])), Math.floor(i / size[3]) % size[2], i % size[3]),
    );

  it("PAD and PADV2", async () => {
    const sides = [0, 0, 1, 2, 0, 3, 0, 0];
    const size = [1, 8, 9, 4];
    const wanted = (value: number) => (x: Float32Array) => ({
      shape: size,
      data: gather(size, (y, column, c) => (y >= 1 && y < 6 && column < 6 ? at(x, y - 1, column, c) : value)),
    });
    const output = { shape: size, type: "f32" } as const;
    await check(shape, (net, x) => net.add(34, [x, net.integers([4, 2], sides)], output), wanted(0));
    const long = BigInt64Array.from(sides, BigInt);
    await check(
      shape,
      (net, x) =>
        net.add(60, [x, net.tensor({ shape: [4, 2], type: "i64", data: long }), net.floats([], [-7])], output),
      wanted(-7),
    );
  });

  it("STRIDED_SLICE with masks, negative places and strides", async () => {
    const size = [1, 2, 3, 2];
    const options: OptionTable = {
      type: 32,
      fields: [
        [0, "i32", 0b0001],
        [1, "i32", 0b0011],
      ],
    };
    await check(
      shape,
      (net, x) => {
        const limits = [
          [9, 1, -6, 1],
          [9, 9, 6, -1],
          [1, 2, 2, 1],
        ].map((values) => net.integers([4], values));
        return net.add(45, [x, ...limits], { shape: size, type: "f32" }, options);
      },
      (x) => ({ shape: size, data: gather(size, (y, column, c) => at(x, 1 + 2 * y, 2 * column, 1 + c)) }),
    );
  });

  it("STRIDED_SLICE that shrinks one pixel to a row", async () => {
    const options: OptionTable = {
      type: 32,
      fields: [
        [0, "i32", 0b1001],
        [1, "i32", 0b1001],
        [4, "i32", 0b0110],
      ],
    };
    await check(
      shape,
      (net, x) => {
        const limits = [
          [0, 2, -1, 0],
          [0, 3, 0, 0],
          [1, 1, 1, 1],
        ].map((values) => net.integers([4], values));
        return net.add(45, [x, ...limits], { shape: [1, 4], type: "f32" }, options);
      },
      (x) => ({ shape: [1, 4], data: [0, 1, 2, 3].map((c) => at(x, 2, 5, c)) }),
    );
  });

  it("SPLIT and CONCATENATION", async () => {
    await check(
      shape,
      (net, x) => {
        const parts = [0, 1].map(() => net.tensor({ shape: [1, 5, 6, 2], type: "f32" }));
        net.addOperator({
          code: 49,
          inputs: [net.integers([], [3]), x],
          outputs: parts,
          options: { type: 35, fields: [[0, "i32", 2]] },
        });
        const options: OptionTable = {
          type: 10,
          fields: [
            [0, "i32", -1],
            [1, "i8", 1],
          ],
        };
        return net.add(2, [parts[1], x, parts[0]], { shape: [1, 5, 6, 8], type: "f32" }, options);
      },
      (x) => {
        const order = [2, 3, 0, 1, 2, 3, 0, 1];
        return {
          shape: [1, 5, 6, 8],
          data: gather([1, 5, 6, 8], (y, column, c) => Math.max(at(x, y, column, order[c]), 0)),
        };
      },
    );
  });
});

describe("what is refused", () => {
  const withInput = (
    build: (net: NetWriter, x: number) => number,
    shape: Shape = [1, 4, 4, 2],
  ): Net & { run: () => unknown } => {
    const net = netWriter();
    const input = net.tensor({ shape, type: "f32" });
    const output = build(net, input);
    return { net, input, run: () => importTflite(net.bytes([input], [output])) };
  };
  const plain = { shape: [1, 4, 4, 2], type: "f32" } as const;

  it("all unsupported operators at once, by name", () => {
    const { run } = withInput((net, x) => {
      const a = net.add(28, [x], plain);
      const b = net.add("MyOp", [net.add(39, [a], plain)], plain, {});
      return net.add(200, [net.add(28, [b], plain)], plain);
    });
    throwsError(run, "unsupported", /TANH \(2 times\), TRANSPOSE, MyOp, builtin operator 200/);
  });

  it("forms that have no node", () => {
    const cases: readonly (readonly [(net: NetWriter, x: number) => number, RegExp])[] = [
      [(net, x) => net.add(0, [x, net.floats([1, 4, 4, 2], new Float32Array(32))], plain), /ADD.*1x4x4x2 on 1x4x4x2/],
      [
        (net, x) => net.add(2, [x, x], { shape: [1, 8, 4, 2], type: "f32" }, { type: 10, fields: [[0, "i32", 1]] }),
        /CONCATENATION.*axis 1/,
      ],
      [(net, x) => net.add(22, [x, net.integers([2], [2, 16])], { shape: [2, 16], type: "f32" }), /RESHAPE.*2x16/],
      [(net, x) => net.add(40, [x, net.integers([1], [3])], { shape: [1, 4, 4], type: "f32" }), /MEAN.*axes 3/],
      [(net, x) => net.add(0, [x, net.add(114, [x], { ...plain, type: "i8", scale: 0.1 })], plain), /ADD.*f32 from i8/],
      [
        (net, x) =>
          net.add(
            3,
            [x, net.tensor({ shape: [1, 1, 1, 2], type: "i8", data: Int8Array.of(1, 2), scale: 0.1 }), -1],
            { shape: [], type: "f32" },
            {
              type: 1,
              fields: [
                [1, "i32", 1],
                [2, "i32", 1],
              ],
            },
          ),
        /CONV_2D.*filter of i8 on an input of f32/,
      ],
    ];
    for (const [build, message] of cases) throwsError(withInput(build).run, "unsupported", message);
  });

  it("shapes that the operators do not give", () => {
    const { run } = withInput((net, x) => net.add(19, [x], { shape: [1, 4, 5, 2], type: "f32" }));
    throwsError(run, "bad-file", /operator 0 \(RELU\).*declares 1x4x5x2.*gives 1x4x4x2/);
    const open = withInput((net, x) =>
      net.add(19, [x], { shape: [1, 4, 5, 2], type: "f32", signature: [-1, 4, -1, 2] }),
    );
    open.run();
  });
});
