/**
 * The JPEG decoder where the runtime reads files and compiles: Node, Deno and Bun. Edge runtimes import the .wasm file.
 */
import { readFile } from "node:fs/promises";

const file = new URL(import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"));

export const jpegModule = await WebAssembly.compile(await readFile(file));
