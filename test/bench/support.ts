/** What the tests of the benchmarks share: the form of a report, and a float network computed naively. */
import assert from "node:assert/strict";
import type { FloatConv, FloatNetwork } from "../../bench/peers/resnet18.js";
import type { BenchReport } from "../../src/cli/bench_report.js";

/** The form of `bench --json`, after a trip through JSON; times are checked to be times, never how long. */
export function checkReport(report: BenchReport, suite: string): BenchReport {
  const read = JSON.parse(JSON.stringify(report)) as BenchReport;
  assert.equal(typeof read.machine.runtime, "string");
  assert.ok(read.results.length > 0);
  for (const result of read.results) {
    const keys = ["suite", "name", "variant", "bestMs", "medianMs", "gmacPerSecond", "ratios"];
    assert.deepEqual(Object.keys(result).sort(), keys.sort());
    assert.equal(result.suite, suite);
    assert.ok(result.name.length > 0 && result.variant.length > 0);
    assert.ok(Number.isFinite(result.bestMs) && result.bestMs >= 0, `${result.name} takes ${result.bestMs}`);
    assert.ok(result.medianMs >= result.bestMs);
    assert.ok(Number.isFinite(result.gmacPerSecond) && result.gmacPerSecond >= 0);
    for (const ratio of Object.values(result.ratios)) assert.ok(ratio > 0);
  }
  return read;
}

interface Map3d {
  readonly channels: number;
  readonly size: number;
  readonly data: Float64Array;
}

function convolve(input: Map3d, conv: FloatConv): Map3d {
  const { outChannels, inChannels, kernel, stride, padding, weight, bias, relu } = conv;
  const size = Math.floor((input.size + 2 * padding - kernel) / stride) + 1;
  const data = new Float64Array(outChannels * size * size);
  for (let out = 0; out < outChannels; out++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = bias[out];
        for (let channel = 0; channel < inChannels; channel++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              const row = y * stride + ky - padding;
              const column = x * stride + kx - padding;
              if (row < 0 || column < 0 || row >= input.size || column >= input.size) continue;
              const w = weight[((out * inChannels + channel) * kernel + ky) * kernel + kx];
              sum += w * input.data[(channel * input.size + row) * input.size + column];
            }
          }
        }
        data[(out * size + y) * size + x] = relu ? Math.max(0, sum) : sum;
      }
    }
  }
  return { channels: outChannels, size, data };
}

function maxPool({ channels, size, data }: Map3d): Map3d {
  const outSize = Math.floor((size - 1) / 2) + 1;
  const pooled = new Float64Array(channels * outSize * outSize).fill(Number.NEGATIVE_INFINITY);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < outSize; y++) {
      for (let x = 0; x < outSize; x++) {
        const at = (channel * outSize + y) * outSize + x;
        for (let row = Math.max(0, 2 * y - 1); row <= Math.min(size - 1, 2 * y + 1); row++) {
          for (let column = Math.max(0, 2 * x - 1); column <= Math.min(size - 1, 2 * x + 1); column++) {
            pooled[at] = Math.max(pooled[at], data[(channel * size + row) * size + column]);
          }
        }
      }
    }
  }
  return { channels, size: outSize, data: pooled };
}

/** The float network, naively and in doubles. */
export function runNaively(network: FloatNetwork, picture: Float32Array): Float64Array {
  const values = new Map<string, Map3d>();
  values.set("input", { channels: 3, size: network.inputShape[2], data: Float64Array.from(picture) });
  let result = new Float64Array(0);
  for (const layer of network.layers) {
    if (layer.kind === "addRelu") {
      const left = values.get(layer.left)!;
      const right = values.get(layer.right)!;
      values.set(layer.name, { ...left, data: left.data.map((value, i) => Math.max(0, value + right.data[i])) });
      continue;
    }
    const input = values.get(layer.input)!;
    if (layer.kind === "conv") values.set(layer.name, convolve(input, layer));
    else if (layer.kind === "maxPool") values.set(layer.name, maxPool(input));
    else if (layer.kind === "globalAvgPool") {
      const plane = input.size * input.size;
      const means = Float64Array.from({ length: input.channels }, (_, channel) => {
        let sum = 0;
        for (let i = 0; i < plane; i++) sum += input.data[channel * plane + i];
        return sum / plane;
      });
      values.set(layer.name, { channels: input.channels, size: 1, data: means });
    } else {
      const { units, inputs, weight, bias } = layer;
      result = Float64Array.from({ length: units }, (_, unit) => {
        let sum = bias[unit];
        for (let i = 0; i < inputs; i++) sum += weight[unit * inputs + i] * input.data[i];
        return sum;
      });
    }
  }
  return result;
}
