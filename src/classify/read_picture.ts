/** Pictures of every kind to pixels: by the platform in browsers, elsewhere by the decoders of the package. */
import { bytesArgument, kindOf, refuseArgument } from "../arguments.js";
import type { DecodeOptions } from "../decode/png.js";
import { XnorkitError } from "../errors.js";
import { checkPixels, MAX_PIXELS, pictureFormat, readImageHeader } from "../image/header.js";
import { type Image, image } from "../image/image.js";
import type { Picture, PicturePixels } from "./picture.js";
import { decodeOnPlatform, drawnPixels, hasPlatform, isDrawn } from "./platform.js";

/** Decodes a picture file; what `pictureDecoder` gives is one. */
export type DecodePicture = (bytes: Uint8Array, options: DecodeOptions) => Promise<Image>;

/** How pictures are read. */
export interface ReadPictureOptions {
  readonly maxPixels: number;
  /** In place of the platform's and the package's own. */
  readonly decode?: DecodePicture;
}

/** More bytes than this no picture file has that is decoded: those of 100 million pixels are smaller. */
const MAX_FILE_BYTES = 2 ** 28;

/** What pictures are, as messages say it. */
export const PICTURE =
  "pixels as { width, height, data }, the bytes of a PNG or JPEG file, a Blob, a Response, a URL, or what a page draws";

/** True of the kinds that hold the bytes of a file. */
export const isBytes = (kind: string) =>
  kind === "Uint8Array" || kind === "ArrayBuffer" || kind === "SharedArrayBuffer";

/** True of pixels with their size. */
export function isPixels(picture: object): picture is PicturePixels {
  return "data" in picture && "width" in picture && "height" in picture;
}

/** @throws XnorkitError `bad-shape` if the data are not those of 1, 3 or 4 channels. */
function pixelsOf(callee: string, { width, height, data }: PicturePixels, options: ReadPictureOptions, name: string) {
  const kind = kindOf(data);
  if (kind !== "Uint8Array" && kind !== "Uint8ClampedArray") {
    refuseArgument(callee, `data of ${name}`, "a Uint8Array or a Uint8ClampedArray", data);
  }
  for (const side of [width, height]) {
    if (!Number.isSafeInteger(side)) refuseArgument(callee, `a side of ${name}`, "a positive integer", side);
  }
  checkPixels(width, height, options.maxPixels, name);
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new XnorkitError(
      "bad-shape",
      `${name} has ${width}x${height} pixels, which is ${width * height} bytes in grey, 3 times as many in RGB or 4 ` +
        `times in RGBA, but its data has ${data.length}`,
    );
  }
  return image(width, height, channels, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

async function decode(bytes: Uint8Array, { maxPixels, decode }: ReadPictureOptions, name: string): Promise<Image> {
  if (decode !== undefined) return decode(bytes, { maxPixels, name });
  if (hasPlatform()) {
    if (pictureFormat(bytes) !== null) {
      const { width, height } = readImageHeader(bytes, name);
      checkPixels(width, height, maxPixels, name);
    }
    return decodeOnPlatform(bytes, maxPixels, name);
  }
  const { decodePicture } = await import("../decode/index.js");
  return decodePicture(bytes, { maxPixels, name });
}

/** The bytes of a Blob or a Response. */
export async function fileBytes(callee: string, picture: object, name: string): Promise<Uint8Array> {
  if (kindOf(picture) === "Response") {
    const { readBody } = await import("../fetch/body.js");
    return readBody(picture as Response, { name, maxBytes: MAX_FILE_BYTES });
  }
  const { size, arrayBuffer } = picture as { readonly size?: unknown; readonly arrayBuffer?: unknown };
  if (typeof arrayBuffer !== "function") return refuseArgument(callee, name, PICTURE, picture);
  if (typeof size === "number" && size > MAX_FILE_BYTES) {
    throw new XnorkitError("bad-file", `${name} has ${size} bytes, expected ${MAX_FILE_BYTES} at most`);
  }
  return bytesArgument(callee, name, await (picture as Blob).arrayBuffer());
}

/**
 * Reads a picture.
 * @param name What messages call it.
 * @throws XnorkitError `bad-option` if it is none, `bad-shape` if pixels do not fill it, `bad-file` where it is
 *   damaged, too large, or not to be had, `unsupported` for kinds that are not decoded here.
 */
export async function readPicture(
  callee: string,
  picture: Picture,
  name: string,
  options: ReadPictureOptions,
): Promise<Image> {
  const kind = kindOf(picture);
  if (isBytes(kind)) return decode(bytesArgument(callee, name, picture), options, name);
  if (typeof picture === "string") {
    return refuseArgument(callee, name, `${PICTURE}; a URL as new URL(text, import.meta.url)`, picture);
  }
  if (typeof picture !== "object" || picture === null) return refuseArgument(callee, name, PICTURE, picture);
  if (kind === "URL") {
    const { fetchFile } = await import("../fetch/fetch_file.js");
    const { bytes } = await fetchFile(callee, new URL((picture as URL).href), { maxBytes: MAX_FILE_BYTES });
    return decode(bytes, options, name);
  }
  if (isDrawn(picture)) {
    if (hasPlatform()) return drawnPixels(picture, options.maxPixels, name);
    throw new XnorkitError("unsupported", `${name} is of the kind ${kind}, which this runtime gives no pixels of`);
  }
  if (isPixels(picture)) return pixelsOf(callee, picture, options, name);
  return decode(await fileBytes(callee, picture, name), options, name);
}

export { MAX_PIXELS };
