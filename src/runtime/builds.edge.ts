/**
 * The kernels' builds on edge-light hosts, which give a .wasm?module import as a compiled module; production compiles
 * no bytes.
 */
import simd from "../wasm/simd.wasm?module";
import type { KernelBuilds } from "./kernel_source.js";

export const builds: KernelBuilds = { baseline: async () => simd, relaxed: async () => null, shared: async () => null };
