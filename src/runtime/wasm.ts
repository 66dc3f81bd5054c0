/** Instances of the compiled kernels. */
import type { KernelExports } from "../abi/signatures.js";
import { XnorkitError } from "../errors.js";
import { type CompiledModule, noWebAssembly } from "./kernel_source.js";

/** A `WebAssembly.Memory`. */
export interface KernelMemory {
  /** Another one after the memory has grown; the one before is detached then, or if it is shared, too short. */
  readonly buffer: ArrayBuffer;
  /** Grows by pages of 64 KiB. @returns the number of pages before. */
  grow(pages: number): number;
}

/** A kernel module's instance and the memory that the host gave it. */
export interface Kernels {
  readonly exports: KernelExports;
  readonly memory: KernelMemory;
}

/**
 * Instantiates the compiled kernels on a memory that the host owns and may grow.
 * @throws XnorkitError `bad-option` if the module imports what the kernels do not.
 */
export function instantiateKernels(module: CompiledModule, memory: KernelMemory): Kernels {
  if (typeof WebAssembly === "undefined") throw noWebAssembly();
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory as WebAssembly.Memory } });
    return { exports: exports as unknown as KernelExports, memory };
  } catch (cause) {
    throw new XnorkitError(
      "bad-option",
      `the option wasm is not the kernels' module (${cause instanceof Error ? cause.message : cause}): ` +
        "give the simd.wasm of this version of xnorkit",
      { cause },
    );
  }
}

interface Movable {
  readonly moveInstance?: (region: number) => void;
}

/**
 * Gives an instance of the shared build a region of INSTANCE_BYTES for its scratch and tables (assembly/layout.ts); the
 * first instance of a memory keeps those below RESERVED_BYTES.
 */
export function moveInstance(exports: KernelExports, region: number): void {
  (exports as Movable).moveInstance?.(region);
}
