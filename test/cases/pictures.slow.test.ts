/** Pictures of shared/cases, and their kind. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";
import { decodePicture } from "../../src/decode/index.js";
import { saveModel } from "../../src/formats/packed_model.js";
import {
  crop,
  type Image,
  imagenetCrop,
  mnistDigit,
  resizeBox,
  resizeShortSide,
  toRgb,
} from "../../src/image/index.js";
import { fromDescription } from "../../src/models/description.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { temporaryFolder, tinyDescription, xnorkit } from "../cli/support.js";
import { chunk, headerBody, pngOf } from "../decode/png_files.js";
import { paint } from "../image/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { type Measured, measure, temporaryFile } from "./measure.js";

const read = (name: string) => new Uint8Array(readFileSync(sharedPath(`cases/${name}`)));
const picture = (name: string) => decodePicture(read(name), { name });

/** A network that reads 3x16x16, packed, in a folder of its own. */
function tinyModel(): { readonly folder: string; readonly model: string } {
  const folder = temporaryFolder();
  const model = join(folder, "tiny.xnorkit");
  const graph = { ...fromDescription(tinyDescription), preprocess: { mean: [128], std: [64] } };
  writeFileSync(model, saveModel({ graph, weights: randomWeights(graph, 1) }));
  return { folder, model };
}

const cmyk = "cases/03_cmyk_jpeg";
describe("03 JPEGs of four colours", { skip: skipWithout(cmyk) }, () => {
  it("say CMYK", () =>
    assert.rejects(picture("03_cmyk_jpeg/cmyk.jpg"), { code: "unsupported", message: /four colours \(CMYK or YCCK/ }));

  it("in a folder are counted, and the others evaluated", async () => {
    const { folder, model } = tinyModel();
    const digit = new URL("../../examples/digits/7.png", import.meta.url);
    for (const name of ["0", "1", "2"]) {
      mkdirSync(join(folder, "data", name), { recursive: true });
      copyFileSync(digit, join(folder, "data", name, "a.png"));
      copyFileSync(digit, join(folder, "data", name, "z.png"));
    }
    copyFileSync(sharedPath(`${cmyk}/cmyk.jpg`), join(folder, "data/0/b.jpg"));
    writeFileSync(join(folder, "data/2/m.jpg"), new Uint8Array(10));
    const predictions = join(folder, "predictions.json");
    const argv = ["evaluate", "--data", join(folder, "data"), "--model", model, "--batch", "4"];
    const { code, stdout, stderr } = await xnorkit(...argv, "--json", "--predictions", predictions);
    assert.equal(code, 0, stderr);
    const { total, skipped } = JSON.parse(stdout) as { readonly total: number; readonly skipped: number };
    assert.deepEqual([total, skipped], [6, 2]);
    assert.match(
      stderr,
      /^note: 2 pictures could not be read and are not counted: \S+b\.jpg: .*CMYK.* and 1 others\n$/,
    );
    const list = JSON.parse(readFileSync(predictions, "utf8")) as readonly { readonly index: number }[];
    assert.deepEqual(
      list.map(({ index }) => index),
      [0, 2, 3, 4, 5, 7],
    );
  });

  it("alone in a folder end in their sentence", async () => {
    const { folder, model } = tinyModel();
    for (const name of ["0", "1", "2"]) {
      mkdirSync(join(folder, "data", name), { recursive: true });
      copyFileSync(sharedPath(`${cmyk}/cmyk.jpg`), join(folder, "data", name, "b.jpg"));
    }
    const { code, stderr } = await xnorkit("evaluate", "--data", join(folder, "data"), "--model", model);
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: \S+b\.jpg: .*CMYK/);
  });
});

const trailing = "04_png_trailing_bytes";
describe("04 bytes behind a PNG's end", { skip: skipWithout(`cases/${trailing}`) }, () => {
  it("are passed over", async () => {
    const [found, expected] = [
      await picture(`${trailing}/trail_after_iend.png`),
      await picture(`${trailing}/expected_same_pixels.png`),
    ];
    assert.deepEqual(found, expected);
  });
});

