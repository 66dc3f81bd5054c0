/**
 * Reads handwritten digits in a worker: module worker of Cloudflare's kind, run by workerd. The model lies beside it as
 * data.
 */
import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import { loadModel } from "xnorkit";
import model from "../../models/digits.xnorkit";
import { DIGITS_USAGE, openDigits } from "../support/digits.js";
import { pictureService } from "../support/service.js";
import { LIMITS, MAX_PIXELS } from "./limits.js";

// Opened while the worker starts: no request pays for it.
const answer = await openDigits(loadModel(new Uint8Array(model)), jpegModule, MAX_PIXELS);

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: pictureService({ usage: DIGITS_USAGE, answer, ...LIMITS }) };
