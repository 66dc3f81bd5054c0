/** Handwritten digits: picture files to answers. */
import { pictureDecoder } from "xnorkit/decode";
import { digitInput, toTensor } from "xnorkit/image";
import { classifier } from "./classifier.js";

/**
 * Reads one PNG or JPEG of one digit, dark on light or light on dark.
 * @param {import("./classifier.js").Network} network the digits network
 * @param {WebAssembly.Module} jpegModule `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`, compiled
 * @param {number} maxPixels a pixel takes about 12 bytes on its way
 */
export function digitReader(network, jpegModule, maxPixels) {
  const classify = classifier(network);
  const decode = pictureDecoder(jpegModule);
  return async (/** @type {Uint8Array} */ bytes) =>
    classify(toTensor([digitInput(await decode(bytes, { maxPixels }))], 1));
}

export const DIGITS_USAGE = `POST a PNG or JPEG of one handwritten digit; the answer is JSON:
{ "label": "7", "probabilities": [one a digit, 0 to 9], "ms": time of the network }

curl -H "content-type: image/png" --data-binary @examples/digits/7.png ADDRESS
`;
