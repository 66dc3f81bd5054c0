/**
 * PNG files to pixels on any host: every colour type and depth, interlaced too (PNG specification, third edition). No
 * more is inflated than the picture's size makes, and a few rows at a time, so that the pixels themselves are what
 * memory is needed for.
 */
import { bytesArgument, type FileBytes, optionsArgument, refuseArgument } from "../arguments.js";
import { type InflateReader, inflateReader } from "../formats/inflate.js";
import { checkPixels, MAX_PIXELS } from "../image/header.js";
import type { Image } from "../image/image.js";
import type { PngHeader } from "../image/png_header.js";
import { type PngChunks, readPngChunks, refusePng } from "./png_chunks.js";
import { rowPainter, SAMPLES, unfilterRow, unpackRow } from "./png_rows.js";

/** What decoders of pictures take. */
export interface DecodeOptions {
  /** The most pixels that are decoded, by default `MAX_PIXELS`; a pixel takes 4 bytes. */
  readonly maxPixels?: number;
  /** What messages call the picture, its file as a rule. */
  readonly name?: string;
}

/** Options with their defaults. */
export function readDecodeOptions(callee: string, options: DecodeOptions): Required<DecodeOptions> {
  const { maxPixels = MAX_PIXELS, name = "the picture" } = optionsArgument(callee, ["maxPixels", "name"], options);
  if (typeof maxPixels !== "number" || !(maxPixels >= 1)) {
    refuseArgument(callee, "maxPixels", "a number of at least 1", maxPixels);
  }
  return { maxPixels, name };
}

/** One of the reduced pictures that the rows of a file belong to. */
interface Pass {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
}

const WHOLE: readonly Pass[] = [{ left: 0, top: 0, stepX: 1, stepY: 1 }];
/** The seven passes of Adam7, section 8.1. */
const ADAM7: readonly Pass[] = [
  { left: 0, top: 0, stepX: 8, stepY: 8 },
  { left: 4, top: 0, stepX: 8, stepY: 8 },
  { left: 0, top: 4, stepX: 4, stepY: 8 },
  { left: 2, top: 0, stepX: 4, stepY: 4 },
  { left: 0, top: 2, stepX: 2, stepY: 4 },
  { left: 1, top: 0, stepX: 2, stepY: 2 },
  { left: 0, top: 1, stepX: 1, stepY: 2 },
];

/** Rows are inflated in blocks of about so many bytes: long enough for zlib's fast loop. */
const BLOCK_BYTES = 1 << 16;

/**
 * Decodes a PNG file to RGBA with 8 bits a sample, alpha not premultiplied. Bytes behind the picture's last chunk, and
 * in its data behind the compressed stream, are passed over, as all readers do.
 * @throws XnorkitError `bad-file` if it is damaged (each chunk's CRC and the pixels' Adler-32 are compared), cut
 *   short, holds other than its size makes, or is larger than `maxPixels`; `unsupported` where it needs a chunk that
 *   nobody knows.
 */
export function decodePng(file: FileBytes, options: DecodeOptions = {}): Image {
  const bytes = bytesArgument("decodePng", "bytes", file);
  const { maxPixels, name } = readDecodeOptions("decodePng", options);
  const chunks = readPngChunks(bytes, name);
  const { width, height, interlaced } = chunks.header;
  checkPixels(width, height, maxPixels, name);
  const data = new Uint8Array(4 * width * height);
  const stream = inflateReader(chunks.data, "zlib", (reason) => refusePng(name, `of its pixels: ${reason}`));
  for (const pass of interlaced ? ADAM7 : WHOLE) paintPass(stream, chunks, pass, data, name);
  stream.end();
  return { width, height, channels: 4, data };
}

/** Bytes of a row of so many pixels, without its filter's byte. */
function rowBytesOf(columns: number, { colorType, depth }: PngHeader): number {
  return Math.ceil((columns * SAMPLES.get(colorType)! * depth) / 8);
}

function paintPass(stream: InflateReader, chunks: PngChunks, pass: Pass, rgba: Uint8Array, name: string): void {
  const { width, height, colorType, depth } = chunks.header;
  const columns = Math.ceil((width - pass.left) / pass.stepX);
  const rows = Math.ceil((height - pass.top) / pass.stepY);
  if (columns <= 0 || rows <= 0) return;
  const sampleCount = SAMPLES.get(colorType)!;
  const rowBytes = rowBytesOf(columns, chunks.header);
  const pixelBytes = Math.max((sampleCount * depth) >> 3, 1);
  const unpacked = depth === 8 ? null : new Uint16Array(columns * sampleCount);
  const paintRow = rowPainter(chunks, rgba, name);
  const blockRows = Math.min(Math.max(Math.floor(BLOCK_BYTES / (1 + rowBytes)), 1), rows);
  const block = new Uint8Array(blockRows * (1 + rowBytes));
  let above = new Uint8Array(rowBytes);
  for (let first = 0; first < rows; first += blockRows) {
    const some = block.subarray(0, Math.min(blockRows, rows - first) * (1 + rowBytes));
    // The row above the block lies where the next ones are going to.
    above = above.slice();
    stream.read(some);
    for (let at = 0, row = first; at < some.length; at += 1 + rowBytes, row++) {
      const line = some.subarray(at + 1, at + 1 + rowBytes);
      if (!unfilterRow(some[at], line, above, pixelBytes))
        refusePng(name, `a row has filter ${some[at]}; 0 to 4 exist`);
      if (unpacked !== null) unpackRow(line, depth, unpacked);
      paintRow(unpacked ?? line, 4 * ((pass.top + row * pass.stepY) * width + pass.left), 4 * pass.stepX);
      above = line;
    }
  }
}
