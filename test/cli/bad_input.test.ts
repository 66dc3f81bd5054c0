/** Every kind of bad input ends in one sentence with the place, exit code 1, and nothing written. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { type RawTensor, rawFloat32, writeSafetensors } from "../../src/formats/safetensors.js";
import { tinyDescription, tinyFiles, tinyTensors, waves, writePng, xnorkit } from "./support.js";

const files = tinyFiles();
const { folder } = files;
const weightsBytes = readFileSync(files.weights);
const inputBytes = readFileSync(files.input);

/** Runs a command that must fail on its input, and looks that no file came or changed. */
async function refuses(argv: readonly string[], ...says: readonly RegExp[]): Promise<void> {
  const before = snapshot();
  const { code, stdout, stderr } = await xnorkit(...argv);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^xnorkit: [^\n]+\n$/);
  assert.doesNotMatch(stderr, /internal error/);
  for (const pattern of says) assert.match(stderr, pattern);
  assert.deepEqual(snapshot(), before);
}

function snapshot(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

const runTiny = (...more: readonly string[]) => [
  "run",
  "--model",
  files.description,
  "--weights",
  files.weights,
  "--input",
  files.input,
  "--output",
  files.output,
  ...more,
];
const convertTiny = () => ["convert", files.description, join(folder, "tiny.xnorkit"), "--weights", files.weights];

/** What the tests before may have damaged. */
function wholeFiles(): void {
  writeFileSync(files.weights, weightsBytes);
  writeFileSync(files.input, inputBytes);
}

describe("bad weights", () => {
  beforeEach(wholeFiles);

  const conv = "features.3.0.body.0.qconv.weight";
  const variance = "features.3.0.body.1.running_var";
  const changed = (change: (tensors: Map<string, RawTensor>) => void) => {
    const tensors = tinyTensors();
    change(tensors);
    return writeSafetensors(tensors);
  };
  const withElement = (name: string, index: number, value: number) =>
    changed((tensors) => {
      const { shape, bytes } = tensors.get(name)!;
      const values = new Float32Array(bytes.slice().buffer);
      values[index] = value;
      tensors.set(name, rawFloat32(shape, values));
    });

  const cases: Readonly<Record<string, readonly [bytes: () => Uint8Array, ...says: readonly RegExp[]]>> = {
    "a file cut short": [
      () => weightsBytes.subarray(0, weightsBytes.length - 5),
      /weights\.safetensors: /,
      new RegExp(`byte ${weightsBytes.length}\\b.*${weightsBytes.length - 5} bytes: it is cut short`),
    ],
    "a header cut short": [() => weightsBytes.subarray(0, 100), /header length at byte 0 is \d+, expected 2 to 92/],
    "an oversized file": [
      () => Buffer.concat([weightsBytes, Buffer.alloc(3)]),
      new RegExp(`ends at byte ${weightsBytes.length}, but the file has ${weightsBytes.length + 3} bytes`),
    ],
    "an empty file": [() => new Uint8Array(0), /weights\.safetensors: .*empty/],
    "a picture": [() => readFileSync(new URL("../../examples/digits/3.png", import.meta.url)), /this is a PNG picture/],
    "a missing parameter": [
      () => changed((tensors) => tensors.delete(conv)),
      new RegExp(`parameter ${conv} \\(8x8x3x3, for layer .*\\) is not in the weights`),
    ],
    "a surplus parameter": [
      () => changed((tensors) => tensors.set("features.99.weight", waves([4]))),
      /features\.99\.weight/,
    ],
    "a parameter of another shape": [
      () => changed((tensors) => tensors.set(conv, waves([8, 4, 3, 3]))),
      new RegExp(`${conv} has shape 8x4x3x3, but layer .* needs 8x8x3x3`),
    ],
    "a NaN": [() => withElement(conv, 17, Number.NaN), new RegExp(`${conv} is NaN at .*element 17`)],
    "a NaN in a batch norm": [
      () => withElement(variance, 2, Number.NaN),
      new RegExp(`${variance} is NaN at .*element 2`),
    ],
    "an infinity": [() => withElement("output.bias", 1, Infinity), /output\.bias is Infinity at .*element 1/],
    "a negative variance": [() => withElement(variance, 2, -1), new RegExp(`${variance} is -1 at`)],
    integers: [
      () => changed((tensors) => tensors.set(conv, { dtype: "I8", shape: [8, 8, 3, 3], bytes: new Uint8Array(576) })),
      new RegExp(`${conv}.* dtype I8`),
    ],
  };
  for (const [what, [bytes, ...says]] of Object.entries(cases)) {
    it(`run refuses ${what}`, () => {
      writeFileSync(files.weights, bytes());
      return refuses(runTiny(), ...says);
    });
    it(`run --reference refuses ${what}`, () => {
      writeFileSync(files.weights, bytes());
      return refuses(runTiny("--reference"), ...says);
    });
    it(`convert refuses ${what}`, () => {
      writeFileSync(files.weights, bytes());
      return refuses(convertTiny(), /weights\.safetensors: /, ...says);
    });
  }

  it("run takes what frameworks are known to save beside", async () => {
    const bytes = changed((tensors) =>
      tensors.set("features.0.num_batches_tracked", { dtype: "I64", shape: [], bytes: new Uint8Array(8) }),
    );
    writeFileSync(files.weights, bytes);
    const { code, stderr } = await xnorkit(...runTiny("--output", join(folder, "extra.safetensors")));
    assert.equal(code, 0, stderr);
  });
});

describe("bad input tensors", () => {
  beforeEach(wholeFiles);

  const cases: Readonly<Record<string, readonly [tensors: Map<string, RawTensor>, ...says: readonly RegExp[]]>> = {
    "channels of another number": [new Map([["input", waves([1, 4, 16, 16])]]), /3 channels.*shape 1x4x16x16/],
    "axes of another number": [new Map([["input", waves([3, 16, 16])]]), /shape 3x16x16/],
    "no tensor of the name": [new Map([["x", waves([1, 3, 16, 16])]]), /holds no tensor "input" \(its tensors: x\)/],
    integers: [
      new Map([["input", { dtype: "I32", shape: [1, 3, 1, 1], bytes: new Uint8Array(12) }]]),
      /"input" has dtype I32/,
    ],
  };
  for (const [what, [tensors, ...says]] of Object.entries(cases)) {
    it(`run refuses ${what}`, () => {
      writeFileSync(files.input, writeSafetensors(tensors));
      return refuses(runTiny(), /input\.safetensors: /, ...says);
    });
  }

  it("run refuses a file cut short", () => {
    writeFileSync(files.input, inputBytes.subarray(0, 1000));
    return refuses(runTiny(), /input\.safetensors: .*file has 1000 bytes: it is cut short/);
  });
  it("run refuses an unknown tap and names the closest", () =>
    refuses(runTiny("--taps", "features.3.0.bodi"), /"features\.3\.0\.bodi".*"features\.3\.0\.body"/));
});

describe("bad models", () => {
  beforeEach(wholeFiles);

  const modelFile = join(folder, "model.json");
  const describe = (change: object) => writeFileSync(modelFile, JSON.stringify({ ...tinyDescription, ...change }));

  it("an unknown name", () => refuses(["summary", "resnet18_e3"], /"resnet18_e3".*"resnet18_e1"/));
  it("a path without a file", () => refuses(["summary", "no/such.json"], /"no\/such\.json"/));
  it("a folder", () => refuses(["summary", folder], /is a folder/));
  it("JSON cut short", () => {
    writeFileSync(modelFile, '{"framework": ');
    return refuses(["summary", modelFile], /model\.json: .*not JSON/);
  });
  it("a description with a wrong value", () => {
    describe({ model: { ...tinyDescription.model, channels: [8, 8] } });
    return refuses(["summary", modelFile], /model\.json: channels has 2 numbers for 2 stages/);
  });
  it("a description with an unknown key", () => {
    describe({ model: { ...tinyDescription.model, clases: 3 } });
    return refuses(["summary", modelFile], /model\.json: .*"clases".*"classes"/);
  });
  it("an MXNet symbol", () => {
    writeFileSync(modelFile, '{\n  "nodes": [], "heads": []}');
    return refuses(["summary", modelFile], /model\.json: .*MXNet symbol/);
  });
  it("float weights in place of a network", () =>
    refuses(["summary", files.weights], /weights\.safetensors: .*no description/));
  it("a packed model of a later format", async () => {
    const packed = join(folder, "later.xnorkit");
    assert.equal((await xnorkit("convert", files.description, packed, "-w", files.weights)).code, 0);
    const text = readFileSync(packed, "latin1").replace('"format_version":"1"', '"format_version":"9"');
    writeFileSync(packed, text, "latin1");
    return refuses(["summary", packed], /later\.xnorkit: .*format version "9"/);
  });
  it("labels of another number", () =>
    refuses(["classify", "x.png", "--labels", "a,b"], /--labels a,b: 2 names, but digits has 10 outputs/));
});

describe("bad pictures and data sets", () => {
  it("no picture at all", () => refuses(["classify", files.description], /tiny\.json: .*not a PNG or JPEG picture/));
  it("a picture that is not there", () =>
    refuses(["classify", join(folder, "none.png")], /none\.png: there is no such file/));
  it("a picture cut short, after a good one", () => {
    const good = new URL("../../examples/digits/3.png", import.meta.url).pathname;
    const cut = join(folder, "cut.png");
    const bytes = readFileSync(good);
    writeFileSync(cut, bytes.subarray(0, bytes.length >> 1));
    return refuses(["classify", good, cut], /cut\.png: .*PNG/);
  });
  it("a picture without a drawing", () => {
    const blank = join(folder, "blank.png");
    writePng(blank, 40, 40, () => 200);
    return refuses(["classify", blank], /blank\.png: no digit was found/);
  });
  it("a folder without pictures", () => {
    mkdirSync(join(folder, "none"));
    return refuses(["classify", join(folder, "none")], /none: the folder holds no PNG or JPEG/);
  });
  it("data that are not there", () =>
    refuses(["evaluate", "--data", join(folder, "absent")], /absent: there is no such/));
  it("images without their labels", () => {
    const lonely = join(folder, "lonely");
    mkdirSync(lonely);
    writeFileSync(join(lonely, "t10k-images-idx3-ubyte"), new Uint8Array(16));
    return refuses(["evaluate", "--data", lonely], /no file of labels beside it, expected .*t10k-labels-idx1-ubyte/);
  });
  it("data that no network of this size reads", () => {
    const batch = join(folder, "test_batch.bin");
    writeFileSync(batch, new Uint8Array(3073));
    return refuses(["evaluate", "--data", batch], /the images are 3x32x32, but digits reads 1x32x32/);
  });
});

describe("places that cannot be written", () => {
  beforeEach(wholeFiles);

  it("a folder that is not there", () =>
    refuses(runTiny("--output", join(folder, "absent", "y.safetensors")), /absent.*y\.safetensors: there is no such/));
  it("a folder as the file", () => refuses(runTiny("--output", folder), /is a folder/));
  it("a folder as the packed file, named once", () =>
    refuses(["convert", files.description, folder, "--weights", files.weights], /^xnorkit: [^: ]+: it is a folder/));
});
