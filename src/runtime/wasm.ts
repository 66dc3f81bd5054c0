import { instantiateSync } from "@assemblyscript/loader";
import type { KernelExports } from "./abi.js";

/** The first byte of the memory that the host may use; the kernels own what is below (assembly/layout.ts). */
export const RESERVED_BYTES = 131072;

/** A kernel module's instance and the memory that the host gave it. */
export interface Kernels {
  readonly exports: KernelExports;
  readonly memory: WebAssembly.Memory;
}

/** Instantiates the compiled kernels on a memory that the host owns and may grow. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = instantiateSync<KernelExports & Record<string, unknown>>(module, { env: { memory } });
  return { exports, memory };
}
