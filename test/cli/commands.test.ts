/** The commands, each from its arguments to the file or text that it writes. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { plainLabel } from "../../src/classify/labels.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { readWeights } from "../../src/formats/read_weights.js";
import { rawFloat32, writeSafetensors } from "../../src/formats/safetensors.js";
import { fromDescription } from "../../src/models/description.js";
import { digitsModel } from "../../src/models/digits.js";
import { runReference } from "../../src/reference/index.js";
import { readTensors, tinyDescription, tinyFiles, tinyTensors, waves, xnorkit, xnorkitJson } from "./support.js";

const files = tinyFiles();
const { folder } = files;
const graph = fromDescription(tinyDescription);
const weights = readWeights(new Uint8Array(readFileSync(files.weights)));
const tiny = ["--model", files.description, "--weights", files.weights];
const digit = (name: number) => new URL(`../../examples/digits/${name}.png`, import.meta.url).pathname;

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) <= tolerance, `element ${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

describe("--threads", () => {
  it("gives run and classify the bits of one thread", async () => {
    const argv = ["run", ...tiny, "--input", files.input, "--output", files.output];
    const outputs: Uint8Array[] = [];
    for (const threads of [[], ["--threads", "3"], ["--threads", "auto"]]) {
      await xnorkitJson(...argv, ...threads);
      outputs.push(new Uint8Array(readFileSync(files.output)));
    }
    assert.deepEqual(outputs.slice(1), [outputs[0], outputs[0]]);
    const labels = async (...threads: readonly string[]) => {
      const rows = await xnorkitJson<{ top: unknown }[]>("classify", digit(3), digit(7), ...threads);
      return rows.map(({ top }) => top);
    };
    assert.deepEqual(await labels("--threads", "2"), await labels());
  });

  it("refuses what is no number of threads", async () => {
    for (const threads of ["0", "65", "1.5", "-1", "two", ""]) {
      const { code, stderr } = await xnorkit("classify", digit(3), `--threads=${threads}`);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--threads is ".*", expected a whole number from 1 to 64, or auto/);
    }
    for (const argv of [
      ["kernels", "--threads", "2"],
      ["models", "--threads", "auto"],
      ["peers", "--threads", "1,2"],
    ]) {
      const { code, stderr } = await xnorkit("bench", ...argv);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--threads is/);
    }
  });
});

describe("run", () => {
  const input = waves([1, 3, 16, 16]);
  const x = { shape: input.shape, data: new Float32Array(input.bytes.buffer) };
  const taps = ["features.3.0.body.0", "features.4"];
  const expected = runReference(graph, weights, x, {
    taps: taps.map((tap) => graph.modules.find(({ path }) => path === tap)!.output),
  });

  for (const engine of [[], ["--reference"]]) {
    it(`writes output and taps in F32 ${engine.join("")}`, async () => {
      const argv = ["run", ...tiny, "--input", files.input, "--output", files.output, "--taps", taps.join(",")];
      const report = await xnorkitJson<Record<string, unknown>>(...argv, ...engine);
      assert.deepEqual(Object.keys(report), ["output", "shape", "taps", "ms"]);
      assert.deepEqual(report.shape, [1, 3]);
      assert.deepEqual(report.taps, { "features.3.0.body.0": [1, 8, 16, 16], "features.4": [1, 12, 8, 8] });

      const written = readTensors(files.output);
      assert.deepEqual([...written.keys()], ["output", ...taps.map((tap) => `tap:${tap}`)]);
      assertClose(written.get("output")!.data, expected.output.data, 1e-4);
      for (const [index, { data }] of [...expected.taps.values()].entries()) {
        assertClose(written.get(`tap:${taps[index]}`)!.data, data, 1e-4);
      }
    });
  }

  it("measures each step with --profile", async () => {
    const argv = ["run", ...tiny, "--input", files.input, "--output", files.output, "--profile"];
    const { profile } = await xnorkitJson<{ profile: Record<string, unknown>[] }>(...argv);
    assert.ok(profile.length > 5);
    assert.ok(profile.some(({ kind, binaryMacs }) => String(kind).startsWith("binaryConv2d") && binaryMacs));
    const { stdout } = await xnorkit(...argv);
    assert.match(stdout, /^step +kind +ms +% +M MACs +GMAC\/s +kB$/m);
    assert.equal(stdout.split("\n").filter((line) => /^\S+ +\S.* \d+\.\d{3} /.test(line)).length, profile.length);
  });

  it("reads every kind of model alike", async () => {
    const packed = join(folder, "kinds.xnorkit");
    const described = join(folder, "described.safetensors");
    writeFileSync(
      described,
      writeSafetensors(tinyTensors(), new Map([["description", JSON.stringify(tinyDescription)]])),
    );
    assert.equal((await xnorkit("convert", described, packed)).code, 0);
    const outputs: Float32Array[] = [];
    for (const model of [tiny, ["-m", packed], ["-m", described], ["-m", files.description, "-w", packed]]) {
      const { code, stderr } = await xnorkit("run", ...model, "-i", files.input, "-o", files.output);
      assert.equal(code, 0, stderr);
      outputs.push(readTensors(files.output).get("output")!.data);
    }
    for (const output of outputs) assert.deepEqual(output, outputs[0]);
  });

  it("takes pixels through the stated preprocessing", async () => {
    const pixels = Uint8Array.from({ length: 768 }, (_, i) => (i * 37) & 255);
    const mean = [10, 20, 30];
    const floats = Float32Array.from(pixels, (pixel, i) => Math.fround((pixel - mean[Math.floor(i / 256)]) / 64));
    const pixelFile = join(folder, "pixels.safetensors");
    writeFileSync(
      pixelFile,
      writeSafetensors(new Map([["input", { dtype: "U8", shape: [1, 3, 16, 16], bytes: pixels }]])),
    );
    const { code, stderr } = await xnorkit(
      ...["run", ...tiny, "-i", pixelFile, "-o", files.output, "--mean", "10,20,30", "--std", "64"],
    );
    assert.equal(code, 0, stderr);
    const { output } = runReference(graph, weights, { shape: [1, 3, 16, 16], data: floats });
    assertClose(readTensors(files.output).get("output")!.data, output.data, 1e-4);
  });

  it("makes the same random weights from the same seed", async () => {
    const outputs: Float32Array[] = [];
    for (const seed of ["3", "3", "4"]) {
      const argv = ["run", "-m", files.description, "--random-weights", seed, "-i", files.input, "-o", files.output];
      assert.equal((await xnorkit(...argv)).code, 0);
      outputs.push(readTensors(files.output).get("output")!.data);
    }
    assert.deepEqual(outputs[0], outputs[1]);
    assert.notDeepEqual(outputs[0], outputs[2]);
  });

  it("replaces the output and leaves no temporary file", async () => {
    writeFileSync(files.output, "before");
    assert.equal((await xnorkit("run", ...tiny, "-i", files.input, "-o", files.output)).code, 0);
    assert.deepEqual(readTensors(files.output).get("output")!.shape, [1, 3]);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });
});

describe("convert", () => {
  const packed = join(folder, "tiny.xnorkit");

  it("writes what saveModel gives", async () => {
    const report = await xnorkitJson<object>("convert", files.description, packed, "--weights", files.weights);
    const expected = saveModel({ graph, weights });
    assert.deepEqual(report, { output: packed, bytes: expected.length });
    assert.deepEqual(new Uint8Array(readFileSync(packed)), expected);
  });

  it("stores preprocessing, labels and name, also into a model that is packed already", async () => {
    const stated = join(folder, "stated.xnorkit");
    const labels = join(folder, "labels.txt");
    writeFileSync(labels, "cat\ndog, hound\nfish\n");
    const argv = ["--mean", "1,2,3", "--std", "4", "--labels", labels, "--name", "pets"];
    assert.equal((await xnorkit("convert", packed, stated, ...argv)).code, 0);
    const model = loadModel(new Uint8Array(readFileSync(stated)));
    assert.deepEqual(model.graph.preprocess, { mean: [1, 2, 3], std: [4] });
    assert.deepEqual(model.graph.labels, ["cat", "dog, hound", "fish"]);
    assert.equal(model.graph.name, "pets");
    assert.deepEqual(model.weights, loadModel(new Uint8Array(readFileSync(packed))).weights);
  });

  it("prints what float16 does to the outputs", async () => {
    const halves = join(folder, "halves.xnorkit");
    const { bytes, f16 } = await xnorkitJson<{ bytes: number; f16: Record<string, number> }>(
      ...["convert", files.description, halves, "--weights", files.weights, "--f16"],
    );
    assert.equal(bytes, saveModel({ graph, weights }, { f16: true }).length);
    assert.deepEqual(Object.keys(f16), ["largestDifference", "largestOutput"]);
    assert.ok(f16.largestDifference > 0 && f16.largestDifference < f16.largestOutput);
    const { stdout } = await xnorkit("convert", files.description, halves, "-w", files.weights, "--f16");
    assert.match(stdout, /float16: outputs of one random input move by \d/);
  });
});

describe("summary", () => {
  it("prints the tree as the framework nests it", async () => {
    const { stdout } = await xnorkit("summary", files.description);
    assert.match(stdout, /^tiny, input 1x3x16x16\n/);
    assert.match(stdout, /^ResNetE1 +1x3 /m);
    assert.match(stdout, /^ {4}0 BasicBlockE1 +1x8x16x16 /m);
    assert.match(stdout, /^ {8}0 BinaryConvolution +1x8x16x16 +576 +147,456 /m);
    assert.match(stdout, /^output Dense +1x3 +39 /m);
  });

  it("gives the totals of house rules as JSON", async () => {
    type Summary = { name: string; inputShape: number[]; totals: Record<string, number>; layers: { path: string }[] };
    const summary = await xnorkitJson<Summary>("summary", files.description, "--input-shape", "2x3x32x32");
    assert.deepEqual(Object.keys(summary).sort(), ["floatLayers", "inputShape", "layers", "name", "totals"]);
    assert.deepEqual(summary.inputShape, [2, 3, 32, 32]);
    const { totals } = summary;
    // Stem 3 to 8, two 8 to 8 on 32x32; 8 to 12 and the binary shortcut at stride 2, 12 to 12 on 16x16.
    const floatMacs = 2 * 1024 * 8 * 27;
    const binaryMacs = 2 * (1024 * 8 * 72 * 2 + 256 * 12 * 72 + 256 * 12 * 8 + 256 * 12 * 108);
    assert.equal(totals.floatMacs, floatMacs);
    assert.equal(totals.binaryMacs, binaryMacs);
    assert.equal(totals.denseMacs, 2 * 36);
    assert.equal(totals.operations, floatMacs + binaryMacs / 64);
    assert.deepEqual(Object.keys(totals).sort(), [
      ...["binaryMacs", "denseMacs", "floatMacs", "operations", "packedBytes", "parameters"],
    ]);
    assert.deepEqual(
      summary.layers.map(({ path }) => path),
      graph.modules.map(({ path }) => path),
    );
  });

  it("lists the named networks with their totals without a model", async () => {
    type Listed = { name: string; totals?: Record<string, number>; needs?: string };
    const { models } = await xnorkitJson<{ models: Listed[] }>("summary");
    assert.deepEqual(
      models.slice(0, 3).map(({ name }) => name),
      ["digits", "resnet18_e1", "resnet34_e1"],
    );
    const named = new Map(models.map((model) => [model.name, model]));
    assert.equal(named.get("awnas_resnet18")?.totals?.binaryMacs, 1_676_279_808);
    assert.equal(named.get("resnet152_e2")?.totals?.parameters, (await counts("resnet152_e2")).parameters);
    assert.match(named.get("densenet_flex")?.needs ?? "", /block_?[cC]onfig/);
    for (const { name, totals, needs } of models) assert.ok((totals === undefined) !== (needs === undefined), name);
    const table = await xnorkit("summary");
    assert.match(table.stdout, /^resnet18_e1 .*1\.70 G .*3\.52 M/m);
  });

  it("says of layers with quantised weights that do not run on bits why", async () => {
    const { stdout } = await xnorkit("summary", "binet18");
    const lines = stdout.trimEnd().split("\n").slice(-4);
    assert.equal(lines[0], "");
    for (const line of lines.slice(1))
      assert.match(line, /^\S+ runs in float: it reads floats: "\S+" \(avgPool\) gives/);
    type Layers = { floatLayers: { name: string; reason: string }[] };
    const { floatLayers } = await xnorkitJson<Layers>("summary", "binet18");
    assert.deepEqual(
      floatLayers.map(({ name, reason }) => `${name} runs in float: ${reason}`),
      lines.slice(1),
    );
  });

  it("counts the largest network", async () => {
    const { totals } = await xnorkitJson<{ totals: Record<string, number> }>("summary", "resnet152_e1");
    assert.ok(totals.parameters > 0.9e9);
  });
});

async function counts(model: string): Promise<Record<string, number>> {
  return (await xnorkitJson<{ totals: Record<string, number> }>("summary", model)).totals;
}

type Classification = { file: string; top: { index: number; label: string; probability: number }[]; ms: number };

describe("classify", () => {
  it("reads the sample digits with the embedded network", async () => {
    const pictures = Array.from({ length: 10 }, (_, name) => digit(name));
    const results = await xnorkitJson<Classification[]>("classify", ...pictures, "--top", "2");
    assert.deepEqual(
      results.map(({ file }) => file),
      pictures,
    );
    for (const { top, ms } of results) {
      assert.equal(top.length, 2);
      assert.ok(top[0].probability >= top[1].probability && top[0].probability <= 1);
      assert.equal(top[0].label, String(top[0].index));
      assert.ok(ms >= 0);
    }
    // What the README shows: all ten are read right.
    assert.deepEqual(
      results.map(({ top }) => top[0].index),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  it("gives all classes probabilities that sum to 1, alike by the reference", async () => {
    const [kernels] = await xnorkitJson<Classification[]>("classify", digit(5), "--top", "99");
    const [reference] = await xnorkitJson<Classification[]>("classify", digit(5), "--top", "99", "--reference");
    assert.equal(kernels.top.length, 10);
    assertClose([kernels.top.reduce((sum, { probability }) => sum + probability, 0)], [1], 1e-9);
    assertClose(
      kernels.top.map(({ probability }) => probability),
      reference.top.map(({ probability }) => probability),
      1e-4,
    );
  });

  it("says that it fell back to the embedded network", async () => {
    const { stdout, stderr } = await xnorkit("classify", digit(7));
    assert.match(stderr, /^note: without --model each picture was read as one handwritten digit[^\n]*\n$/);
    assert.doesNotMatch(stdout, /note/);
    assert.equal((await xnorkit("classify", digit(7), "--model", "digits")).stderr, "");
  });

  it("prints labels without their WordNet numbers", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `n0144076${i} name ${i}`);
    const [{ top }] = await xnorkitJson<Classification[]>("classify", digit(7), "--labels", names.join(","));
    assert.equal(top[0].label, "name 7");
    assert.deepEqual(
      ["n01440764", "n01440764  tench, Tinca tinca", "n1 tench", "n01440764: tench", "7"].map(plainLabel),
      ["n01440764", "tench, Tinca tinca", "n1 tench", "tench", "7"],
    );
  });

  it("takes a folder, labels from the command line, and prints a table", async () => {
    const pictures = join(folder, "pictures");
    mkdirSync(pictures);
    copyFileSync(digit(7), join(pictures, "b.png"));
    copyFileSync(digit(2), join(pictures, "a.PNG"));
    writeFileSync(join(pictures, "notes.txt"), "not a picture");
    const { stdout } = await xnorkit("classify", pictures, "--labels", "o,i,ii,iii,iv,v,vi,vii,viii,ix", "--top", "1");
    const [head, first, second, ...rest] = stdout.trimEnd().split("\n");
    assert.match(head, /^file +prediction +probability/);
    assert.match(first, /a\.PNG +ii +\d+\.\d %/);
    assert.match(second, /b\.png +vii +\d+\.\d %/);
    assert.deepEqual(rest, []);
  });

  it("crops colour pictures, and asks for a preprocessing if none is stated", async () => {
    const argv = ["classify", digit(4), ...tiny];
    const { code, stdout, stderr } = await xnorkit(...argv, "--preprocess", "unit");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /4\.png +[012] /);
    assert.equal(stderr, "");
    assert.equal((await xnorkit(...argv, "--std", "255")).code, 0);
    const refused = await xnorkit(...argv);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^xnorkit: tiny .*--preprocess unit, imagenet-torch, imagenet-mxnet, larq, none \(or/);
  });
});

/** IDX: two zero bytes, type 8, number of axes, big-endian sizes, bytes. */
function idx(shape: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, data]);
}

