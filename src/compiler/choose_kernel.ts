import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";
import { kernelShape } from "./binary_conv.js";
import type { BinaryConv2dOp, Op, PlanesConv2dOp } from "./ir.js";
import { bitWords, im2colWords, tableConvIsExact } from "./kernel_sizes.js";

/** What computes a binary convolution: four-Russians tables, or im2col and XNOR-popcount GEMM. Both give the same integers. */
export type BinaryKernel = "table" | "popcount";

/** A kernel for all layers, or for each the one that is expected to be faster. */
export type KernelChoice = BinaryKernel | "auto";

/** Checks an option that may come from untyped code. */
export function checkKernelChoice(kernel: unknown): KernelChoice {
  if (kernel === "table" || kernel === "popcount" || kernel === "auto") return kernel;
  throw new XnorkitError("bad-option", `kernel is ${JSON.stringify(kernel)}: use "table", "popcount" or "auto"`);
}

/**
 * The cost table, in nanoseconds on one core of 2022 (`xnorkit bench kernels` prints what they are made from). The table kernel
 * works on blocks of 64 output channels: it pays for a word of 64 input channels at every pixel and builds a table for every band
 * of pixels. GEMM pays for every channel's word at every pixel, and im2col for every word; where taps share words GEMM has fewer of them and
 * joining them is paid for.
 */
const cost = {
  tableWord: 7.3,
  tableBuild: 160,
  gemmWord: 0.42,
  im2colWord: 1.2,
  joinWord: 0.9,
} as const;

/** The operations that count mismatches, and the weights that tell their size. */
type CountingOp = BinaryConv2dOp | PlanesConv2dOp;

function isCounting(op: Op): op is CountingOp {
  return op.kind === "binaryConv2d" || op.kind === "planesConv2d";
}

/** The kernel for one layer and output size. */
export function chooseKernel(op: CountingOp, output: Shape, choice: KernelChoice): BinaryKernel {
  const [batch, channels, height = 1, width = 1] = output;
  const [, inputs, kernelHeight, kernelWidth] = kernelShape(
    op.kind === "binaryConv2d" ? op.weight : op.weights.planes[0],
  );
  if (!tableConvIsExact(inputs, kernelHeight * kernelWidth, op.padValue === 0)) return "popcount";
  if (choice !== "auto") return choice;
  const words = bitWords(inputs) * kernelHeight * kernelWidth;
  const pixels = batch * height * width;
  const blocks = Math.ceil(channels / 64);
  const table = words * blocks * (pixels * cost.tableWord + cost.tableBuild);
  const joined = im2colWords(inputs, kernelHeight * kernelWidth);
  const rows = words * (cost.im2colWord + (joined < words ? cost.joinWord : 0));
  const popcount = pixels * (joined * channels * cost.gemmWord + rows);
  return table <= popcount ? "table" : "popcount";
}

/** The kernel of every binary convolution; `tuned` are measured choices, by layer, that go before the cost table. */
export function chooseKernels(
  ops: readonly Op[],
  shapes: ReadonlyMap<string, Shape>,
  choice: KernelChoice,
  tuned: ReadonlyMap<string, BinaryKernel> = new Map(),
): ReadonlyMap<string, BinaryKernel> {
  const chosen = new Map<string, BinaryKernel>();
  for (const op of ops.filter(isCounting)) {
    const output = shapes.get(op.value ?? op.sign!.bits)!;
    chosen.set(op.name, (choice === "auto" ? tuned.get(op.name) : undefined) ?? chooseKernel(op, output, choice));
  }
  return chosen;
}
