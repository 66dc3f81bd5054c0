/** From pictures of every kind to answers: what is taken, what comes out, and what is refused. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type ClassifierOptions, createClassifier, type Guess, type Picture } from "../../src/classify.js";
import { decodePicture } from "../../src/decode/index.js";
import { digitInput, image, imagenetCrop, toTensor } from "../../src/image/index.js";
import { createSession, getModel, type Model, randomWeights, saveModel } from "../../src/index.js";
import { digitsModel } from "../../src/models/digits.js";
import { runReference } from "../../src/reference/index.js";
import { xnorkitJson } from "../cli/support.js";
import { rejectsError } from "../formats/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const digit = (name: number) => fileURLToPath(new URL(`../../examples/digits/${name}.png`, import.meta.url));

/** Softmax from its definition. */
function naiveSoftmax(logits: ArrayLike<number>): readonly number[] {
  const powers = Array.from(logits, (logit) => Math.exp(logit));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function colorModel(side: number, layout: Pick<Model["graph"], "preprocess"> = {}): Model {
  const graph = getModel("resnet18_e1", { inputShape: [1, 3, side, side], classes: 7, initialLayers: "thumbnail" });
  return { graph: { ...graph, ...layout }, weights: randomWeights(graph, 3) };
}

const LARQ = { mean: [127.5], std: [127.5] };

/** A picture with every level in it, of any size. */
function painting(width: number, height: number, channels: 1 | 3 | 4): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) =>
    channels === 4 && i % 4 === 3 ? 255 : (i * i + 7 * i) % 256,
  );
}

describe("a classifier of digits", () => {
  const files = Array.from({ length: 10 }, (_, name) => digit(name));

  it("names every sample, with the probabilities of the reference", async () => {
    const model = digitsModel();
    const classify = await createClassifier(model, { topK: 10 });
    for (const [name, file] of files.entries()) {
      const answer = await classify(readFileSync(file));
      assert.equal(answer[0].label, String(name));
      assert.equal(answer.length, 10);
      const input = toTensor([digitInput(await decodePicture(readFileSync(file)))], 1);
      const expected = naiveSoftmax(runReference(model.graph, model.weights, input).output.data);
      for (const { label, index, probability } of answer) {
        assert.equal(label, String(index));
        assert.ok(Math.abs(probability - expected[index]) < 1e-5, `${probability} and ${expected[index]}`);
      }
      const order = answer.map(({ probability }) => probability);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => b - a),
      );
    }
    classify.dispose();
  });

  it("takes a file in every form, with one answer", async () => {
    const classify = await createClassifier(digitsModel());
    const bytes = readFileSync(files[7]);
    const { width, height, data } = await decodePicture(bytes);
    const pixels = { width, height, data };
    const pictures: readonly Picture[] = [
      bytes,
      new Uint8Array(bytes),
      Uint8Array.from(bytes).buffer,
      new Blob([bytes]),
      new File([bytes], "7.png"),
      new Response(bytes),
      pathToFileURL(files[7]),
      new URL(`data:image/png;base64,${bytes.toString("base64")}`),
      pixels,
      { ...pixels, data: new Uint8ClampedArray(data) },
      {
        ...pixels,
        data: Uint8Array.from({ length: width * height * 3 }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]),
      },
    ];
    const [expected, ...others] = await classify(pictures);
    assert.equal(expected[0].label, "7");
    for (const other of others) assert.deepEqual(other, expected);
    for (const picture of pictures.filter((kind) => !(kind instanceof Response))) {
      assert.deepEqual(await classify(picture), expected);
    }
    classify.dispose();
  });

  it("answers as the command line does", async () => {
    const classify = await createClassifier(digitsModel());
    const lines = await xnorkitJson<{ file: string; top: Guess[] }[]>("classify", ...files);
    for (const { file, top } of lines) assert.deepEqual(await classify(pathToFileURL(file)), top);
    classify.dispose();
  });
});

