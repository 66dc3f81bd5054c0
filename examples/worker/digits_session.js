/** The digits worker on a packed model, which it compiles when it starts: what a program is measured against. */
import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import { loadModel } from "xnorkit";
import model from "../../models/digits.xnorkit";
import { DIGITS_USAGE, digitReader } from "../support/digits.js";
import { openNetwork } from "../support/network.js";
import { pictureService } from "../support/service.js";
import { LIMITS, MAX_PIXELS } from "./limits.js";

const answer = digitReader(await openNetwork(loadModel(new Uint8Array(model))), jpegModule, MAX_PIXELS);

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: pictureService({ usage: DIGITS_USAGE, answer, ...LIMITS }) };
