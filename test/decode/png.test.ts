/** The PNG decoder against pngjs, on files of every kind. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { PNG } from "pngjs";
import { decodePng } from "../../src/decode/png.js";
import { XnorkitError } from "../../src/errors.js";
import { chunk, type Drawing, drawPng, headerBody, kinds, pngOf, SIGNATURE } from "./png_files.js";

const samples = Array.from({ length: 10 }, (_, digit) =>
  readFileSync(new URL(`../../examples/digits/${digit}.png`, import.meta.url)),
);

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
  const property = fc.property(drawing, ({ kind, ...rest }) => {
    const file = drawPng({ ...kind, ...rest });
    const expected = PNG.sync.read(Buffer.from(file));
    const { width, height, channels, data } = decodePng(file);
    assert.deepEqual({ width, height, channels }, { width: expected.width, height: expected.height, channels: 4 });
    assert.deepEqual(visible(data), visible(new Uint8Array(expected.data)));
  });
  fc.assert(property, { numRuns: 400 });
});

test("decodes the sample digits as pngjs does", async () => {
  for (const png of samples) {
    assert.deepEqual(decodePng(png).data, new Uint8Array(PNG.sync.read(Buffer.from(png)).data));
  }
});

const plain: Drawing = { width: 9, height: 7, colorType: 2, depth: 8, interlaced: false, transparent: false, seed: 1 };

/** A picture of one colour type, its rows given as bytes with their filters. */
const picture = (rows: Uint8Array, ...[width, height, kind]: Parameters<typeof headerBody>) =>
  pngOf(chunk("IHDR", headerBody(width, height, kind)), chunk("IDAT", deflateSync(rows)));

const refuses = (bytes: Uint8Array, message: RegExp, code = "bad-file") =>
  assert.throws(
    () => decodePng(bytes, { name: "x.png" }),
    (error) => {
      assert.ok(error instanceof XnorkitError, String(error));
      assert.match(error.message, message);
      assert.match(error.message, /^x\.png /);
      assert.equal(error.code, code);
      return true;
    },
  );

test("refuses damaged files with what is wrong", () => {
  const file = Buffer.from(drawPng(plain));
  const header = file.subarray(8, 33);
  const rest = file.subarray(33);
  const withHeader = (change: (body: Buffer) => void) => {
    const body = Buffer.from(header.subarray(8, 21));
    change(body);
    return Buffer.concat([SIGNATURE, chunk("IHDR", body), rest]);
  };
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [picture(new Uint8Array(197), 9, 7, [8, 2]), /more than the expected 196 bytes/],
    [withHeader((body) => body.writeUInt32BE(10)), /unpack to \d+ bytes, which is too few/],
    [withHeader((body) => body.writeUInt8(3, 8)), /3 bits a sample in colour type 2/],
    [withHeader((body) => body.writeUInt8(5, 9)), /colour type 5/],
    [withHeader((body) => body.writeUInt8(2, 12)), /methods that do not exist/],
    [withHeader((body) => body.writeUInt8(3, 9)), /no palette/],
    [Buffer.concat([SIGNATURE, rest]), /no IHDR chunk/],
    [Buffer.concat([SIGNATURE, chunk("tEXt", Buffer.from("a\0b")), header, rest]), /no IHDR chunk/],
    [Buffer.concat([file.subarray(0, 33), header, rest]), /a second IHDR chunk at byte 33/],
    [file.subarray(0, file.length - 12), /cut short/],
    [file.map((byte, i) => (i === 45 ? byte ^ 4 : byte)), /checksum/],
    [pngOf(header, chunk("IDAT", Buffer.from("no zlib data"))), /of its pixels: incorrect header check/],
    [pngOf(header), /no pixels/],
    [
      pngOf(header, chunk("IDAT", deflateSync(Buffer.alloc(7 * 28))), chunk("PLTE", Buffer.alloc(3))),
      /comes after the pixels/,
    ],
    [picture(Uint8Array.of(5, 0), 1, 1, [8, 0]), /a row has filter 5/],
    [
      pngOf(
        chunk("IHDR", headerBody(1, 1, [8, 3])),
        chunk("PLTE", Buffer.alloc(6)),
        chunk("IDAT", deflateSync(Uint8Array.of(0, 2))),
      ),
      /colour 2 of a palette of 2/,
    ],
  ];
  for (const [bytes, message] of cases) refuses(bytes, message);
  refuses(
    pngOf(header, chunk("CgBI", Buffer.alloc(4)), chunk("IDAT", deflateSync(Buffer.alloc(7 * 28)))),
    /the chunk CgBI at byte 33/,
    "unsupported",
  );
});

test("compares the checksum of the pixels", () => {
  const data = deflateSync(Uint8Array.of(0, 77));
  data[data.length - 1] ^= 1;
  refuses(pngOf(chunk("IHDR", headerBody(1, 1, [8, 0])), chunk("IDAT", data)), /incorrect data check/);
  const cut = deflateSync(Uint8Array.of(0, 77)).subarray(0, -2);
  refuses(pngOf(chunk("IHDR", headerBody(1, 1, [8, 0])), chunk("IDAT", cut)), /end early/);
});

test("passes over what follows the compressed pixels and the last chunk", () => {
  const data = Buffer.concat([deflateSync(Uint8Array.of(0, 77)), Buffer.from("trailing")]);
  const file = pngOf(
    chunk("IHDR", headerBody(1, 1, [8, 0])),
    ...[...data].map((byte) => chunk("IDAT", Uint8Array.of(byte))),
  );
  for (const bytes of [file, Buffer.concat([file, Buffer.from("more")])]) {
    assert.deepEqual([...decodePng(bytes).data], [77, 77, 77, 255]);
  }
});

test("inflates no more than the picture's size makes", () => {
  for (const interlace of [0, 1]) {
    const bomb = picture(new Uint8Array(2 ** 24), 8, 8, [8, 0, interlace]);
    refuses(bomb, /unpack to more than the expected \d+ bytes/);
  }
});

test("holds a picture to the limit of its pixels", () => {
  const rows = new Uint8Array(101 * 100);
  assert.equal(decodePng(picture(rows, 100, 100, [8, 0]), { maxPixels: 10_000 }).width, 100);
  assert.throws(
    () => decodePng(picture(rows, 100, 100, [8, 0]), { maxPixels: 9_999 }),
    /says it has 100x100 pixels; pictures of 1 to 9999 pixels are read/,
  );
  refuses(picture(rows, 20_000, 20_000, [8, 0]), /20000x20000 pixels; pictures of 1 to 100 million pixels/);
});

test("no change of one byte traps or hangs", () => {
  const file = drawPng({ ...plain, colorType: 3, depth: 4 });
  const property = fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
    const changed = Uint8Array.from(file, (byte, i) => (i === at ? byte ^ flip : byte));
    try {
      decodePng(changed);
    } catch (error) {
      assert.ok(error instanceof XnorkitError, String(error));
    }
  });
  fc.assert(property, { numRuns: 200 });
});
