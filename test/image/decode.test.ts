/** The command line's decoder of PNG and JPEG, on whole and damaged files. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import encodeJpeg, { init as initJpegEncoder } from "@jsquash/jpeg/encode.js";
import fc from "fast-check";
import { PNG } from "pngjs";
import { decodePicture } from "../../src/decode/index.js";
import { XnorkitError } from "../../src/errors.js";
import { imagenetCrop, readImageHeader, toRgb, toTensor } from "../../src/image/index.js";
import { readTensors } from "../goldens/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const WIDTH = 17;
const HEIGHT = 9;

function samplePng(): Uint8Array {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < png.data.length; i++) png.data[i] = (i * 37) % 256;
  return Uint8Array.from(PNG.sync.write(png));
}

async function sampleJpeg(): Promise<Uint8Array> {
  const wasm = new URL("codec/enc/mozjpeg_enc.wasm", import.meta.resolve("@jsquash/jpeg/encode.js"));
  await initJpegEncoder(await WebAssembly.compile(readFileSync(wasm)));
  const data = Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : 90 + (i % 4) * 50,
  );
  return new Uint8Array(await encodeJpeg({ data, width: WIDTH, height: HEIGHT, colorSpace: "srgb" } as ImageData));
}

const refuses = (bytes: Uint8Array, message: RegExp) =>
  assert.rejects(decodePicture(bytes, { name: "x.png" }), (error) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.equal(error.code, "bad-file");
    assert.match(error.message, message);
    assert.match(error.message, /x\.png/);
    return true;
  });

test("a PNG decodes to its pixels", async () => {
  const picture = await decodePicture(samplePng());
  assert.deepEqual([picture.width, picture.height, picture.channels], [WIDTH, HEIGHT, 4]);
  assert.deepEqual(
    [...picture.data],
    Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i * 37) % 256),
  );
});

test("a grey PNG decodes to equal channels", async () => {
  const png = new PNG({ width: 2, height: 1, colorType: 0, inputColorType: 0 });
  png.data = Buffer.from([40, 200]);
  const { data } = await decodePicture(PNG.sync.write(png, { colorType: 0, inputColorType: 0 }));
  assert.deepEqual([...data], [40, 40, 40, 255, 200, 200, 200, 255]);
});

test("a JPEG decodes to its pixels", async () => {
  const bytes = await sampleJpeg();
  assert.deepEqual(readImageHeader(bytes), { format: "jpeg", width: WIDTH, height: HEIGHT });
  const { width, height, data } = await decodePicture(bytes);
  assert.deepEqual([width, height], [WIDTH, HEIGHT]);
  for (const [i, level] of data.entries()) assert.ok(Math.abs(level - (i % 4 === 3 ? 255 : 90 + (i % 4) * 50)) <= 4);
});

test("pictures decoded at once do not mix", async () => {
  const jpeg = await sampleJpeg();
  const cut = Uint8Array.of(...jpeg.subarray(0, jpeg.length - 40), 0xff, 0xd9);
  const results = await Promise.allSettled([jpeg, cut, samplePng(), jpeg].map((bytes) => decodePicture(bytes)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
});

test("what is no picture is refused with what it is", async () => {
  await refuses(new Uint8Array(0), /it is empty/);
  await refuses(new TextEncoder().encode("hello world"), /begins with bytes 68 65 6c 6c 6f/);
  await refuses(new TextEncoder().encode("GIF89a........"), /a GIF/);
  await refuses(samplePng().subarray(0, 20), /no IHDR chunk/);
  await refuses((await sampleJpeg()).subarray(0, 30), /no frame header/);
});

test("a picture that is too large or has no pixels is refused before it is decoded", async () => {
  const png = samplePng();
  const view = new DataView(png.buffer);
  view.setUint32(16, 20000);
  view.setUint32(20, 20000);
  await refuses(png, /20000x20000/);
  view.setUint32(16, 0);
  await refuses(png, /0x20000/);
});

test("a picture cut anywhere is refused", async () => {
  const jpeg = await sampleJpeg();
  for (const bytes of [samplePng(), jpeg]) {
    for (let length = 0; length < bytes.length - 1; length += 7) await refuses(bytes.subarray(0, length), /./);
  }
  // After a damaged picture the decoder still reads sound ones.
  assert.equal((await decodePicture(jpeg)).width, WIDTH);
});

test("damaged bytes end in a picture or in an error, never in anything else", async () => {
  const files = [samplePng(), await sampleJpeg()];
  const damage = fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.nat(1), damage, async (which, changes) => {
      const bytes = files[which].slice();
      for (const [place, value] of changes) bytes[place % bytes.length] = value;
      try {
        const { width, height, channels, data } = await decodePicture(bytes);
        assert.equal(data.length, width * height * channels);
      } catch (error) {
        assert.ok(error instanceof XnorkitError && ["bad-file", "unsupported"].includes(error.code), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

const SAMPLES = "data/imagenet/imagenet_samples_224.safetensors";
const JPEGS = "data/imagenet/jpeg";

test("ImageNet pictures come out as the samples that were made of them", {
  skip: skipWithout(SAMPLES, JPEGS),
}, async () => {
  const samples = readTensors(SAMPLES).get("images");
  assert.ok(samples !== undefined);
  const size = 3 * 224 * 224;
  for (const file of readdirSync(sharedPath(JPEGS))) {
    const bytes = readFileSync(sharedPath(`${JPEGS}/${file}`));
    const picture = imagenetCrop(toRgb(await decodePicture(bytes, { name: file })), 224, 224, { rule: "rounded" });
    const { data } = toTensor([picture], 3);
    const differences = Array.from({ length: samples.shape[0] }, (_, index) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += Math.abs(data[i] - samples.bytes[index * size + i]);
      return sum / size;
    });
    // Decoders enlarge halved colour planes (4:2:0) each in their own way: half a level without them, one with them. A
    // picture that is shifted by one pixel differs by 3 to 20 levels.
    assert.ok(Math.min(...differences) < 1.25, `${file}: ${Math.min(...differences)}`);
  }
});
