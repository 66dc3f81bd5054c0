/** The chunks of a PNG file (PNG specification, third edition, section 5), each checked by its CRC. */
import { XnorkitError } from "../errors.js";
import { crc32 } from "../formats/crc32.js";
import { PNG_HEADER_END, type PngHeader, readPngHeader } from "../image/png_header.js";

export interface PngChunks {
  readonly header: PngHeader;
  /** RGB a colour. */
  readonly palette: Uint8Array;
  /** Alpha a colour of the palette, or the one colour that is clear. */
  readonly transparency: Uint8Array;
  /** The compressed pixels of all IDAT chunks. */
  readonly data: Uint8Array;
}

/** Length, type and CRC. */
const FRAME_BYTES = 12;
const SIGNATURE_BYTES = 8;

export function refusePng(name: string, what: string): never {
  throw new XnorkitError("bad-file", `${name} is a PNG that cannot be decoded: ${what}`);
}

interface Chunk {
  readonly type: string;
  readonly offset: number;
  readonly body: Uint8Array;
}

/** The chunks up to IEND; what follows it is not looked at. */
function* chunksOf(bytes: Uint8Array, name: string): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = SIGNATURE_BYTES; ; ) {
    if (offset + FRAME_BYTES > bytes.length) refusePng(name, `it is cut short at byte ${bytes.length}`);
    const length = view.getUint32(offset);
    const end = offset + 8 + length;
    if (end + 4 > bytes.length) {
      refusePng(
        name,
        `its chunk at byte ${offset} has ${length} bytes, more than the file: it is cut short or damaged`,
      );
    }
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (crc32(bytes.subarray(offset + 4, end)) !== view.getUint32(end)) {
      refusePng(name, `the checksum of its ${type} chunk at byte ${offset} is wrong`);
    }
    yield { type, offset, body: bytes.subarray(offset + 8, end) };
    if (type === "IEND") return;
    offset = end + 4;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** A chunk that a decoder must know has an upper-case first letter (section 5.4). */
const CRITICAL = /^[A-Z]/;

/**
 * Reads what the pixels need.
 * @throws XnorkitError as `decodePng`: the header must come first and once, and each kind of chunk at most once but for
 *   the pixels.
 */
export function readPngChunks(bytes: Uint8Array, name: string): PngChunks {
  const header = readPngHeader(bytes, name);
  const found = new Map<string, Uint8Array>();
  const data: Uint8Array[] = [];
  for (const { type, offset, body } of chunksOf(bytes, name)) {
    if (type === "IDAT") {
      data.push(body);
    } else if (type === "IHDR" || type === "PLTE" || type === "tRNS") {
      if (found.has(type)) refusePng(name, `it has a second ${type} chunk at byte ${offset}`);
      if (data.length > 0) refusePng(name, `its ${type} chunk at byte ${offset} comes after the pixels`);
      found.set(type, body);
    } else if (CRITICAL.test(type) && type !== "IEND") {
      throw new XnorkitError(
        "unsupported",
        `${name} is a PNG with the chunk ${type} at byte ${offset}, without which it cannot be shown and which ` +
          "nobody here knows: convert it",
      );
    }
  }
  const palette = found.get("PLTE") ?? new Uint8Array(0);
  if (header.colorType === 3 && palette.length < 3) refusePng(name, "it has no palette");
  if (data.length === 0) refusePng(name, `it has no pixels behind byte ${PNG_HEADER_END}`);
  return { header, palette, transparency: found.get("tRNS") ?? new Uint8Array(0), data: join(data) };
}