const thin = "cases/05_thin_pictures";
describe("05 thin pictures", () => {
  const assertSmall = ({ outcome, isInternal, peakBytes }: Measured, says: RegExp) => {
    assert.ok(!isInternal, outcome);
    assert.match(outcome, says);
    assert.ok(peakBytes < 100e6, `${peakBytes} bytes`);
  };
  const imports = `
    import { decodePicture } from "./src/decode/index.js";
    import { digitInput, imagenetCrop, toRgb } from "./src/image/index.js";`;
  const crops = "imagenetCrop(toRgb(await decodePicture(bytes)), 224, 224).data.length";

  for (const name of ["thin_1x50000.png", "thin_50000x1.png"]) {
    it(`${name} is cropped before it is resized`, { skip: skipWithout(thin) }, () => {
      const path = sharedPath(`${thin}/${name}`);
      assertSmall(measure(imports, crops, path), /^150528$/);
      assertSmall(measure(imports, "digitInput(await decodePicture(bytes)).data.length", path), /^1024$|no digit/);
    });
  }

  it("of a million pixels too", () => {
    const rows = deflateSync(new Uint8Array(2 * 10 ** 6));
    const path = temporaryFile("thin.png", pngOf(chunk("IHDR", headerBody(1, 10 ** 6, [8, 0])), chunk("IDAT", rows)));
    assertSmall(measure(imports, crops, path), /^150528$/);
  });

  it("through the command line", { skip: skipWithout(thin) }, async () => {
    const { model } = tinyModel();
    const { code, stderr } = await xnorkit("classify", sharedPath(`${thin}/thin_50000x1.png`), "--model", model);
    assert.equal(code, 0, stderr);
  });

  it("the part of a resized picture is the same as the part cut out of it", () => {
    const source = paint(37, 23, (x, y) => (x * 73 + y * 151) % 256);
    for (const side of [9, 23, 40]) {
      const whole = resizeShortSide(source, side);
      for (const box of [
        { left: 0, top: 0, width: 1, height: 1 },
        { left: 3, top: 2, width: 5, height: 7 },
        { left: whole.width - 4, top: whole.height - 3, width: 4, height: 3 },
      ]) {
        assert.deepEqual(resizeBox(source, whole.width, whole.height, box), crop(whole, box));
      }
    }
  });
});

const resize = "13_resize_short_side";
describe("13 the rules of resizing", { skip: skipWithout(`cases/${resize}`) }, () => {
  const difference = (a: Image, b: Image) =>
    a.data.reduce((most, level, i) => Math.max(most, Math.abs(level - b.data[i])), 0);

  it("torchvision's truncates the long side", async () => {
    const source = toRgb(await picture(`${resize}/640x427.png`));
    const expected = toRgb(await picture(`${resize}/expected_224_torchvision_rule.png`));
    const { width, height } = resizeShortSide(source, 256);
    assert.deepEqual([width, height], [383, 256]);
    assert.ok(difference(imagenetCrop(source, 224, 224), expected) <= 1);
    assert.ok(difference(imagenetCrop(source, 224, 224, { rule: "torchvision" }), expected) <= 1);
  });

  it("MXNet's truncates the margin too, and the rounded one rounds the side", async () => {
    const source = toRgb(await picture(`${resize}/640x427.png`));
    const truncated = resizeShortSide(source, 256, { rule: "mxnet" });
    const rounded = resizeShortSide(source, 256, { rule: "rounded" });
    assert.deepEqual([truncated.width, rounded.width], [383, 384]);
    const middle = (left: number) => ({ left, top: 16, width: 224, height: 224 });
    assert.deepEqual(imagenetCrop(source, 224, 224, { rule: "mxnet" }), crop(truncated, middle(79)));
    assert.deepEqual(imagenetCrop(source, 224, 224, { rule: "rounded" }), crop(rounded, middle(80)));
  });

  it("are options of the command line", async () => {
    const { model } = tinyModel();
    const classify = (...more: readonly string[]) =>
      xnorkit("classify", sharedPath(`cases/${resize}/640x427.png`), "--model", model, ...more);
    for (const rule of ["torchvision", "mxnet", "rounded"]) assert.equal((await classify("--resize", rule)).code, 0);
    const { code, stderr } = await classify("--resize", "best");
    assert.equal(code, 2);
    assert.match(stderr, /--resize is "best", expected one of torchvision, mxnet, rounded/);
  });
});

