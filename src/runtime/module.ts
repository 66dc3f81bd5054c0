import { XnorkitError } from "../errors.js";
import { simdWasm } from "../generated/simd_wasm.js";
import { supportsRelaxedSimd } from "./features.js";

/** The kernels' code: a compiled module, or the bytes of one. */
export type KernelSource = WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>;

let inlined: Promise<WebAssembly.Module> | undefined;

/** The bytes of base64 text, on every host (Buffer is Node's alone). */
export function base64Bytes(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function compile(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
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

let relaxed: Promise<WebAssembly.Module> | undefined;

/**
 * The relaxed-SIMD build, whose float sums are fused multiply-adds and may differ in the last bit from runtime to runtime; it is
 * loaded only when it is asked for. Null where this runtime has no relaxed SIMD.
 */
export async function relaxedModule(): Promise<WebAssembly.Module | null> {
  if (!supportsRelaxedSimd()) return null;
  const { relaxedWasm } = await import("../generated/relaxed_wasm.js");
  relaxed ??= compile(base64Bytes(relaxedWasm));
  return relaxed;
}

/**
 * The kernel module: `source` where it is given (hosts that forbid compiling bytes import the module themselves), else the inlined
 * one, compiled once for all sessions.
 */
export function kernelModule(source?: KernelSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return Promise.resolve(source);
  if (source !== undefined) return compile(source);
  inlined ??= compile(base64Bytes(simdWasm));
  return inlined;
}
