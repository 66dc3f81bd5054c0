/**
 * The header of a PNG file (PNG specification, third edition, 5.6 and 11.2.1), as the header reader and the decoder
 * both see it.
 */
import { XnorkitError } from "../errors.js";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colorType: number;
  readonly interlaced: boolean;
}

export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Where the first chunk ends, which is the header: signature, length, type, 13 bytes, checksum. */
export const PNG_HEADER_END = 33;
const BODY = 16;
const IHDR = 0x49484452;

const DEPTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/**
 * Reads the IHDR chunk, which comes first. That it comes once is for the decoder to see, which reads on.
 * @throws XnorkitError `bad-file` if it does not come first, or states what no PNG has.
 */
export function readPngHeader(bytes: Uint8Array, name: string): PngHeader {
  const fail = (problem: string): never => {
    throw new XnorkitError("bad-file", `${name} starts like a PNG, but ${problem}`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PNG_HEADER_END || view.getUint32(12) !== IHDR || view.getUint32(8) !== 13) {
    fail(`has no IHDR chunk of 13 bytes at byte 8 (${bytes.length} bytes)`);
  }
  const [depth, colorType, compression, filter, interlace] = bytes.subarray(BODY + 8);
  if (!DEPTHS.get(colorType)?.includes(depth)) fail(`has ${depth} bits a sample in colour type ${colorType}`);
  if (compression !== 0 || filter !== 0 || interlace > 1) fail("its header asks for methods that do not exist");
  return {
    width: view.getUint32(BODY),
    height: view.getUint32(BODY + 4),
    depth,
    colorType,
    interlaced: interlace === 1,
  };
}
