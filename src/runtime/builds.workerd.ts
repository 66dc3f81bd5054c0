/**
 * The kernels' builds on Cloudflare's workerd, which gives a .wasm import as a compiled module and compiles no bytes.
 */
import simd from "../wasm/simd.wasm";
import type { KernelBuilds } from "./kernel_source.js";

export const builds: KernelBuilds = { baseline: async () => simd, relaxed: async () => null, shared: async () => null };
