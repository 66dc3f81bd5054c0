/**
 * The raw kernels, for who wants only popcount GEMM or bit-packing: `instantiate` gives the typed exports and a memory that you
 * own. Layouts and argument orders are those of `KernelExports`.
 */
import { instantiateOn, type KernelInstance } from "./runtime/kernel_instance.js";
import type { KernelSource } from "./runtime/kernel_source.js";
import { inlinedKernels } from "./runtime/module.js";

export type { KernelExports } from "./abi/signatures.js";
export * from "./abi/sizes.js";
export type { KernelInstance } from "./runtime/kernel_instance.js";
export type { KernelSource } from "./runtime/kernel_source.js";
export type { Kernels } from "./runtime/wasm.js";

/**
 * Instantiates the kernels that the package carries, or `wasm`, on a memory of their own.
 * @throws XnorkitError `unsupported` where the runtime has no WebAssembly SIMD or forbids compiling bytes, `bad-option` where `wasm`
 * is another module.
 */
export function instantiate(wasm?: KernelSource): Promise<KernelInstance> {
  return instantiateOn(inlinedKernels, wasm);
}