describe("a classifier of colour pictures", () => {
  it("runs several at once as one batch", async () => {
    const classify = await createClassifier(colorModel(32), { preprocess: LARQ, topK: 7 });
    const pictures = [
      { width: 32, height: 32, data: painting(32, 32, 3) },
      { width: 61, height: 40, data: painting(61, 40, 4) },
      { width: 20, height: 50, data: painting(20, 50, 1) },
    ];
    const alone: (readonly Guess[])[] = [];
    for (const picture of pictures) alone.push(await classify(picture));
    assert.deepEqual(await classify(pictures), alone);
    assert.notDeepEqual(alone[0], alone[1]);
    classify.dispose();
  });

  for (const rule of ["torchvision", "mxnet", "rounded"] as const) {
    it(`resizes by the rule ${rule}, once the transparent is laid on white`, async () => {
      const model = colorModel(30);
      const classify = await createClassifier(model, { preprocess: LARQ, topK: 7, resize: rule });
      const clear = painting(53, 71, 4).map((level, i) => (i % 4 === 3 ? (i >> 2) % 256 : level));
      const white = Uint8Array.from({ length: 53 * 71 * 3 }, (_, i) => {
        const at = 4 * Math.floor(i / 3);
        return Math.round((clear[at + (i % 3)] * clear[at + 3] + 255 * (255 - clear[at + 3])) / 255);
      });
      const cropped = imagenetCrop(image(53, 71, 3, white), 30, 30, { rule });
      const session = await createSession({ ...model, graph: { ...model.graph, preprocess: LARQ } });
      const expected = naiveSoftmax(session.run(toTensor([cropped], 3)).data);
      for (const { index, probability } of await classify({ width: 53, height: 71, data: clear })) {
        assert.ok(Math.abs(probability - expected[index]) < 1e-6);
      }
      classify.dispose();
    });
  }

  it("takes a picture of another size only if it may be resized", async () => {
    const classify = await createClassifier(colorModel(32), { preprocess: LARQ, resize: "none" });
    assert.equal((await classify({ width: 32, height: 32, data: painting(32, 32, 3) })).length, 3);
    await rejectsError(
      classify({ width: 33, height: 32, data: painting(33, 32, 3) }),
      "bad-shape",
      /33x32 pixels, but .* reads 32x32, and resize is "none"/,
    );
    classify.dispose();
  });

  it("reads a model's bytes, and labels of the caller or of a text", async () => {
    const bytes = saveModel(colorModel(32, { preprocess: LARQ }));
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const text = new URL(`data:text/plain,${encodeURIComponent(`${names.join("\r\n")}\r\n`)}`);
    const picture = { width: 32, height: 32, data: painting(32, 32, 3) };
    const plain = await (await createClassifier(bytes))(picture);
    for (const labels of [names, text]) {
      const classify = await createClassifier(Uint8Array.from(bytes).buffer, { labels, topK: 1 });
      const [{ label, index, probability }, ...none] = await classify(picture);
      assert.deepEqual([label, index, probability], [names[plain[0].index], plain[0].index, plain[0].probability]);
      assert.equal(none.length, 0);
      assert.deepEqual(classify.graph.labels, names);
    }
    await rejectsError(createClassifier(bytes, { labels: names.slice(1) }), "bad-option", /6 names, but .* has 7 out/);
  });

  it("takes a softmax at the network's end for what it is", async () => {
    const model = colorModel(32, { preprocess: LARQ });
    const { graph } = model;
    const picture = { width: 32, height: 32, data: painting(32, 32, 3) };
    const expected = await (await createClassifier(model, { topK: 7 }))(picture);
    for (const kind of ["softmax", "logSoftmax"] as const) {
      const nodes = [...graph.nodes, { kind, name: "end", inputs: [graph.output] }];
      const ended = { ...graph, nodes, output: "end" } as Model["graph"];
      const answer = await (await createClassifier({ ...model, graph: ended }, { topK: 7 }))(picture);
      assert.deepEqual(
        answer.map(({ index }) => index),
        expected.map(({ index }) => index),
      );
      for (const [i, { probability }] of answer.entries()) {
        assert.ok(Math.abs(probability - expected[i].probability) < 1e-5);
      }
    }
  });
});

