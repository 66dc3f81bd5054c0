/** Picture files to pixels, whichever of the two kinds they are. */
import { bytesArgument, type FileBytes } from "../arguments.js";
import { type Image, readImageHeader } from "../image/index.js";
import type { CompiledModule } from "../runtime/kernel_source.js";
import { jpegDecoder } from "./jpeg.js";
import { type DecodeOptions, decodePng } from "./png.js";

/** Decodes a PNG or JPEG file to RGBA. */
export type PictureDecoder = (bytes: FileBytes, options?: DecodeOptions) => Promise<Image>;

/**
 * A decoder of PNG and JPEG files to RGBA, told apart by their first bytes. Its function throws XnorkitError as
 * `decodePng` and `jpegDecoder` say, and `bad-file` for other formats, by their name where it is known.
 * @param module `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`, compiled.
 */
export function pictureDecoder(module: CompiledModule): PictureDecoder {
  const decodeJpeg = jpegDecoder(module);
  return async (file, options = {}) => {
    const bytes = bytesArgument("pictureDecoder", "bytes", file);
    const { format } = readImageHeader(bytes, options.name);
    return format === "png" ? decodePng(bytes, options) : decodeJpeg(bytes, options);
  };
}
