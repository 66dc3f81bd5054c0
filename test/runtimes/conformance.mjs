/**
 * What every runtime must answer with the same bits: the embedded model on fixed pictures, by both kernels, from floats
 * and from pixels; and the raw kernels against a naive count. Runs unchanged on every host; hosts/ only carries its
 * answer out.
 */
import { createSession } from "xnorkit";
import * as kernels from "xnorkit/kernels";
import { digitsModel } from "xnorkit/models/digits";
import { runPrograms } from "./programs.mjs";

const PICTURES = 12;
const SIDE = 32;

/** xorshift32: integers alone, since engines differ in the last bit of Math.sin. */
function integers(seed) {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Light strokes on black: random walks with a brush of 3 pixels. */
function pictures() {
  const next = integers(20);
  const pixels = new Uint8Array(PICTURES * SIDE * SIDE);
  for (let picture = 0; picture < PICTURES; picture++) {
    let [x, y] = [8 + next(16), 6 + next(8)];
    for (let step = 0; step < 40; step++) {
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ]) {
        pixels[picture * SIDE * SIDE + (y + dy) * SIDE + x + dx] = 160 + next(96);
      }
      x = Math.min(Math.max(x + next(3) - 1, 4), SIDE - 5);
      y = Math.min(Math.max(y + next(4) - 1, 4), SIDE - 5);
    }
  }
  return pixels;
}

function hex(floats) {
  return Array.from(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

async function classify() {
  const shape = [PICTURES, 1, SIDE, SIDE];
  const pixels = pictures();
  const floats = Float32Array.from(pixels, (pixel) => (pixel - 32) / 64);
  const logits = {};
  let labels = [];
  for (const kernel of ["table", "popcount", "auto"]) {
    const session = await createSession(digitsModel(), { kernel });
    logits[`${kernel} pixels`] = hex(session.run({ shape, data: pixels }).data);
    const { data } = session.run({ shape, data: floats });
    logits[`${kernel} floats`] = hex(data);
    labels = Array.from({ length: PICTURES }, (_, i) => {
      const row = data.subarray(10 * i, 10 * i + 10);
      return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
    });
    session.dispose();
  }
  return { logits, labels, programs: await runPrograms({ shape, pixels, floats, hex }) };
}

/** The same with two threads, or as many as the host has of them, in both ways to run. */
async function classifyInThreads() {
  const shape = [PICTURES, 1, SIDE, SIDE];
  const data = Float32Array.from(pictures(), (pixel) => (pixel - 32) / 64);
  const session = await createSession(digitsModel(), { threads: 2 });
  const logits = { run: hex(session.run({ shape, data }).data), runAsync: "" };
  for (let i = 0; i < 20; i++) logits.runAsync = hex((await session.runAsync({ shape, data })).data);
  const { threads } = session;
  session.dispose();
  return { logits, threads };
}

/** Counts of mismatches of a 3x3 convolution, padding 1 read as -1, from the definition: [pixel][output channel]. */
function naiveCounts({ height, width, channels, outChannels }, activations, weights) {
  const counts = [];
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let n = 0; n < outChannels; n++) {
      let count = 0;
      for (let tap = 0; tap < 9; tap++) {
        const row = Math.floor(pixel / width) + Math.floor(tap / 3) - 1;
        const column = (pixel % width) + (tap % 3) - 1;
        const outside = row < 0 || row >= height || column < 0 || column >= width;
        for (let c = 0; c < channels; c++) {
          const bit = outside ? 0 : activations[(row * width + column) * channels + c];
          count += bit ^ weights[(n * 9 + tap) * channels + c];
        }
      }
      counts.push(count);
    }
  }
  return counts;
}

/** Rows of bits, one a byte -> rows of whole u64 words. */
function packRows(bits, channels) {
  const rowBytes = 8 * kernels.bitWords(channels);
  const packed = new Uint8Array((bits.length / channels) * rowBytes);
  for (let i = 0; i < bits.length; i++) {
    const channel = i % channels;
    packed[Math.floor(i / channels) * rowBytes + (channel >> 3)] |= bits[i] << (channel & 7);
  }
  return packed;
}

async function checkKernels(shape) {
  const { height, width, channels, outChannels } = shape;
  const { exports: k, memory, allocate } = await kernels.instantiate();
  const next = integers(channels);
  const activations = Uint8Array.from({ length: height * width * channels }, () => next(2));
  const weights = Uint8Array.from({ length: outChannels * 9 * channels }, () => next(2));
  const words = kernels.bitWords(channels);
  const pixels = height * width;
  const put = (bytes) => {
    const address = allocate(bytes.length);
    new Uint8Array(memory.buffer).set(bytes, address);
    return address;
  };
  const bits = put(packRows(activations, channels));
  const source = put(packRows(weights, channels));
  const border = put(new Uint8Array(8 * words));

  const packed = allocate(kernels.tableConvWeightBytes(outChannels, channels, 9));
  k.tableConvPack(source, packed, outChannels, 3, 3, words, 1);
  const selectors = allocate(kernels.tableConvSelectorBytes(1, height + 2, width + 2, channels));
  k.tableConvSelectors(bits, words, selectors, 1, height, width, words, 1, 1, 1, 1, border);
  const tableCounts = allocate(kernels.tableConvCountBytes(pixels, outChannels));
  const stride = kernels.tableConvCountStride(outChannels);
  const sizes = [height, width, outChannels, 3, 3, 1, 1, 1, 1];
  const band = kernels.tableConvRowBand(1, height, width);
  k.tableConv(selectors, packed, 0, tableCounts, stride, 1, height + 2, width + 2, words, ...sizes, band);

  const rows = allocate(pixels * 9 * words * 8);
  k.im2colBits(bits, rows, height, width, words, 3, 3, 1, 1, 1, 1, 1, 1, width, 0, pixels, border);
  const tiled = allocate(kernels.xnorGemmWeightBytes(outChannels, 9 * words));
  k.xnorGemmPack(source, tiled, outChannels, 9 * words);
  const gemmCounts = allocate(4 * pixels * outChannels);
  k.xnorGemm(rows, tiled, gemmCounts, pixels, outChannels, 9 * words, outChannels);

  const table = new Uint16Array(memory.buffer, tableCounts, pixels * stride);
  const gemm = new Int32Array(memory.buffer, gemmCounts, pixels * outChannels);
  naiveCounts(shape, activations, weights).forEach((count, i) => {
    const fromTable = table[Math.floor(i / outChannels) * stride + (i % outChannels)];
    if (fromTable !== count || gemm[i] !== count) {
      throw new Error(
        `count ${i} of ${JSON.stringify(shape)}: table ${fromTable}, popcount ${gemm[i]}, naive ${count}`,
      );
    }
  });
  return pixels * outChannels;
}

/**
 * `logits` in hexadecimal, bytes as they lie in memory (little-endian), by kernel and input; `labels` of the pictures;
 * `programs`: those of programs (programs.mjs); `counts`: how many outputs of the raw kernels were compared;
 * `threadedLogits` of a session that asked for two threads, and `threads`, how many it has.
 */
export async function conformance() {
  const { logits, labels, programs } = await classify();
  let counts = 0;
  for (const [height, width, channels, outChannels] of [
    [7, 9, 64, 64],
    [5, 4, 70, 33],
    [6, 6, 128, 130],
  ]) {
    counts += await checkKernels({ height, width, channels, outChannels });
  }
  const inThreads = await classifyInThreads();
  return { logits, labels, programs, counts, threadedLogits: inThreads.logits, threads: inThreads.threads };
}