describe("preprocessing", () => {
  const create = (model: Model, options: ClassifierOptions) => createClassifier(model, options);

  it("is asked for if the network states none, with what fits", async () => {
    await rejectsError(
      create(colorModel(32), {}),
      "bad-option",
      /does not say how pixels .* unit, imagenet-torch, imagenet-mxnet, larq, none/,
    );
    const { preprocess: _, ...graph } = digitsModel().graph;
    await rejectsError(create({ ...digitsModel(), graph }, {}), "bad-option", /mnist, unit, larq, none/);
  });

  it("is refused if it does not exist or fit", async () => {
    const model = colorModel(32);
    await rejectsError(create(model, { preprocess: "mnist" }), "bad-option", /"mnist", expected one that fits/);
    await rejectsError(create(model, { preprocess: "larg" as never }), "bad-option", /larq/);
    await rejectsError(create(model, { preprocess: { mean: [1, 2], std: [1] } }), "bad-option", /mean has 2 numbers/);
    await rejectsError(create(model, { preprocess: { mean: [0], std: [0] } }), "bad-option", /above 0/);
    await rejectsError(create(model, { preprocess: { mean: "0" } as never }), "bad-option", /\{ mean, std \}/);
  });

  it("for pixels of 0 to 1 is questioned, with the numbers for 0 to 255", async () => {
    const torch = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    await rejectsError(
      create(colorModel(32), { preprocess: torch }),
      "bad-option",
      /0 to 255: meant may be mean 123\.675,116\.28,103\.53 and std 58\.395,57\.12,57\.375/,
    );
    await rejectsError(create(colorModel(32), { preprocess: { mean: [0.5], std: [0.5] } }), "bad-option", /127\.5/);
    for (const preprocess of [
      { mean: [0], std: [1] },
      { mean: [0], std: [255] },
      { mean: [128], std: [1] },
      "none" as const,
    ]) {
      (await create(colorModel(32), { preprocess })).dispose();
    }
  });
});

describe("what is no picture, no model or no option", () => {
  it("is named", async () => {
    const classify = await createClassifier(digitsModel());
    const ask = (picture: unknown) => classify(picture as never) as Promise<unknown>;
    for (const picture of [undefined, null, 1, {}, { width: 1 }, () => 1]) {
      await rejectsError(ask(picture), "bad-option", /the picture of classify must be pixels as/);
    }
    await rejectsError(ask("cat.png"), "bad-option", /new URL\(text, import\.meta\.url\), found the text "cat\.png"/);
    await rejectsError(ask([]), "bad-option", /at least one/);
    await rejectsError(ask(new Uint8Array(5)), "bad-file", /is not a PNG or JPEG/);
    await rejectsError(ask([readFileSync(digit(1)), new Uint8Array(5)]), "bad-file", /picture 1 is not a PNG/);
    await rejectsError(ask({ width: 2, height: 2, data: new Uint8Array(5) }), "bad-shape", /its data has 5/);
    await rejectsError(ask({ width: 2, height: 2, data: [1, 2, 3, 4] }), "bad-option", /data of the picture/);
    await rejectsError(ask({ width: 1e9, height: 1e9, data: new Uint8Array(1) }), "bad-file", /100 million pixels/);
    await rejectsError(ask(pathToFileURL("none.png")), "bad-file", /none\.png: the file cannot be read/);
    await rejectsError(ask(new Response(null, { status: 404 })), "bad-file", /answers 404/);
    classify.dispose();
    await rejectsError(ask(readFileSync(digit(1))), "bad-option", /disposed/);
  });

  it("is bounded in pixels as the caller says", async () => {
    const classify = await createClassifier(digitsModel(), { maxPixels: 100 });
    await rejectsError(classify(readFileSync(digit(1))), "bad-file", /1 to 100 pixels/);
    await rejectsError(classify({ width: 20, height: 20, data: new Uint8Array(400) }), "bad-file", /1 to 100 pixels/);
    classify.dispose();
  });

  it("ends before a session is made", async () => {
    const create = (model: unknown, options?: unknown) => createClassifier(model as never, options as never);
    await rejectsError(create(undefined), "bad-option", /model of createClassifier must be a model, the bytes/);
    await rejectsError(create(new Uint8Array(9)), "bad-file", /expected a network or its weights/);
    await rejectsError(create(digitsModel(), { topk: 1 }), "bad-option", /no option "topk": the closest are "topK"/);
    await rejectsError(create(digitsModel(), { topK: 0 }), "bad-option", /topK/);
    await rejectsError(create(digitsModel(), { labels: "a,b" }), "bad-option", /labels/);
    await rejectsError(
      create(digitsModel(), { resize: "keras" }),
      "bad-option",
      /torchvision, mxnet, rounded, digit, none/,
    );
    await rejectsError(create(colorModel(32), { resize: "digit", preprocess: "unit" }), "bad-option", /"digit"/);
    await rejectsError(create(digitsModel(), { session: { kernal: "table" } }), "bad-option", /"kernel"/);
  });
});

