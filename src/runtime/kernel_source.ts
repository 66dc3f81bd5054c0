/** What callers may give as the kernels' code, and how bytes become a module. */
import { XnorkitError } from "../errors.js";

/**
 * A `WebAssembly.Module` that the host compiled. The package's types name none of WebAssembly's: TypeScript keeps those
 * in its dom library, which servers do not load.
 */
export type CompiledModule = object;

/** The kernels' code: a compiled module, or the bytes of one. */
export type KernelSource = CompiledModule | ArrayBuffer | Uint8Array;

/** Where the kernels' code comes from when the caller gives none (builds.ts and its variants). */
export interface KernelBuilds {
  /** The build for every host with SIMD: the same bits everywhere. */
  readonly baseline: () => Promise<CompiledModule>;
  /**
   * The build with fused multiply-adds, whose sums may differ in the last bit from host to host; null if there is
   * none.
   */
  readonly relaxed: () => Promise<CompiledModule | null>;
  /**
   * The build for threads, which runs on shared memory and gives the baseline's bits; null where there can be none.
   */
  readonly shared: () => Promise<CompiledModule | null>;
}

/** The error of a runtime without WebAssembly. */
export function noWebAssembly(): XnorkitError {
  return new XnorkitError("unsupported", "this runtime has no WebAssembly, which the kernels are made of");
}

/** By name: an object of another realm (a frame, a sandbox) is no instance of this one's classes. */
function tagOf(source: unknown): string {
  return Object.prototype.toString.call(source).slice("[object ".length, -1);
}

/**
 * Compiles the kernels' bytes. @throws XnorkitError `unsupported` if the host has no SIMD or forbids compiling
 * bytes.
 */
export async function compileKernels(bytes: ArrayBuffer | Uint8Array): Promise<CompiledModule> {
  if (typeof WebAssembly === "undefined") throw noWebAssembly();
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    throw new XnorkitError(
      "unsupported",
      "this runtime did not compile the WebAssembly SIMD kernels " +
        `(${cause instanceof Error ? cause.message : cause}): pass a module that it compiled itself as the option wasm`,
      { cause },
    );
  }
}

/** The module of what a caller gave. @throws XnorkitError `bad-option` if it is neither a module nor bytes. */
export async function moduleOf(source: KernelSource): Promise<CompiledModule> {
  const tag = tagOf(source);
  if (tag === "WebAssembly.Module") return source;
  if (tag === "ArrayBuffer" || tag === "Uint8Array") return compileKernels(source as ArrayBuffer | Uint8Array);
  throw new XnorkitError(
    "bad-option",
    `the option wasm is a value of type ${tag}: give a WebAssembly.Module, an ArrayBuffer or a Uint8Array`,
  );
}
