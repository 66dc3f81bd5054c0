/** xnorkit/kernels on the edge-light hosts, which give a .wasm?module import as a compiled module; production compiles no bytes. */
import simd from "../wasm/simd.wasm?module";
import { instantiateOn, type KernelInstance } from "./runtime/kernel_instance.js";
import { importedKernels, type KernelSource } from "./runtime/kernel_source.js";

export * from "./kernels.js";

/** `instantiate` of xnorkit/kernels. */
export function instantiate(wasm?: KernelSource): Promise<KernelInstance> {
  return instantiateOn(importedKernels(simd), wasm);
}
