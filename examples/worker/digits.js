/**
 * Reads handwritten digits in a worker: module worker of Cloudflare's kind, run by workerd. The program lies beside it
 * as data, compiled when the worker is built.
 */
import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import { loadProgram } from "xnorkit/program";
import { DIGITS_USAGE, digitReader } from "../support/digits.js";
import { pictureService } from "../support/service.js";
import program from "./build/digits.xnorprog";
import { LIMITS, MAX_PIXELS } from "./limits.js";

// Opened while the worker starts: no request pays for it.
const answer = digitReader(await loadProgram(program), jpegModule, MAX_PIXELS);

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: pictureService({ usage: DIGITS_USAGE, answer, ...LIMITS }) };