const JPEGS = "data/imagenet/jpeg";
const QUICKNET = "data/larq/quicknet.tflite";
describe("ImageNet's JPEGs", { skip: skipWithout(JPEGS, QUICKNET, "data/imagenet/synset.txt") }, () => {
  it("get one answer from the library and the command line", async () => {
    const folder = sharedPath(JPEGS);
    const labels = pathToFileURL(sharedPath("data/imagenet/synset.txt"));
    const classify = await createClassifier(pathToFileURL(sharedPath(QUICKNET)), { labels, topK: 5 });
    assert.ok(classify.notes.some((note) => /preset larq/.test(note)));
    const names = readdirSync(folder).sort();
    const options = ["--model", sharedPath(QUICKNET), "--labels", fileURLToPath(labels), "--top", "5"];
    const lines = await xnorkitJson<{ file: string; top: Guess[] }[]>("classify", folder, ...options);
    assert.equal(lines.length, 8);
    const answers = await classify(names.map((name) => pathToFileURL(join(folder, name))));
    assert.deepEqual(
      lines.map(({ top }) => top),
      answers,
    );
    const wolfhound = answers[names.findIndex((name) => name.includes("wolfhound"))];
    assert.match(wolfhound[0].label, /Irish wolfhound/);
    classify.dispose();
  });
});

const LENET = ["data/bmxnet/binarized_mnist_64bit-symbol.json", "data/bmxnet/binarized_mnist_64bit-0001.params"];
const RESNET = [
  "data/bmxnet/binarized_imagenet-resnet18-64bit-symbol.json",
  "data/bmxnet/binarized_imagenet-resnet18-64bit-0040.params",
];
describe("networks of BMXNet v1", { skip: skipWithout(...LENET, ...RESNET) }, () => {
  const open = ([symbol, weights]: readonly string[], options: ClassifierOptions = {}) =>
    createClassifier(sharedPath(symbol), { ...options, weights: readFileSync(sharedPath(weights)) });

  it("know their preprocessing, and say so", async () => {
    const classify = await open(LENET);
    assert.deepEqual(classify.graph.preprocess, { mean: [0], std: [255] });
    assert.match(classify.notes.join(), /LeNet of BMXNet v1.* preset mnist/);
    const right = await Promise.all(
      Array.from({ length: 10 }, async (_, name) => (await classify(readFileSync(digit(name))))[0].index === name),
    );
    assert.ok(right.filter(Boolean).length >= 9, `${right.filter(Boolean).length} of 10`);
    classify.dispose();
    const resnet = await open(RESNET);
    assert.deepEqual(resnet.graph.preprocess, { mean: [123.68, 116.779, 103.939], std: [1] });
    assert.match(resnet.notes.join(), /ResNet of BMXNet v1.* preset imagenet-mxnet/);
    resnet.dispose();
  });

  it("need the file of their weights", async () => {
    await rejectsError(createClassifier(sharedPath(LENET[0])), "bad-option", /give that as the option weights/);
    await rejectsError(
      createClassifier(readFileSync(sharedPath(LENET[1]))),
      "bad-file",
      /an MXNet .params file holds weights, not a network/,
    );
  });
});
