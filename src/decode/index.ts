/**
 * xnorkit/decode: picture files to pixels on any host, within bounds of memory and work that follow from the pixels.
 *
 * ```ts
 * const { width, height, data } = await decodePicture(bytes, { maxPixels: 16e6 });
 * ```
 */
export { decodePicture } from "./carried.js";
export { jpegDecoder, MAX_SCANS } from "./jpeg.js";
export { type PictureDecoder, pictureDecoder } from "./picture.js";
export { type DecodeOptions, decodePng } from "./png.js";