it("a white drawing on transparency is drawn on black, a dark one on white", () => {
  const ink = paint(40, 40, (x, y) => (x >= 10 && x < 18 && y >= 10 && y < 30 ? 255 : 0));
  const drawn = (level: number): Image => ({
    width: 40,
    height: 40,
    channels: 4,
    data: Uint8Array.from({ length: 6400 }, (_, i) => (i % 4 === 3 ? ink.data[i >> 2] : level)),
  });
  for (const level of [0, 90, 160, 255]) assert.deepEqual(mnistDigit(drawn(level)), mnistDigit(ink), `${level}`);
});

const hostile = "cases/20_hostile";
describe("20 pictures made to hurt", { skip: skipWithout(hostile) }, () => {
  const imports = 'import { decodePicture } from "./src/decode/index.js";';
  const cases: Readonly<Record<string, RegExp>> = {
    "two_ihdr_6000.png": /a second IHDR chunk at byte 33/,
    "scans_1MiB.jpg": /JPEG of 8\d{4} scans, expected 100 at most/,
  };
  for (const [name, says] of Object.entries(cases)) {
    it(name, () => {
      const measured = measure(imports, "(await decodePicture(bytes)).width", sharedPath(`${hostile}/${name}`));
      assert.ok(!measured.isInternal, measured.outcome);
      assert.match(measured.outcome, says);
      assert.ok(measured.peakBytes < 64e6, `${measured.peakBytes} bytes`);
    });
  }

  const limited = `import { pictureDecoder } from "./src/decode/index.js";
    import { readFile } from "node:fs/promises";
    import { createRequire } from "node:module";
    const wasm = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
    const decode = pictureDecoder(await WebAssembly.compile(await readFile(wasm)));`;

  it("hidden_6000x6000.jpg", () => {
    const path = sharedPath(`${hostile}/hidden_6000x6000.jpg`);
    const measured = measure(limited, "(await decode(bytes, { maxPixels: 16e6 })).width", path);
    assert.ok(!measured.isInternal, measured.outcome);
    assert.match(measured.outcome, /says it has 6000x6000 pixels; pictures of 1 to 16 million pixels are read/);
    assert.ok(measured.peakBytes < 64e6, `${measured.peakBytes} bytes`);
  });

  it("hidden_6000x6000.jpg where it may be read: memory in proportion to its pixels", () => {
    const measured = measure(limited, "(await decode(bytes)).width", sharedPath(`${hostile}/hidden_6000x6000.jpg`));
    assert.equal(measured.outcome, "6000");
    const pixels = 6000 * 6000;
    // The picture itself takes 4 bytes a pixel beside the decoder.
    assert.ok(measured.peakBytes <= (24 + 4) * pixels + 24 * 2 ** 20, `${measured.peakBytes} bytes`);
  });

  it("an interlaced PNG of 8x8 whose pixels inflate to 256 MB", () => {
    const data = deflateSync(new Uint8Array(2 ** 28));
    const file = pngOf(chunk("IHDR", headerBody(8, 8, [8, 0, 1])), chunk("IDAT", data));
    const measured = measure(imports, "(await decodePicture(bytes)).width", temporaryFile("bomb.png", file));
    assert.match(measured.outcome, /unpack to more than the expected 79 bytes/);
    assert.ok(measured.peakBytes < 64e6, `${measured.peakBytes} bytes`);
  });
});
