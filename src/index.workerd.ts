/** xnorkit on Cloudflare's workerd, which gives a .wasm import as a compiled module and compiles no bytes. */
import simd from "../wasm/simd.wasm";
import type { Model } from "./model.js";
import { importedKernels } from "./runtime/kernel_source.js";
import { createSessionOn, type Session, type SessionOptions } from "./runtime/session.js";

export * from "./index.js";

/** `createSession` of xnorkit. */
export function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  return createSessionOn(importedKernels(simd), model, options);
}
