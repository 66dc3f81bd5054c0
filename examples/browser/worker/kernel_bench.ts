/**
 * One binary convolution, 3x3, padding 1, by both of the package's kernels: what `xnorkit/kernels` offers to who wants
 * the bit products alone. Borders read -1, so no correction is needed and both give the same counts.
 */

import {
  bitBytes,
  bitWords,
  instantiate,
  type KernelInstance,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvIsExact,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
  xnorGemmWeightBytes,
} from "xnorkit/kernels";
import { type ConvShape, type ShapeResult, type Speed, shapeName } from "../shapes.js";
import { meanMilliseconds } from "./measure.js";

const KERNEL = 3;
const TAPS = KERNEL * KERNEL;
/** Longest round, milliseconds. */
const ROUND = 40;
/** 2^34 bit products take about 0.1 s a run, 2^28 bytes are what a phone gives. */
const MAX_MACS = 2 ** 34;
const MAX_BYTES = 2 ** 28;

function macsOf({ height, width, inputs, outputs }: ConvShape): number {
  return height * width * inputs * outputs * TAPS;
}

/** The largest of the buffers: rows of im2col, counts, weights and their random source. */
function bytesOf({ height, width, inputs, outputs }: ConvShape): number {
  const words = bitWords(inputs);
  return height * width * (TAPS * words * 8 + outputs * 6 + words * 16) + outputs * TAPS * words * 24;
}

/**
 * `HxWxINxOUT`, with x, × or spaces between the numbers.
 * @throws Error with one sentence if it is no shape or too large for a page.
 */
export function readShape(text: string): ConvShape {
  const sizes = text.trim().split(/\s*[x×*,\s]\s*/i);
  if (sizes.length !== 4 || sizes.some((size) => !/^[1-9]\d{0,4}$/.test(size))) {
    throw new Error(`"${text}" is not a shape: write height, width, input and output channels like 28x28x96x96`);
  }
  const [height, width, inputs, outputs] = sizes.map(Number);
  const shape = { height, width, inputs, outputs };
  if (macsOf(shape) > MAX_MACS || bytesOf(shape) > MAX_BYTES) {
    throw new Error(`${shapeName(shape)} is too large for this page: choose fewer pixels or channels`);
  }
  return shape;
}

/** Rows of random bits, zero past the last channel as the layout wants it. */
function randomRows({ memory, allocate }: KernelInstance, rows: number, channels: number): number {
  const address = allocate(bitBytes(rows, channels));
  const bytes = new Uint8Array(memory.buffer, address, bitBytes(rows, channels));
  const rowBytes = bitWords(channels) * 8;
  for (let i = 0; i < bytes.length; i++) {
    const used = Math.min(Math.max(channels - 8 * (i % rowBytes), 0), 8);
    bytes[i] = Math.floor(Math.random() * 256) & (2 ** used - 1);
  }
  return address;
}

interface Path {
  readonly run: () => void;
  /** Mismatches of a pixel and output channel, after a run. */
  readonly count: (pixel: number, output: number) => number;
}

function popcountPath(kernels: KernelInstance, shape: ConvShape, bits: number, weightBits: number): Path {
  const { exports: k, memory, allocate } = kernels;
  const { height, width, inputs, outputs } = shape;
  const pixels = height * width;
  const words = bitWords(inputs);
  const border = allocate(words * 8);
  const rows = allocate(pixels * TAPS * words * 8);
  const weights = allocate(xnorGemmWeightBytes(outputs, TAPS * words));
  const stride = Math.ceil(outputs / 4) * 4;
  const counts = allocate(pixels * stride * 4);
  k.xnorGemmPack(weightBits, weights, outputs, TAPS * words);
  return {
    run() {
      k.im2colBits(bits, rows, height, width, words, KERNEL, KERNEL, 1, 1, 1, 1, 1, 1, width, 0, pixels, border);
      k.xnorGemm(rows, weights, counts, pixels, outputs, TAPS * words, stride);
    },
    count: (pixel, output) => new Int32Array(memory.buffer, counts + 4 * (pixel * stride + output), 1)[0],
  };
}

function tablePath(kernels: KernelInstance, shape: ConvShape, bits: number, weightBits: number): Path {
  const { exports: k, memory, allocate } = kernels;
  const { height, width, inputs, outputs } = shape;
  const words = bitWords(inputs);
  const border = allocate(words * 8);
  const padded = [height + 2, width + 2] as const;
  const selectors = allocate(tableConvSelectorBytes(1, ...padded, inputs));
  const weights = allocate(tableConvWeightBytes(outputs, inputs, TAPS));
  const stride = tableConvCountStride(outputs);
  const counts = allocate(tableConvCountBytes(height * width, outputs));
  const band = tableConvRowBand(1, height, width);
  k.tableConvPack(weightBits, weights, outputs, KERNEL, KERNEL, words, 1);
  return {
    run() {
      k.tableConvSelectors(bits, words, selectors, 1, height, width, words, 1, 1, 1, 1, border);
      k.tableConv(
        selectors,
        weights,
        0,
        counts,
        stride,
        1,
        ...padded,
        words,
        height,
        width,
        outputs,
        KERNEL,
        KERNEL,
        1,
        1,
        1,
        1,
        band,
      );
    },
    count: (pixel, output) => new Uint16Array(memory.buffer, counts + 2 * (pixel * stride + output), 1)[0],
  };
}

/** @throws Error if the two disagree on any count. */
function compare(table: Path, popcount: Path, shape: ConvShape): void {
  for (let pixel = 0; pixel < shape.height * shape.width; pixel++) {
    for (let output = 0; output < shape.outputs; output++) {
      const counts = [table.count(pixel, output), popcount.count(pixel, output)];
      if (counts[0] !== counts[1]) {
        throw new Error(
          `the kernels disagree at ${shapeName(shape)}, pixel ${pixel}, channel ${output}: ` +
            `${counts.join(" and ")}; please report it`,
        );
      }
    }
  }
}

/**
 * Checks and times a shape in a memory of its own: `budget` milliseconds a kernel, in rounds that take turns; the
 * median round counts, after one to warm up.
 */
export async function benchShape(shape: ConvShape, budget: number): Promise<ShapeResult> {
  const kernels = await instantiate();
  const bits = randomRows(kernels, shape.height * shape.width, shape.inputs);
  const weightBits = randomRows(kernels, shape.outputs * TAPS, shape.inputs);
  const popcount = popcountPath(kernels, shape, bits, weightBits);
  const paths = [popcount];
  if (tableConvIsExact(shape.inputs, TAPS, false)) paths.push(tablePath(kernels, shape, bits, weightBits));
  for (const path of paths) path.run();
  if (paths.length > 1) compare(paths[1], popcount, shape);

  const rounds = Math.max(5, Math.ceil(budget / ROUND));
  const times: number[][] = paths.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, path] of paths.entries()) {
      const milliseconds = meanMilliseconds(path.run, budget / rounds);
      if (round >= 0) times[i].push(milliseconds);
    }
  }
  const [popcountSpeed, tableSpeed] = times.map((measured): Speed => {
    const milliseconds = measured.sort((a, b) => a - b)[rounds >> 1];
    return { milliseconds, gmacPerSecond: macsOf(shape) / (milliseconds * 1e6) };
  });
  return { shape, popcount: popcountSpeed, table: tableSpeed ?? null };
}
