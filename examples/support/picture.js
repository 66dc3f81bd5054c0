/** Picture files to pixels, with a bound on their size. */
import { XnorkitError } from "xnorkit";
import { readImageHeader } from "xnorkit/image";
import { jpegDecoder } from "./jpeg.js";
import { decodePng } from "./png.js";

/**
 * What a file is by its first bytes, whatever its name or content type says.
 * @param {Uint8Array} bytes
 * @returns {"image/png" | "image/jpeg" | null}
 */
export function pictureType(bytes) {
  const startsWith = (/** @type {number[]} */ ...signature) => signature.every((byte, i) => bytes[i] === byte);
  if (startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
  return startsWith(0xff, 0xd8, 0xff) ? "image/jpeg" : null;
}

/**
 * A decoder of PNG and JPEG files to RGBA. It throws XnorkitError where a file is neither, is damaged or too large.
 * @param {WebAssembly.Module} jpegModule `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`, compiled
 * @param {number} maxPixels a pixel takes about 12 bytes on its way
 * @returns {(bytes: Uint8Array) => Promise<import("xnorkit/image").Image>}
 */
export function pictureDecoder(jpegModule, maxPixels) {
  const decodeJpeg = jpegDecoder(jpegModule);
  return async (bytes) => {
    const { format, width, height } = readImageHeader(bytes);
    if (width * height > maxPixels) {
      throw new XnorkitError(
        "bad-file",
        `the picture has ${width}x${height} pixels, more than ${maxPixels}: scale it down`,
      );
    }
    return format === "png" ? decodePng(bytes) : decodeJpeg(bytes);
  };
}
