/**
 * JPEG files to pixels on any host: mozjpeg in WebAssembly, from the compiled module that the host gives, within
 * bounds.
 */
import createDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { bytesArgument, type FileBytes, kindOf, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { checkPixels } from "../image/header.js";
import { type Image, image } from "../image/image.js";
import { type JpegHeader, readJpegHeader } from "../image/jpeg_header.js";
import type { CompiledModule } from "../runtime/kernel_source.js";
import { type DecodeOptions, readDecodeOptions } from "./png.js";

/**
 * Scans of a progressive picture, each of which is a walk through all of its blocks however little it holds. Encoders
 * write about ten; one for each bit of each coefficient would be more than a hundred.
 */
export const MAX_SCANS = 100;

/**
 * What the decoder needs for a picture: its pixels, coefficients, planes, and copies of the pixels while it turns them.
 */
const BYTES_PER_PIXEL = 24;
const FREE_BYTES = 24 * 2 ** 20;
/** A decoder whose memory has grown beyond this is given back: WebAssembly memory never shrinks. */
const KEPT_BYTES = 32 * 2 ** 20;

const PROCESSES: ReadonlyMap<number, string> = new Map([
  [3, "lossless"],
  [5, "differential"],
  [6, "differential"],
  [7, "differential and lossless"],
  [9, "arithmetic coding"],
  [10, "arithmetic coding"],
  [11, "arithmetic coding and lossless"],
  [13, "arithmetic coding and differential"],
  [14, "arithmetic coding and differential"],
  [15, "arithmetic coding and lossless"],
]);

/** What a file is in words that its maker knows; null if it is of the common kind. */
function uncommon({ process, precision, components }: JpegHeader): string | null {
  const kind = PROCESSES.get(process);
  if (kind !== undefined) return `is of the kind SOF${process} (${kind})`;
  if (precision !== 8) return `has ${precision} bits a sample`;
  if (components === 4) return "has four colours (CMYK or YCCK, made for printing)";
  return components === 1 || components === 3 ? null : `has ${components} colours`;
}

/**
 * Checks that the decoder may be given a file.
 * @throws XnorkitError as `jpegDecoder`.
 */
function checkJpeg(bytes: Uint8Array, maxPixels: number, name: string): JpegHeader {
  const header = readJpegHeader(bytes, name);
  checkPixels(header.width, header.height, maxPixels, name);
  const reason = uncommon(header);
  if (reason !== null) {
    throw new XnorkitError(
      "unsupported",
      `${name} is a JPEG that ${reason}, which is not decoded here: convert it to RGB of 8 bits`,
    );
  }
  if (header.scans > MAX_SCANS) {
    throw new XnorkitError(
      "bad-file",
      `${name} is a JPEG of ${header.scans} scans, expected ${MAX_SCANS} at most: it was made to take long`,
    );
  }
  return header;
}

/** The decoder returns its pixels in one of these, which only browsers have. */
function pixelData(data: Uint8ClampedArray, width: number, height: number): object {
  return { data, width, height };
}

type Decoder = Awaited<ReturnType<typeof createDecoder>>;

interface OpenDecoder {
  readonly decoder: Decoder;
  readonly memory: WebAssembly.Memory;
  /** What it said of the picture that it is at. */
  complaints: string[];
  /** Its memory may grow so far. */
  mostBytes: number;
}

const PAGE_BYTES = 65536;

/** A memory that grows no further than it may: the decoder takes what it is refused for a machine that has no more. */
function boundGrowth(memory: WebAssembly.Memory, most: () => number): void {
  Object.defineProperty(memory, "grow", {
    value: (pages: number) => {
      if (memory.buffer.byteLength + pages * PAGE_BYTES > most()) throw new RangeError("out of bounds");
      return WebAssembly.Memory.prototype.grow.call(memory, pages);
    },
  });
}

async function openDecoder(module: WebAssembly.Module): Promise<OpenDecoder> {
  const state: { complaints: string[]; mostBytes: number; memory: WebAssembly.Memory | null } = {
    complaints: [],
    mostBytes: 0,
    memory: null,
  };
  if (!("ImageData" in globalThis)) Object.assign(globalThis, { ImageData: pixelData });
  const decoder = await createDecoder({
    noInitialRun: true,
    instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(module, imports);
      for (const value of Object.values(instance.exports)) {
        if (value instanceof WebAssembly.Memory) state.memory = value;
      }
      boundGrowth(state.memory!, () => state.mostBytes);
      receive(instance);
      return instance.exports;
    },
    printErr: (complaint: string) => {
      state.complaints.push(complaint);
    },
  });
  return Object.assign(state as { complaints: string[]; mostBytes: number }, { decoder, memory: state.memory! });
}

/** The decoder's reasons, told apart: what it does not know is no damage. */
function failure(name: string, reasons: readonly string[], cause: unknown): XnorkitError {
  const reason = reasons.join(", ");
  return /unsupported|not supported/i.test(reason)
    ? new XnorkitError("unsupported", `${name} is a JPEG of a kind that is not decoded here (${reason}): convert it`, {
        cause,
      })
    : new XnorkitError("bad-file", `${name} is a JPEG that cannot be decoded (${reason}): it is damaged or cut short`, {
        cause,
      });
}

/**
 * A decoder of JPEG files to RGBA, turned upright as their EXIF data says. Pictures that are decoded at once wait for
 * each other: they share its memory, which may grow in proportion to the picture's pixels and no further.
 *
 * Its function throws XnorkitError `bad-file` where a file is damaged, cut short, larger than `maxPixels` or has more
 * than `MAX_SCANS` scans; `unsupported` for CMYK, 12 bits a sample, lossless and arithmetic coding.
 * @param module `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`, compiled.
 */
export function jpegDecoder(module: CompiledModule): (bytes: FileBytes, options?: DecodeOptions) => Promise<Image> {
  if (kindOf(module) !== "WebAssembly.Module") {
    refuseArgument("jpegDecoder", "module", "a compiled WebAssembly.Module", module);
  }
  let opened: OpenDecoder | null = null;
  let previous: Promise<unknown> = Promise.resolve();

  async function decode(bytes: Uint8Array, { maxPixels, name }: Required<DecodeOptions>): Promise<Image> {
    const { width, height } = checkJpeg(bytes, maxPixels, name);
    opened ??= await openDecoder(module as WebAssembly.Module);
    const { decoder, memory } = opened;
    opened.complaints = [];
    opened.mostBytes = FREE_BYTES + 2 * bytes.length + BYTES_PER_PIXEL * width * height;
    try {
      const pixels = decoder.decode(Uint8Array.from(bytes).buffer, true);
      if (pixels === null) throw new Error("it has no pixels");
      if (opened.complaints.some((complaint) => /premature end/i.test(complaint)))
        throw new Error("its data end early");
      const { data } = pixels;
      if (memory.buffer.byteLength > KEPT_BYTES) opened = null;
      return image(pixels.width, pixels.height, 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    } catch (cause) {
      const { complaints } = opened!;
      // A failure leaves the decoder's memory in an unknown state: the next picture gets a fresh one.
      opened = null;
      throw failure(
        name,
        complaints.length > 0 ? complaints : [cause instanceof Error ? cause.message : String(cause)],
        cause,
      );
    }
  }

  return async (file, options = {}) => {
    const bytes = bytesArgument("jpegDecoder", "bytes", file);
    const read = readDecodeOptions("jpegDecoder", options);
    const decoded = previous.then(() => decode(bytes, read));
    previous = decoded.catch(() => undefined);
    return decoded;
  };
}
