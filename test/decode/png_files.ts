/** PNG files of every kind, and pieces of them, written by hand. */
import { deflateSync } from "node:zlib";
import { randomStream } from "../../src/models/random.js";

/** What every PNG file begins with. */
export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface Kind {
  readonly colorType: number;
  readonly depth: number;
}

export const kinds: readonly Kind[] = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ colorType: 0, depth })),
  ...[8, 16].flatMap((depth) => [2, 4, 6].map((colorType) => ({ colorType, depth }))),
  ...[1, 2, 4, 8].map((depth) => ({ colorType: 3, depth })),
];
const SAMPLES = [1, 0, 3, 1, 2, 0, 4];

/** x and y of the first pixel and the steps of the seven passes. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A chunk with its length and CRC. */
export function chunk(type: string, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.write(type, 4, "latin1");
  bytes.set(body, 8);
  bytes.writeUInt32BE(checksum(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}

/** The CRC of Annex D, bit by bit. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A picture to be made of random bytes. */
export interface Drawing extends Kind {
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  readonly transparent: boolean;
  readonly seed: number;
}

/**
 * Random bytes are valid rows of any kind once the filters are in range: a filter says how bytes are read, not which
 * are allowed.
 */
export function drawPng({ width, height, colorType, depth, interlaced, transparent, seed }: Drawing): Uint8Array {
  const random = randomStream(seed, "png");
  const byte = () => random.bits() & 255;
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  const rows: Uint8Array[] = [];
  for (const [left, top, stepX, stepY] of passes) {
    const columns = Math.ceil((width - left) / stepX);
    const lines = Math.ceil((height - top) / stepY);
    if (columns <= 0 || lines <= 0) continue;
    const bytes = Math.ceil((columns * SAMPLES[colorType] * depth) / 8);
    for (let line = 0; line < lines; line++)
      rows.push(Uint8Array.from([byte() % 5, ...Array.from({ length: bytes }, byte)]));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, interlaced ? 1 : 0], 8);
  const colors = 2 ** depth;
  const data = deflateSync(Buffer.concat(rows));
  const clear = colorType === 3 ? colors - 1 : 2 * SAMPLES[colorType];
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    ...(colorType === 3 ? [chunk("PLTE", Uint8Array.from({ length: 3 * colors }, byte))] : []),
    ...(transparent && ![4, 6].includes(colorType) ? [chunk("tRNS", clearColor(colorType, depth, clear, byte))] : []),
    chunk("tEXt", Buffer.from("Comment\0random")),
    chunk("IDAT", data.subarray(0, data.length >> 1)),
    chunk("IDAT", data.subarray(data.length >> 1)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Alpha of the palette, or one colour in 16 bits a sample, small enough for the depth. */
function clearColor(colorType: number, depth: number, length: number, byte: () => number): Uint8Array {
  if (colorType === 3) return Uint8Array.from({ length }, byte);
  const mask = 2 ** Math.min(depth, 8) - 1;
  return Uint8Array.from({ length }, (_, i) => (i % 2 === 1 ? byte() & mask : depth === 16 ? byte() : 0));
}

/** The body of an IHDR chunk. */
export function headerBody(
  width: number,
  height: number,
  [depth, colorType, interlace]: readonly [depth: number, colorType: number, interlace?: number],
): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width);
  body.writeUInt32BE(height, 4);
  body.set([depth, colorType, 0, 0, interlace ?? 0], 8);
  return body;
}

/** A file of these chunks. */
export function pngOf(...chunks: readonly Buffer[]): Uint8Array {
  return Uint8Array.from(Buffer.concat([SIGNATURE, ...chunks, chunk("IEND", new Uint8Array())]));
}
