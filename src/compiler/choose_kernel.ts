/**
 * Which of the kernels that compute the same numbers runs a layer: the one that is expected to be faster, or that was
 * asked for.
 */
import { convF32Cost, winogradF32Cost } from "../abi/costs.js";
import { type ConvF32Shape, tableConvIsExact } from "../abi/sizes.js";
import { XnorkitError } from "../errors.js";
import { type GroupedSize, popcountCost, tableCost } from "./binary/groups.js";

/**
 * What computes a binary convolution: four-Russians tables, or im2col and XNOR-popcount GEMM. Both give the same
 * integers.
 */
export type BinaryKernel = "table" | "popcount";

/** A kernel for all layers, or for each the one that is expected to be faster. */
export type KernelChoice = BinaryKernel | "auto";

/** Checks an option that may come from untyped code. */
export function checkKernelChoice(kernel: unknown): KernelChoice {
  if (kernel === "table" || kernel === "popcount" || kernel === "auto") return kernel;
  throw new XnorkitError("bad-option", `kernel is ${JSON.stringify(kernel)}: use "table", "popcount" or "auto"`);
}

/** The kernel for one layer and output size; `zeroPadding`: taps outside the map count as 0. */
export function chooseBinaryKernel(size: GroupedSize, zeroPadding: boolean, choice: KernelChoice): BinaryKernel {
  if (!tableConvIsExact(size.inChannels / size.groups, size.taps, zeroPadding)) return "popcount";
  if (choice !== "auto") return choice;
  return tableCost(size) <= popcountCost(size) ? "table" : "popcount";
}

/**
 * Below this share of the direct convolution's cost Winograd is taken; measured shares of its time are within 0.06 of
 * these.
 */
const worthwhile = 0.8;

/**
 * Whether a float convolution runs on Winograd tiles: no dilation, at most four taps a phase of the stride along each
 * axis, groups at stride 1 only, and enough multiply-adds saved to pay for the transforms at this size.
 */
export function usesWinograd(shape: ConvF32Shape): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, groups } = shape;
  if (shape.dilationHeight !== 1 || shape.dilationWidth !== 1) return false;
  if (groups > 1 && strideHeight * strideWidth > 1) return false;
  if (kernelHeight > 4 * strideHeight || kernelWidth > 4 * strideWidth) return false;
  return winogradF32Cost(shape) < worthwhile * convF32Cost(shape);
}
