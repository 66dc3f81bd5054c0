/** Which of the kernels that compute the same numbers runs a layer: the one that is expected to be faster, or that was asked for. */
import { convF32Cost, tableConvCost, winogradF32Cost, xnorGemmCost } from "../abi/costs.js";
import { type ConvF32Shape, tableConvIsExact } from "../abi/sizes.js";
import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";
import { kernelShape } from "./binary_conv.js";
import type { BinaryConv2dOp, Op, PlanesConv2dOp } from "./ir.js";

/** What computes a binary convolution: four-Russians tables, or im2col and XNOR-popcount GEMM. Both give the same integers. */
export type BinaryKernel = "table" | "popcount";

/** A kernel for all layers, or for each the one that is expected to be faster. */
export type KernelChoice = BinaryKernel | "auto";

/** Checks an option that may come from untyped code. */
export function checkKernelChoice(kernel: unknown): KernelChoice {
  if (kernel === "table" || kernel === "popcount" || kernel === "auto") return kernel;
  throw new XnorkitError("bad-option", `kernel is ${JSON.stringify(kernel)}: use "table", "popcount" or "auto"`);
}

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
  const size = {
    pixels: batch * height * width,
    inChannels: inputs,
    outChannels: channels,
    taps: kernelHeight * kernelWidth,
  };
  return tableConvCost(size) <= xnorGemmCost(size) ? "table" : "popcount";
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

/** Below this share of the direct convolution's cost Winograd is taken; measured shares of its time are within 0.06 of these. */
const worthwhile = 0.8;

/**
 * Whether a float convolution runs on Winograd tiles: no dilation, at most four taps a phase of the stride along each axis, groups at
 * stride 1 only, and enough multiply-adds saved to pay for the transforms at this size.
 */
export function usesWinograd(shape: ConvF32Shape): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, groups } = shape;
  if (shape.dilationHeight !== 1 || shape.dilationWidth !== 1) return false;
  if (groups > 1 && strideHeight * strideWidth > 1) return false;
  if (kernelHeight > 4 * strideHeight || kernelWidth > 4 * strideWidth) return false;
  return winogradF32Cost(shape) < worthwhile * convF32Cost(shape);
}
