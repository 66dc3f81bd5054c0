import type { KernelExports } from "../abi/signatures.js";
import { XnorkitError } from "../errors.js";

/** A kernel module's instance and the memory that the host gave it. */
export interface Kernels {
  readonly exports: KernelExports;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates the compiled kernels on a memory that the host owns and may grow.
 * @throws XnorkitError `bad-option` where the module imports what the kernels do not.
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return { exports: exports as unknown as KernelExports, memory };
  } catch (cause) {
    throw new XnorkitError(
      "bad-option",
      `the option wasm is not the kernels' module (${cause instanceof Error ? cause.message : cause}): give the simd.wasm of this version of xnorkit`,
      { cause },
    );
  }
}
