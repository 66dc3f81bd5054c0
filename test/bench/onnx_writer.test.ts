/** The files that the benchmark writes are ONNX: a runtime reads them and computes what they say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as Ort from "onnxruntime-web";
import { type OnnxModel, type OnnxTensor, writeOnnx } from "../../bench/peers/onnx_writer.js";
import { randomStream } from "../../src/models/random.js";

async function loadRuntime(): Promise<typeof Ort | undefined> {
  try {
    const runtime = await import("onnxruntime-web");
    runtime.env.wasm.numThreads = 1;
    return runtime;
  } catch {
    return undefined;
  }
}

const runtime = await loadRuntime();
const skip = runtime === undefined ? "onnxruntime-web is not installed" : false;

async function run(model: OnnxModel, input: Ort.Tensor): Promise<Ort.Tensor> {
  const session = await runtime!.InferenceSession.create(writeOnnx(model), { logSeverityLevel: 3 });
  const { output } = await session.run({ input });
  await session.release();
  return output as Ort.Tensor;
}

/** 3x3 convolution, padding 1, of one CHW image with OIHW weights. */
function naiveConv(
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  channels: number,
  size: number,
): number[] {
  const plane = size * size;
  return Array.from({ length: bias.length * plane }, (_, at) => {
    const out = Math.floor(at / plane);
    const y = Math.floor((at % plane) / size);
    const x = at % size;
    let sum = bias[out];
    for (let c = 0; c < channels; c++) {
      for (let ky = -1; ky <= 1; ky++) {
        for (let kx = -1; kx <= 1; kx++) {
          if (y + ky < 0 || x + kx < 0 || y + ky >= size || x + kx >= size) continue;
          const tap = (ky + 1) * 3 + kx + 1;
          sum += input[c * plane + (y + ky) * size + x + kx] * weight[(out * channels + c) * 9 + tap];
        }
      }
    }
    return sum;
  });
}

const window = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };

// 130 output channels: sizes above 127 take more than one byte in a varint.
test("a float convolution is read and computed", { skip }, async () => {
  const [channels, outputs, size] = [3, 130, 5];
  const random = randomStream(7, "float");
  const numbers = (count: number) => Float32Array.from({ length: count }, random.normal);
  const input = numbers(channels * size * size);
  const weight = numbers(outputs * channels * 9);
  const bias = numbers(outputs);
  const output = await run(
    {
      name: "conv",
      nodes: [{ op: "Conv", inputs: ["input", "weight", "bias"], outputs: ["output"], ints: window }],
      initializers: [
        { name: "weight", type: "float", dims: [outputs, channels, 3, 3], data: weight },
        { name: "bias", type: "float", dims: [outputs], data: bias },
      ],
      inputs: [{ name: "input", type: "float", dims: [1, channels, size, size] }],
      outputs: [{ name: "output", type: "float" }],
    },
    new runtime!.Tensor("float32", input, [1, channels, size, size]),
  );
  assert.deepEqual(output.dims, [1, outputs, size, size]);
  const expected = naiveConv(input, weight, bias, channels, size);
  expected.forEach((value, i) => {
    const found = Number(output.data[i]);
    assert.ok(Math.abs(found - value) < 1e-4, `output ${i} is ${found}, expected ${value}`);
  });
});

test("a u8s8 convolution is read and computed exactly", { skip }, async () => {
  const [channels, outputs, size] = [4, 6, 4];
  const [inputZero, outputZero] = [3, 128];
  const random = randomStream(8, "int8");
  const integers = (count: number, low: number, high: number) =>
    Array.from({ length: count }, () => low + (random.bits() % (high - low + 1)));
  const input = integers(channels * size * size, 0, 255);
  const weight = integers(outputs * channels * 9, -63, 63);
  const bias = integers(outputs, -2000, 2000);
  // Powers of two: the scaling is exact, and only its result is rounded.
  const [inputScale, weightScale, outputScale] = [2 ** -4, 2 ** -6, 2 ** 1];
  const scalar = (name: string, value: number): OnnxTensor => ({
    name,
    type: "float",
    dims: [],
    data: Float32Array.of(value),
  });
  const output = await run(
    {
      name: "qconv",
      nodes: [
        {
          op: "QLinearConv",
          inputs: ["input", "xs", "xz", "weight", "ws", "wz", "ys", "yz", "bias"],
          outputs: ["output"],
          ints: window,
        },
      ],
      initializers: [
        scalar("xs", inputScale),
        scalar("ws", weightScale),
        scalar("ys", outputScale),
        { name: "xz", type: "uint8", dims: [], data: Uint8Array.of(inputZero) },
        { name: "wz", type: "int8", dims: [], data: Int8Array.of(0) },
        { name: "yz", type: "uint8", dims: [], data: Uint8Array.of(outputZero) },
        { name: "weight", type: "int8", dims: [outputs, channels, 3, 3], data: Int8Array.from(weight) },
        { name: "bias", type: "int32", dims: [outputs], data: Int32Array.from(bias) },
      ],
      inputs: [{ name: "input", type: "uint8", dims: [1, channels, size, size] }],
      outputs: [{ name: "output", type: "uint8" }],
    },
    new runtime!.Tensor("uint8", Uint8Array.from(input), [1, channels, size, size]),
  );
  const centred = input.map((code) => code - inputZero);
  const sums = naiveConv(centred, weight, bias, channels, size);
  const scale = (inputScale * weightScale) / outputScale;
  sums.forEach((sum, i) => {
    const exact = sum * scale + outputZero;
    // Halves round to even.
    const whole = Math.floor(exact);
    const rounded = exact - whole === 0.5 ? whole + (whole % 2) : Math.round(exact);
    assert.equal(Number(output.data[i]), Math.min(255, Math.max(0, rounded)), `output ${i}`);
  });
});
