/** One 3x3 convolution of a binary network, padding 1, on every path of the kernels, step by step and whole. */

import type { KernelExports } from "../../src/abi/signatures.js";
import {
  bitBytes,
  bitWords,
  mapBytes,
  mapStride,
  tableConvCorrectionBytes,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvIsExact,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
  xnorGemmWeightBytes,
} from "../../src/abi/sizes.js";
import type { BenchShape } from "../../src/cli/bench_report.js";
import { randomStream } from "../../src/models/random.js";
import type { HostMemory } from "../../src/runtime/memory.js";

export interface KernelCase {
  readonly name: string;
  /** Bit products of a run; 0 for steps that multiply nothing. */
  readonly macs: number;
  readonly run: () => void;
}

const KERNEL = 3;
const TAPS = KERNEL * KERNEL;

/** The buffers of a shape, filled with random bits and numbers; `fill*` return addresses. */
function filler({ memory, allocate }: HostMemory, seed: number) {
  const random = randomStream(seed, "kernels");
  const fill = <T extends { [index: number]: number; readonly length: number }>(view: T, next: () => number) => {
    for (let i = 0; i < view.length; i++) view[i] = next();
  };
  return {
    random,
    zeros: (bytes: number) => allocate(bytes),
    f32(count: number, next: () => number): number {
      const address = allocate(count * 4);
      fill(new Float32Array(memory.buffer, address, count), next);
      return address;
    },
    i32(count: number, next: () => number): number {
      const address = allocate(count * 4);
      fill(new Int32Array(memory.buffer, address, count), next);
      return address;
    },
    u16(count: number, next: () => number): number {
      const address = allocate(count * 2);
      fill(new Uint16Array(memory.buffer, address, count), next);
      return address;
    },
  };
}

/**
 * The cases of a shape, in memory of their own. Float maps and sign bits are what a layer in the middle of a network
 * reads; epilogues add a residual and write both the float map and its signs, the next layer's bits.
 */
export function kernelCases(kernels: KernelExports, host: HostMemory, shape: BenchShape): readonly KernelCase[] {
  const { height, width, inputs, outputs } = shape;
  const pixels = height * width;
  const words = bitWords(inputs);
  const rowWords = TAPS * words;
  const k = TAPS * inputs;
  const macs = pixels * outputs * k;
  const { random, zeros, f32, i32, u16 } = filler(host, 1);

  const map = f32(pixels * mapStride(inputs), random.normal);
  const bits = zeros(bitBytes(pixels, inputs));
  kernels.packSignF32(map, bits, pixels, inputs);
  const floatWeights = f32(outputs * TAPS * mapStride(inputs), random.normal);
  const weightBits = zeros(bitBytes(outputs * TAPS, inputs));
  kernels.packSignF32(floatWeights, weightBits, outputs * TAPS, inputs);

  const border = zeros(words * 8);
  const rows = zeros(pixels * rowWords * 8);
  const gemmWeights = zeros(xnorGemmWeightBytes(outputs, rowWords));
  kernels.xnorGemmPack(weightBits, gemmWeights, outputs, rowWords);
  const gemmStride = mapStride(outputs);
  const gemmCounts = zeros(pixels * gemmStride * 4);

  const limit = () => Math.round(k / 2 + 10 * random.normal());
  const thresholds = { I32: i32(mapStride(outputs), limit), U16: u16(mapStride(outputs), limit) };
  const flip = i32(bitWords(outputs) * 2, random.bits);
  const outBits = zeros(bitBytes(pixels, outputs));
  const scale = f32(mapStride(outputs), () => 0.02 * random.normal());
  const shift = f32(mapStride(outputs), random.normal);
  const residual = f32(pixels * mapStride(outputs), random.normal);
  const outMap = zeros(mapBytes(pixels, outputs));

  const im2col = () =>
    kernels.im2colBits(bits, rows, height, width, words, KERNEL, KERNEL, 1, 1, 1, 1, 1, 1, width, 0, pixels, border);
  const gemm = () => kernels.xnorGemm(rows, gemmWeights, gemmCounts, pixels, outputs, rowWords, gemmStride);
  const toBits = (counts: number, stride: number, type: "I32" | "U16") =>
    kernels[`thresholdCounts${type}`](counts, outBits, pixels, outputs, stride, thresholds[type], flip);
  const toMap = (counts: number, stride: number, kernel: "epilogueI32" | "epilogueU16") =>
    // biome-ignore format: one argument after the other
    kernels[kernel](
      counts, stride, pixels, outputs, k / 2, 0, scale, shift, 0, 0, residual, 0, 0, outMap, outBits, 0, 0,
    );
  const step = (name: string, run: () => void): KernelCase => ({ name, macs: 0, run });
  const product = (name: string, run: () => void): KernelCase => ({ name, macs, run });
  im2col();
  gemm();
  const popcount = [
    step("pack f32", () => kernels.packSignF32(map, bits, pixels, inputs)),
    step("im2col", im2col),
    product("popcount gemm", gemm),
    product("im2col + popcount gemm", () => {
      im2col();
      gemm();
    }),
    step("bn-sign i32", () => toBits(gemmCounts, gemmStride, "I32")),
    step("epilogue i32", () => toMap(gemmCounts, gemmStride, "epilogueI32")),
  ];
  // As in the compiler: what the table's u16 counts cannot hold stays with the GEMM.
  if (!tableConvIsExact(inputs, TAPS, true)) return popcount;

  const paddedHeight = height + 2;
  const paddedWidth = width + 2;
  const selectors = zeros(tableConvSelectorBytes(1, paddedHeight, paddedWidth, inputs));
  const tableWeights = zeros(tableConvWeightBytes(outputs, inputs, TAPS));
  kernels.tableConvPack(weightBits, tableWeights, outputs, KERNEL, KERNEL, words, 1);
  const tableStride = tableConvCountStride(outputs);
  const tableCounts = zeros(tableConvCountBytes(pixels, outputs));
  const corrections = zeros(tableConvCorrectionBytes(outputs, TAPS));
  kernels.tableConvCorrections(weightBits, corrections, outputs, TAPS, words, inputs);
  const scratch = zeros(tableConvCorrectionBytes(outputs, 1));
  const rowBand = tableConvRowBand(1, height, width);
  const expand = () => kernels.tableConvSelectors(bits, words, selectors, 1, height, width, words, 1, 1, 1, 1, border);
  const table = () =>
    kernels.tableConv(
      selectors,
      tableWeights,
      0,
      tableCounts,
      tableStride,
      1,
      paddedHeight,
      paddedWidth,
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
      rowBand,
    );
  const zeroBorder = () =>
    kernels.tableConvZeroBorder(
      tableCounts,
      corrections,
      scratch,
      1,
      height,
      width,
      inputs,
      height,
      width,
      outputs,
      KERNEL,
      KERNEL,
      1,
      1,
      1,
      1,
      1,
      1,
    );
  const whole = () => {
    expand();
    table();
    zeroBorder();
  };
  whole();
  return [
    ...popcount,
    step("table selectors", expand),
    product("table conv", table),
    product("table conv, zero padding", whole),
    step("bn-sign u16", () => toBits(tableCounts, tableStride, "U16")),
    step("epilogue u16", () => toMap(tableCounts, tableStride, "epilogueU16")),
    product("table layer to bits", () => {
      whole();
      toBits(tableCounts, tableStride, "U16");
    }),
    product("table layer to map", () => {
      whole();
      toMap(tableCounts, tableStride, "epilogueU16");
    }),
  ];
}
