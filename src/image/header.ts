/** What pictures are and how large, before they are decoded. */
import { bytesArgument, type FileBytes, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { readJpegHeader } from "./jpeg_header.js";
import { PNG_SIGNATURE, readPngHeader } from "./png_header.js";

/** What a picture file says of itself before it is decoded. */
export interface ImageHeader {
  readonly format: "png" | "jpeg";
  readonly width: number;
  readonly height: number;
}

/** 100 megapixels: 400 MB in RGBA, and more than any camera's picture. */
export const MAX_PIXELS = 100e6;

/**
 * Checks that a picture of this size may be decoded.
 * @throws XnorkitError `bad-file` if it has no pixels or more than `maxPixels`.
 */
export function checkPixels(width: number, height: number, maxPixels: number, name: string): void {
  if (width > 0 && height > 0 && width * height <= maxPixels) return;
  const most = maxPixels >= 1e6 ? `${maxPixels / 1e6} million` : `${maxPixels}`;
  throw new XnorkitError(
    "bad-file",
    `${name} says it has ${width}x${height} pixels; pictures of 1 to ${most} pixels are read`,
  );
}

/**
 * Reads format and size of a PNG or JPEG file from its header, so that memory is asked for only when the size is known.
 * It sees the header that the decoders of xnorkit/decode obey.
 * @throws XnorkitError `bad-file` if it is neither, is cut short, has no pixels or more than `MAX_PIXELS`.
 */
export function readImageHeader(file: FileBytes, name = "the picture"): ImageHeader {
  const bytes = bytesArgument("readImageHeader", "bytes", file);
  textArgument("readImageHeader", "name", name);
  const format = pictureFormat(bytes);
  if (format === null) {
    throw new XnorkitError("bad-file", `${name} is not a PNG or JPEG picture: ${describeStart(bytes)}`);
  }
  const { width, height } = format === "png" ? readPngHeader(bytes, name) : readJpegHeader(bytes, name);
  checkPixels(width, height, MAX_PIXELS, name);
  return { format, width, height };
}

/** What the first bytes say, whatever a name or a content type may; null for what is neither. */
export function pictureFormat(file: FileBytes): ImageHeader["format"] | null {
  const bytes = bytesArgument("pictureFormat", "bytes", file);
  if (startsWith(bytes, PNG_SIGNATURE)) return "png";
  return startsWith(bytes, [0xff, 0xd8, 0xff]) ? "jpeg" : null;
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return bytes.length >= signature.length && signature.every((byte, i) => bytes[i] === byte);
}

/** What a file that is no picture begins with. */
function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return "it is empty";
  const signatures: readonly (readonly [string, string])[] = [
    ["GIF8", "a GIF"],
    ["BM", "a BMP"],
    ["RIFF", "a RIFF file (WebP?)"],
    ["%PDF", "a PDF"],
    ["II*", "a TIFF"],
    ["MM", "a TIFF"],
  ];
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const known = signatures.find(([text]) => start.startsWith(text));
  if (known !== undefined) return `it looks like ${known[1]}; convert it to PNG`;
  return (
    "it begins with bytes " +
    `${Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`
  );
}
