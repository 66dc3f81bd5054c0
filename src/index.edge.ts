/** xnorkit on the edge-light hosts, which give a .wasm?module import as a compiled module; production compiles no bytes. */
import simd from "../wasm/simd.wasm?module";
import type { Model } from "./model.js";
import { importedKernels } from "./runtime/kernel_source.js";
import { createSessionOn, type Session, type SessionOptions } from "./runtime/session.js";

export * from "./index.js";

/** `createSession` of xnorkit. */
export function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  return createSessionOn(importedKernels(simd), model, options);
}
