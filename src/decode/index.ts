/**
 * xnorkit/decode: picture files to pixels on any host, within bounds of memory and work that follow from the pixels.
 *
 * ```ts
 * const decode = pictureDecoder(await WebAssembly.compile(bytesOfMozjpeg));
 * const picture = await decode(bytes, { maxPixels: 16e6 });
 * ```
 */
export { jpegDecoder, MAX_SCANS } from "./jpeg.js";
export { type PictureDecoder, pictureDecoder } from "./picture.js";
export { type DecodeOptions, decodePng } from "./png.js";