type Evaluation = { correct: number; total: number; accuracy: number; msPerImage: number };

describe("evaluate", () => {
  /** What the reference takes noise for, so that the counts are known. */
  const count = 6;
  const noise = Uint8Array.from({ length: count * 784 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
  const { graph: digitsGraph, weights: digitsWeights } = digitsModel();
  const answers = Array.from({ length: count }, (_, image) => {
    const data = new Uint8Array(1024);
    for (let y = 0; y < 28; y++) {
      data.set(noise.subarray(image * 784 + y * 28, image * 784 + (y + 1) * 28), (y + 2) * 32 + 2);
    }
    const { output } = runReference(digitsGraph, digitsWeights, { shape: [1, 1, 32, 32], data });
    return output.data.indexOf(Math.max(...output.data));
  });
  const labels = Uint8Array.from(answers);
  labels[4] = (labels[4] + 1) % 10;

  for (const [what, end, pack] of [
    ["plain", "", (bytes: Buffer) => bytes],
    ["gzipped", ".gz", (bytes: Buffer) => gzipSync(bytes)],
  ] as const) {
    it(`counts on ${what} IDX files, padded, in batches too`, async () => {
      const data = join(folder, `idx${end}`);
      mkdirSync(data);
      writeFileSync(join(data, `t10k-images-idx3-ubyte${end}`), pack(idx([count, 28, 28], noise)));
      writeFileSync(join(data, `t10k-labels-idx1-ubyte${end}`), pack(idx([count], labels)));
      for (const argv of [[], ["--batch", "4"]]) {
        const result = await xnorkitJson<Evaluation>("evaluate", "--data", data, ...argv);
        assert.deepEqual(Object.keys(result), ["correct", "total", "accuracy", "msPerImage"]);
        assert.deepEqual([result.correct, result.total, result.accuracy], [5, 6, 5 / 6]);
      }
      const file = join(data, `t10k-images-idx3-ubyte${end}`);
      const limited = await xnorkitJson<Evaluation>("evaluate", "--data", file, "--limit", "4");
      assert.deepEqual([limited.correct, limited.total], [4, 4]);
    });
  }

  it("writes predictions with their margins, and a progress bar only on stderr", async () => {
    const predictions = join(folder, "predictions.json");
    const argv = ["evaluate", "--data", join(folder, "idx"), "--predictions", predictions, "--progress"];
    const { stdout, stderr } = await xnorkit(...argv);
    assert.match(stdout, /^5 of 6 correct \(83\.33 %\), \d+\.\d+ ms an image\n$/);
    assert.match(stderr, /6\/6 images/);
    const written = JSON.parse(readFileSync(predictions, "utf8")) as Record<string, number>[];
    assert.deepEqual(
      written.map(({ prediction }) => prediction),
      answers,
    );
    assert.deepEqual(
      written.map(({ label }) => label),
      [...labels],
    );
    for (const { margin } of written) assert.ok(margin > 0);
  });

  it("predicts the same with threads, to the last bit of the margins", async () => {
    const predictions = join(folder, "threaded.json");
    const argv = ["evaluate", "--data", join(folder, "idx"), "--predictions", predictions];
    await xnorkitJson(...argv);
    const alone = readFileSync(predictions, "utf8");
    await xnorkitJson(...argv, "--threads", "3", "--batch", "4");
    assert.equal(readFileSync(predictions, "utf8"), alone);
  });

  it("takes the training split where it is asked for", async () => {
    const data = join(folder, "splits");
    mkdirSync(data);
    for (const [name, images] of [
      ["t10k", 2],
      ["train", 3],
    ] as const) {
      writeFileSync(join(data, `${name}-images-idx3-ubyte`), idx([images, 28, 28], noise.subarray(0, images * 784)));
      writeFileSync(join(data, `${name}-labels-idx1-ubyte`), idx([images], labels.subarray(0, images)));
    }
    assert.equal((await xnorkitJson<Evaluation>("evaluate", "--data", data)).total, 2);
    assert.equal((await xnorkitJson<Evaluation>("evaluate", "--data", data, "--split", "train")).total, 3);
  });

  it("counts on CIFAR batches, in a folder or one by one", async () => {
    const description = { ...tinyDescription, input_shape: [1, 3, 32, 32] };
    const cifarGraph = fromDescription(description);
    const model = join(folder, "cifar.safetensors");
    writeFileSync(
      model,
      writeSafetensors(tinyTensors(description), new Map([["description", JSON.stringify(description)]])),
    );
    const records = Array.from({ length: 4 }, (_, image) => {
      const pixels = Uint8Array.from({ length: 3072 }, (_, i) => Math.imul(i + 1 + image * 999, 2654435761) >>> 24);
      const input = { shape: [1, 3, 32, 32], data: Float32Array.from(pixels, (pixel) => pixel / 255) };
      const { output } = runReference(cifarGraph, weights, input);
      const answer = output.data.indexOf(Math.max(...output.data));
      return Buffer.concat([Buffer.of(image === 0 ? (answer + 1) % 3 : answer), pixels]);
    });
    const data = join(folder, "cifar");
    mkdirSync(data);
    writeFileSync(join(data, "data_batch_1.bin"), Buffer.concat(records.slice(0, 2)));
    writeFileSync(join(data, "data_batch_2.bin"), Buffer.concat(records.slice(2, 3)));
    writeFileSync(join(data, "test_batch.bin"), Buffer.concat(records.slice(3)));
    const count = (path: string, ...argv: readonly string[]) =>
      xnorkitJson<Evaluation>("evaluate", "--data", path, "--model", model, "--std", "255", ...argv);
    const train = await count(data, "--split", "train");
    assert.deepEqual([train.correct, train.total], [2, 3]);
    const test = await count(data);
    assert.deepEqual([test.correct, test.total], [1, 1]);
    const one = await count(join(data, "data_batch_1.bin"));
    assert.deepEqual([one.correct, one.total], [1, 2]);
  });

  it("counts on a folder of pictures for each class", async () => {
    const data = join(folder, "classes");
    for (const name of [3, 8]) {
      mkdirSync(join(data, String(name)), { recursive: true });
      copyFileSync(digit(name), join(data, String(name), "one.png"));
    }
    copyFileSync(digit(1), join(data, "8", "wrong.png"));
    const { correct, total } = await xnorkitJson<Evaluation>("evaluate", "--data", data);
    assert.deepEqual([correct, total], [2, 3]);
  });
});

it("run computes the embedded network as the reference does", async () => {
  const { graph: digitsGraph, weights: packedWeights } = digitsModel();
  const inputs = rawFloat32(
    [1, 1, 32, 32],
    Float32Array.from({ length: 1024 }, (_, i) => (i % 7) / 7),
  );
  const inputFile = join(folder, "digit.safetensors");
  writeFileSync(inputFile, writeSafetensors(new Map([["input", inputs]])));
  assert.equal((await xnorkit("run", "-m", "digits", "-i", inputFile, "-o", files.output)).code, 0);
  const input = { shape: [1, 1, 32, 32], data: new Float32Array(inputs.bytes.buffer) };
  const { output } = runReference(digitsGraph, packedWeights, input);
  assertClose(readTensors(files.output).get("output")!.data, output.data, 1e-3);
});
