/** Picture files to pixels with the JPEG decoder that the package carries, loaded when the first JPEG comes. */
import { bytesArgument, type FileBytes } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { type Image, readImageHeader } from "../image/index.js";
import { unpack } from "../runtime/unpack.js";
import { jpegDecoder } from "./jpeg.js";
import { type DecodeOptions, decodePng, readDecodeOptions } from "./png.js";

let decoder: Promise<ReturnType<typeof jpegDecoder>> | undefined;

async function openDecoder(): Promise<ReturnType<typeof jpegDecoder>> {
  const { jpegWasm } = await import("../generated/jpeg_wasm.js");
  const bytes = await unpack(jpegWasm);
  try {
    return jpegDecoder(await WebAssembly.compile(bytes as BufferSource));
  } catch (cause) {
    throw new XnorkitError(
      "unsupported",
      "this runtime did not compile the JPEG decoder, which is WebAssembly: give pictureDecoder a module that it " +
        "compiled itself",
      { cause },
    );
  }
}

/**
 * Decodes a PNG (any depth, interlaced too) or JPEG file to RGBA, told apart by their first bytes. A JPEG is turned
 * upright where its EXIF data says so.
 * @throws XnorkitError as the functions of `pictureDecoder`, which are for hosts that compile no bytes; `unsupported`
 *   on these.
 */
export async function decodePicture(file: FileBytes, options: DecodeOptions = {}): Promise<Image> {
  const bytes = bytesArgument("decodePicture", "bytes", file);
  const { name } = readDecodeOptions("decodePicture", options);
  if (readImageHeader(bytes, name).format === "png") return decodePng(bytes, options);
  decoder ??= openDecoder();
  return (await decoder)(bytes, options);
}
