/** One product of M x K and K x N signs on the kernels' paths, and the same product in float beside it. */
import type { KernelExports } from "../../src/abi/signatures.js";
import {
  bitBytes,
  bitWords,
  convF32WeightBytes,
  mapBytes,
  mapStride,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvIsExact,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
  xnorGemmWeightBytes,
} from "../../src/abi/sizes.js";
import type { GemmShape } from "../../src/cli/bench_report.js";
import { randomStream } from "../../src/models/random.js";
import type { HostMemory } from "../../src/runtime/memory.js";
import type { KernelCase } from "./kernel_cases.js";

/** The cases, and where they leave their counts: mismatches of row m and column n at m * stride + n. */
export interface GemmCases {
  readonly cases: readonly KernelCase[];
  /** Address of i32. */
  readonly counts: number;
  readonly countStride: number;
  /** Address of u16; null where tables are not exact. */
  readonly tableCounts: number | null;
  readonly tableStride: number;
}

/**
 * The product that the others are compared with: a 1x1 convolution of floats, which needs a map's stride of columns.
 */
export const FLOAT_GEMM = "float gemm";

/**
 * The cases, in memory of their own, on random numbers: the popcount GEMM on packed signs, with the packing of its
 * rows, the same by tables if they are exact, and in float.
 */
export function gemmCases(
  kernels: KernelExports,
  { memory, allocate }: HostMemory,
  { rows, outputs, inputs }: GemmShape,
): GemmCases {
  const random = randomStream(1, "gemm");
  const floats = (count: number) => {
    const address = allocate(count * 4);
    const view = new Float32Array(memory.buffer, address, count);
    for (let i = 0; i < count; i++) view[i] = random.normal();
    return address;
  };
  const words = bitWords(inputs);
  const macs = rows * outputs * inputs;
  const map = floats(rows * mapStride(inputs));
  const bits = allocate(bitBytes(rows, inputs));
  kernels.packSignF32(map, bits, rows, inputs);
  const weightMap = floats(outputs * mapStride(inputs));
  const weightBits = allocate(bitBytes(outputs, inputs));
  kernels.packSignF32(weightMap, weightBits, outputs, inputs);
  const weights = allocate(xnorGemmWeightBytes(outputs, words));
  kernels.xnorGemmPack(weightBits, weights, outputs, words);
  const counts = allocate(mapBytes(rows, outputs));

  const pack = () => kernels.packSignF32(map, bits, rows, inputs);
  const gemm = () => kernels.xnorGemm(bits, weights, counts, rows, outputs, words, mapStride(outputs));
  const product = (name: string, run: () => void): KernelCase => ({ name, macs, run });
  const cases = [
    { name: "pack rows", macs: 0, run: pack },
    product("popcount gemm", gemm),
    product("pack rows + popcount gemm", () => {
      pack();
      gemm();
    }),
  ];

  const tableStride = tableConvCountStride(outputs);
  const isExact = tableConvIsExact(inputs, 1, false);
  const tableCounts = isExact ? allocate(tableConvCountBytes(rows, outputs)) : null;
  if (tableCounts !== null) {
    const border = allocate(words * 8);
    const selectors = allocate(tableConvSelectorBytes(1, rows, 1, inputs));
    const tables = allocate(tableConvWeightBytes(outputs, inputs, 1));
    kernels.tableConvPack(weightBits, tables, outputs, 1, 1, words, 1);
    const band = tableConvRowBand(1, rows, 1);
    cases.push(
      product("table gemm", () => {
        kernels.tableConvSelectors(bits, words, selectors, 1, rows, 1, words, 0, 0, 0, 0, border);
        // biome-ignore format: one size after the other, as the kernel has them
        kernels.tableConv(
          selectors, tables, 0, tableCounts, tableStride, 1, rows, 1, words, rows, 1, outputs, 1, 1, 1, 1, 1, 1, band,
        );
      }),
    );
  }

  const floatWeights = allocate(convF32WeightBytes(outputs, inputs, 1, 1, 1));
  kernels.convF32Pack(floats(outputs * inputs), floatWeights, outputs, inputs, 1, 1, 1);
  const bias = floats(mapStride(outputs));
  const out = allocate(mapBytes(rows, outputs));
  cases.push(
    product(FLOAT_GEMM, () => {
      // biome-ignore format: one size after the other, as the kernel has them
      kernels.convF32(
        map, out, floatWeights, bias, 0, 1, rows, 1, inputs, rows, 1, outputs, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0,
      );
    }),
  );
  return { cases, counts, countStride: mapStride(outputs), tableCounts, tableStride };
}
