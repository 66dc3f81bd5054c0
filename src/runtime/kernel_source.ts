import { XnorkitError } from "../errors.js";

/** The kernels' code: a compiled module, or the bytes of one. */
export type KernelSource = WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>;

/** `core`: those that only parts of the compiler call may be missing. */
export type KernelSet = "core" | "all";

/**
 * Where the kernels' code comes from when the caller gives none. Every entry of the package has its own: most compile inlined bytes,
 * those for hosts that forbid it import the module.
 */
export interface KernelBuilds {
  /** The build for every host with SIMD: the same bits everywhere. */
  readonly baseline: (kernels: KernelSet) => Promise<WebAssembly.Module>;
  /** The build with fused multiply-adds, null where the host or the entry has none. */
  readonly relaxed: () => Promise<WebAssembly.Module | null>;
}

/** Compiles the kernels' bytes. @throws XnorkitError `unsupported` where the host has no SIMD or forbids compiling bytes. */
export async function compileKernels(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new XnorkitError(
      "unsupported",
      `this runtime did not compile the WebAssembly SIMD kernels (${cause instanceof Error ? cause.message : cause}): pass a module that it compiled itself as the option wasm`,
      { cause },
    );
  }
}

/** By name: a module of another realm (a frame, a sandbox) is no instance of this one's class. */
function isModule(source: KernelSource): source is WebAssembly.Module {
  return Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
}

/** The module of `source` where it is given, else the baseline build. */
export function kernelModuleOf(
  builds: KernelBuilds,
  source?: KernelSource,
  kernels: KernelSet = "all",
): Promise<WebAssembly.Module> {
  if (source === undefined) return builds.baseline(kernels);
  return isModule(source) ? Promise.resolve(source) : compileKernels(source);
}

/** The builds of an entry that imports the baseline module, compiled by its host; the relaxed one is passed as the option wasm. */
export function importedKernels(baseline: WebAssembly.Module): KernelBuilds {
  return { baseline: () => Promise.resolve(baseline), relaxed: () => Promise.resolve(null) };
}
