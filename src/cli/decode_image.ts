import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import decodeJpegFile, { init as initJpeg } from "@jsquash/jpeg/decode.js";
import { PNG } from "pngjs";
import { XnorkitError } from "../errors.js";
import { readImageHeader } from "../image/header.js";
import { type Image, image } from "../image/image.js";

/**
 * Decodes a PNG (any depth, interlaced too) or JPEG file to RGBA. A JPEG is turned upright where its EXIF data says so.
 * @param name how messages call the picture, its file as a rule.
 * @throws XnorkitError `bad-file` where the bytes are no picture, are cut short or damaged, or the picture is larger than
 * `MAX_PIXELS`.
 */
export async function decodeImage(bytes: Uint8Array, name = "the picture"): Promise<Image> {
  const { format } = readImageHeader(bytes, name);
  try {
    return format === "png" ? decodePng(bytes) : await decodeJpeg(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError(
      "bad-file",
      `${name} is a ${format.toUpperCase()} that cannot be decoded (${reason}; ${bytes.length} bytes): it is damaged or cut short`,
      { cause },
    );
  }
}

function decodePng(bytes: Uint8Array): Image {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return image(width, height, 4, data);
}

let jpegDecoder: Promise<void> | undefined;
/** What the decoder had to say about the picture it is at; it would print it otherwise. */
let complaints: string[] = [];

let previousJpeg: Promise<unknown> = Promise.resolve();

/** One picture after the other: they share the decoder and its complaints. */
function decodeJpeg(bytes: Uint8Array): Promise<Image> {
  const decoded = previousJpeg.then(() => decodeNextJpeg(bytes));
  previousJpeg = decoded.catch(() => undefined);
  return decoded;
}

async function decodeNextJpeg(bytes: Uint8Array): Promise<Image> {
  try {
    jpegDecoder ??= loadJpegDecoder();
    await jpegDecoder;
    complaints = [];
    // The decoder wants an ArrayBuffer of its own; "preserve" means that the pixels are turned as the EXIF data says.
    const { width, height, data } = await decodeJpegFile(Uint8Array.from(bytes).buffer, { preserveOrientation: true });
    if (complaints.some((complaint) => /premature end/i.test(complaint))) throw new Error("its data ends early");
    return image(width, height, 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } catch (error) {
    // A failure leaves the decoder's heap in an unknown state; the next picture gets a fresh one.
    jpegDecoder = undefined;
    throw complaints.length > 0 ? new Error(complaints.join(", "), { cause: error }) : error;
  }
}

/**
 * The package finds its wasm file by itself in browsers only; here it is compiled from where the build puts a copy, which is as far
 * from src/cli as from dist/cli.
 */
async function loadJpegDecoder(): Promise<void> {
  const file = new URL("../../dist/wasm/mozjpeg_dec.wasm", import.meta.url);
  const decoder = await WebAssembly.compile(await readFile(fileURLToPath(file)));
  const options = {
    instantiateWasm: (imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void) => {
      const instance = new WebAssembly.Instance(decoder, imports);
      receive(instance);
      return instance.exports;
    },
    printErr: (complaint: string) => {
      complaints.push(complaint);
    },
  };
  await initJpeg(options);
}
