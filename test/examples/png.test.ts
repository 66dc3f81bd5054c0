/** The PNG decoder of the examples against pngjs, on files of every kind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { PNG } from "pngjs";
import type { Image } from "../../src/image/image.js";
import { randomStream } from "../../src/models/random.js";
import { importExample, samples } from "./support.js";

const { decodePng } = await importExample<{ decodePng(bytes: Uint8Array): Promise<Image> }>("support/png.js");

interface Kind {
  readonly colorType: number;
  readonly depth: number;
}

const kinds: readonly Kind[] = [
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

function chunk(type: string, body: Uint8Array): Buffer {
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

interface Drawing extends Kind {
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  readonly transparent: boolean;
  readonly seed: number;
}

/** Random bytes are valid rows of any kind once the filters are in range: a filter says how bytes are read, not which are allowed. */
function drawPng({ width, height, colorType, depth, interlaced, transparent, seed }: Drawing): Uint8Array {
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

/** pngjs turns pixels of the transparent colour black; whatever is clear counts as nothing here. */
function visible(rgba: Uint8Array): Uint8Array {
  return rgba.map((level, i) => (rgba[i | 3] === 0 ? 0 : level));
}

test("decodes every colour type and depth, interlaced or not, as pngjs does", async () => {
  const drawing = fc.record({
    kind: fc.constantFrom(...kinds),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    interlaced: fc.boolean(),
    transparent: fc.boolean(),
    seed: fc.nat(),
  });
  const property = fc.asyncProperty(drawing, async ({ kind, ...rest }) => {
    const file = drawPng({ ...kind, ...rest });
    const expected = PNG.sync.read(Buffer.from(file));
    const { width, height, channels, data } = await decodePng(file);
    assert.deepEqual({ width, height, channels }, { width: expected.width, height: expected.height, channels: 4 });
    assert.deepEqual(visible(data), visible(new Uint8Array(expected.data)));
  });
  await fc.assert(property, { numRuns: 400 });
});

test("decodes the sample digits as pngjs does", async () => {
  for (const png of samples) {
    assert.deepEqual((await decodePng(png)).data, new Uint8Array(PNG.sync.read(Buffer.from(png)).data));
  }
});

const plain: Drawing = { width: 9, height: 7, colorType: 2, depth: 8, interlaced: false, transparent: false, seed: 1 };

test("refuses damaged files with what is wrong", async () => {
  const file = Buffer.from(drawPng(plain));
  const header = file.subarray(8, 33);
  const rest = file.subarray(33);
  const withHeader = (change: (body: Buffer) => void) => {
    const body = Buffer.from(header.subarray(8, 21));
    change(body);
    return Buffer.concat([file.subarray(0, 8), chunk("IHDR", body), rest]);
  };
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [withHeader((body) => body.writeUInt32BE(8)), /more than the/],
    [withHeader((body) => body.writeUInt32BE(10)), /of the \d+ bytes/],
    [withHeader((body) => body.writeUInt8(3, 8)), /3 bits a sample in colour type 2/],
    [withHeader((body) => body.writeUInt8(5, 9)), /colour type 5/],
    [withHeader((body) => body.writeUInt8(2, 12)), /methods that do not exist/],
    [withHeader((body) => body.writeUInt8(3, 9)), /no palette/],
    [Buffer.concat([file.subarray(0, 8), rest]), /no header/],
    [file.subarray(0, file.length - 12), /cut short/],
    [file.map((byte, i) => (i === 45 ? byte ^ 4 : byte)), /checksum/],
    [
      Buffer.concat([
        file.subarray(0, 33),
        chunk("IDAT", Buffer.from("no zlib data")),
        chunk("IEND", new Uint8Array()),
      ]),
      /compressed data is damaged/,
    ],
  ];
  for (const [bytes, message] of cases) await assert.rejects(decodePng(bytes), message);
});

test("no change of one byte traps or hangs", async () => {
  const file = drawPng({ ...plain, colorType: 3, depth: 4 });
  const property = fc.asyncProperty(
    fc.nat({ max: file.length - 1 }),
    fc.integer({ min: 1, max: 255 }),
    async (at, flip) => {
      const changed = Uint8Array.from(file, (byte, i) => (i === at ? byte ^ flip : byte));
      await decodePng(changed).catch((error: Error) => assert.match(error.message, /^the PNG cannot be decoded/));
    },
  );
  await fc.assert(property, { numRuns: 200 });
});
