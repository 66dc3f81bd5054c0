/** Picture files to pixels on Node. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type PictureDecoder, pictureDecoder } from "../decode/picture.js";
import type { Image } from "../image/image.js";

let decoder: Promise<PictureDecoder> | undefined;

/** Compiled from where the build puts a copy, which is as far from src/cli as from dist/cli. */
async function openDecoder(): Promise<PictureDecoder> {
  const file = new URL("../../dist/wasm/mozjpeg_dec.wasm", import.meta.url);
  return pictureDecoder(await WebAssembly.compile(await readFile(fileURLToPath(file))));
}

/**
 * Decodes a PNG (any depth, interlaced too) or JPEG file to RGBA. A JPEG is turned upright where its EXIF data says so.
 * @param name What messages call the picture, its file as a rule.
 * @throws XnorkitError `bad-file` if the bytes are no picture, are cut short or damaged, or the picture is larger
 *   than `MAX_PIXELS`; `unsupported` for kinds of JPEG that are not decoded.
 */
export async function decodeImage(bytes: Uint8Array, name = "the picture"): Promise<Image> {
  decoder ??= openDecoder();
  return (await decoder)(bytes, { name });
}
