/** JPEG files: the header as decoders see it, the kinds that are not decoded, the bounds. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import encodeJpeg, { init as initJpegEncoder } from "@jsquash/jpeg/encode.js";
import { MAX_SCANS, pictureDecoder } from "../../src/decode/index.js";
import { type ErrorCode, XnorkitError } from "../../src/errors.js";
import { readImageHeader } from "../../src/image/index.js";
import { readJpegHeader } from "../../src/image/jpeg_header.js";

const wasm = (path: string) =>
  WebAssembly.compile(readFileSync(new URL(import.meta.resolve(`@jsquash/jpeg/codec/${path}`))));
const decode = pictureDecoder(await wasm("dec/mozjpeg_dec.wasm"));
await initJpegEncoder(await wasm("enc/mozjpeg_enc.wasm"));

const WIDTH = 40;
const HEIGHT = 24;

async function encoded(options: object = {}): Promise<Uint8Array> {
  const data = Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
  return new Uint8Array(
    await encodeJpeg({ data, width: WIDTH, height: HEIGHT, colorSpace: "srgb" } as ImageData, options),
  );
}

const progressive = await encoded({ progressive: true });
const baseline = await encoded({ progressive: false });

/** Where the segment of a marker begins. */
function segment(bytes: Uint8Array, marker: number): number {
  const at = Buffer.from(bytes).indexOf(Uint8Array.of(0xff, marker));
  assert.ok(at > 0);
  return at;
}

const SOF2 = 0xc2;
const SOS = 0xda;
const insert = (bytes: Uint8Array, at: number, ...parts: readonly Uint8Array[]) =>
  Uint8Array.from(Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at)]));

async function refuses(bytes: Uint8Array, code: ErrorCode, message: RegExp, maxPixels?: number): Promise<void> {
  await assert.rejects(decode(bytes, { name: "x.jpg", ...(maxPixels && { maxPixels }) }), (error) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /^x\.jpg /);
    assert.equal(error.code, code);
    return true;
  });
}

/** A segment of the comment kind that looks like a frame of 7x7 to who looks inside. */
const decoy = Uint8Array.of(0xff, 0xfe, 0, 13, 0xff, 0xc0, 0, 11, 8, 0, 7, 0, 7, 1, 1);

test("markers without a length, fill bytes and stray bytes are passed over", async () => {
  const frame = segment(progressive, SOF2);
  const bare = [0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7];
  for (const marker of bare) {
    // Taken for a length, the bytes behind the marker would lead over the real frame into the decoy.
    const hidden = insert(progressive, frame, Uint8Array.of(0xff, marker), decoy);
    assert.deepEqual(readImageHeader(hidden), { format: "jpeg", width: WIDTH, height: HEIGHT });
  }
  const filled = insert(progressive, frame, Uint8Array.of(0xff, 0xff, 0xff));
  const stray = insert(progressive, frame, Uint8Array.of(1, 2, 0xff, 0, 3));
  for (const bytes of [filled, stray, progressive, baseline]) {
    assert.deepEqual(readImageHeader(bytes), { format: "jpeg", width: WIDTH, height: HEIGHT });
    assert.equal((await decode(bytes)).width, WIDTH);
  }
});

test("the size that the decoder obeys is held to the limit", async () => {
  const hidden = insert(progressive, segment(progressive, SOF2), Uint8Array.of(0xff, 0x01), decoy);
  await refuses(
    hidden,
    "bad-file",
    /says it has 40x24 pixels; pictures of 1 to 959 pixels are read/,
    WIDTH * HEIGHT - 1,
  );
  assert.equal((await decode(progressive, { maxPixels: WIDTH * HEIGHT })).height, HEIGHT);
});

test("scans are counted and bounded", async () => {
  const scans = readJpegHeader(progressive, "x").scans;
  assert.ok(scans > 1 && scans < 20, `${scans}`);
  assert.equal(readJpegHeader(baseline, "x").scans, 1);
  const empty = Uint8Array.of(0xff, SOS, 0, 8, 1, 1, 0, 1, 1, 0);
  const end = progressive.length - 2;
  const many = (count: number) => insert(progressive, end, ...Array.from({ length: count }, () => empty));
  assert.equal(readJpegHeader(many(1000), "x").scans, scans + 1000);
  await refuses(many(MAX_SCANS), "bad-file", /JPEG of 1\d\d scans, expected 100 at most: it was made to take long/);
  await refuses(many(MAX_SCANS - scans), "bad-file", /premature end of data segment/);
});

test("kinds that are not decoded are named, and are no damage", async () => {
  const frame = segment(progressive, SOF2);
  const changed = (offset: number, value: number) => {
    const copy = progressive.slice();
    copy[frame + offset] = value;
    return copy;
  };
  await refuses(changed(1, 0xc3), "unsupported", /of the kind SOF3 \(lossless\), which is not decoded here/);
  await refuses(changed(1, 0xca), "unsupported", /SOF10 \(arithmetic coding\)/);
  await refuses(changed(4, 12), "unsupported", /has 12 bits a sample/);
  await refuses(changed(9, 4), "unsupported", /four colours \(CMYK or YCCK/);
  await refuses(changed(9, 2), "unsupported", /has 2 colours/);
});

test("damage is called damage, and the next picture decodes", async () => {
  const cut = Uint8Array.of(...baseline.subarray(0, baseline.length - 60), 0xff, 0xd9);
  const [bad, good] = await Promise.allSettled([decode(cut), decode(progressive)]);
  assert.equal(bad.status, "rejected");
  assert.equal(good.status, "fulfilled");
  await refuses(progressive.subarray(0, progressive.length - 2), "bad-file", /cut short: no end marker/);
  await refuses(progressive.subarray(0, 200), "bad-file", /no frame header|cut short/);
});
