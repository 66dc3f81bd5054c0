/** The page of examples/browser in Chromium: files of every format that is read, pictures, the camera, the race. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { bireal } from "../../bench/peers/bireal.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { rowSoftmax, topIndices } from "../../src/classify/probabilities.js";
import { readPicture } from "../../src/cli/prepare_image.js";
import { PRESETS, type PresetName } from "../../src/image/index.js";
import {
  createSession,
  fromDescription,
  getModel,
  loadModel,
  type Model,
  randomWeights,
  readWeights,
  saveModel,
  writeSafetensors,
} from "../../src/index.js";
import { importMxnet } from "../../src/mxnet.js";
import { importOnnx } from "../../src/onnx.js";
import { importTflite } from "../../src/tflite.js";
import { tinyDescription, tinyTensors } from "../cli/support.js";
import { smallMxnet } from "../formats/mxnet_support.js";
import { randomFloats, seededRandom } from "../formats/support.js";
import { checkpoint } from "../formats/torch_support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { writeGraph } from "../tflite/graph_writer.js";
import { drop, fileOf, openDesktop, type Site, skip, texts, type Watched, waitForText } from "./browser_support.js";

const root = new URL("../../", import.meta.url);
const sample = (digit: number) => fileURLToPath(new URL(`examples/digits/${digit}.png`, root));
const packedDigits = fileURLToPath(new URL("models/digits.xnorkit", root));
const photo = fileURLToPath(new URL("examples/photos/cat.jpg", root));

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const text = (name: string, content: string): NamedBytes => ({ name, bytes: new TextEncoder().encode(content) });

/** What the page should show of a network and a picture: the same numbers as in Node. */
async function expectedBars(
  { graph, weights }: Model,
  picture: string,
  preset?: PresetName,
): Promise<readonly string[]> {
  const read = preset === undefined ? graph : { ...graph, preprocess: PRESETS[preset] };
  const session = await createSession({ graph: read, weights });
  const probabilities = rowSoftmax(session.run(await readPicture(picture, read)).data);
  return topIndices(probabilities, 5).map(
    (i) => `${graph.labels?.[i] ?? `class ${i}`}${(100 * probabilities[i]).toFixed(1)} %`,
  );
}

/** An RGB network of the size of CIFAR's, with random weights. */
function rgbModel(): Model {
  const graph = getModel("resnet18_e1", { inputShape: [1, 3, 32, 32], classes: 10, initialLayers: "thumbnail" });
  return { graph, weights: randomWeights(graph, 1) };
}

const mxnetFiles = () => smallMxnet(3, randomFloats(32 * 32 * 9, seededRandom(3)));

describe("files on the page", { skip, timeout: 180_000 }, () => {
  let site: Site;
  let desktop: Watched;
  let page: Page;

  before(async () => {
    ({ site, desktop, page } = await openDesktop());
  });

  after(() => site?.close());

  const named = (name: string) => waitForText(page, "#model-name", new RegExp(`^${name}$`));
  const facts = async () => (await texts(page, "#model-facts div")).join("; ");
  const notes = async () => (await texts(page, "#model-notes li")).join("; ");
  /** Waits for the answer to a picture, and checks it against Node's. */
  async function answers(model: Model, picture: string, preset?: PresetName): Promise<void> {
    const name = picture.slice(picture.lastIndexOf("/") + 1).replace(".", "\\.");
    await waitForText(page, "#classes-note", new RegExp(`^${name}: .+, in [\\d.]+ ms a picture\\.$`));
    assert.deepEqual(await texts(page, "#classes li"), await expectedBars(model, picture, preset));
    assert.equal(await page.locator("#own-error").isVisible(), false);
  }

  test("a dropped model and picture give the classes that Node gives", async () => {
    await drop(page, [fileOf(packedDigits), fileOf(sample(7))]);
    await answers(loadModel(fileOf(packedDigits).bytes), sample(7));
    assert.equal(await page.textContent("#model-name"), "digits");
    assert.match(await facts(), /Read froma safetensors file; Input1 × 1 × 32 × 32; Layers\d+; Parameters701,180; /);
    assert.match(await facts(), /File196\.5 kB/);
  });

  test("pixels are read as the visitor says if the file does not: as in Node, by each preset", async () => {
    const model = rgbModel();
    const buffer = Buffer.from(saveModel(model));
    await page.setInputFiles("#model-file", { name: "rgb.xnorkit", mimeType: "application/octet-stream", buffer });
    await named(model.graph.name);
    await waitForText(page, "#own-error", /does not say how pixels become its input: choose it under “Pixels”\.$/);
    assert.equal(await page.locator("#classes li").count(), 0);
    assert.equal(await page.textContent("#classes-note"), "No answer.");
    await page.selectOption("#preset", "imagenet-torch");
    await answers(model, sample(7), "imagenet-torch");
    await page.selectOption("#preset", "none");
    await page.setInputFiles("#picture-file", sample(2));
    await answers(model, sample(2), "none");
  });

  test("each layer has its time", async () => {
    await waitForText(page, "#layers-note", /: \d+ steps, [\d.]+ ms together\.$/);
    const rows = await page
      .locator("#layer-rows tr")
      .evaluateAll((found) => found.map((row) => [...row.children].map(({ textContent }) => textContent ?? "")));
    const session = await createSession(rgbModel());
    session.run({ shape: [1, 3, 32, 32], data: new Uint8Array(3072) });
    assert.deepEqual(
      rows.map(([name, kind]) => [name, kind]),
      session.profile(1).map(({ name, kind }) => [name === "" ? "network" : name, kind]),
    );
    assert.ok(
      rows.some(([, kind, , time, speed]) => kind.startsWith("binaryConv2d") && Number(time) > 0 && Number(speed) > 0),
    );
    const longest = await page
      .locator("#layer-rows .bar-fill")
      .evaluateAll((bars) => Math.max(...bars.map((bar) => Number.parseFloat((bar as HTMLElement).style.width))));
    assert.equal(longest, 100);
    await page.click("#profile");
    await waitForText(page, "#layers-note", /ms together\.$/);
  });

  test("the network is raced against itself in floats, which gives the same output", async () => {
    await page.click("#race");
    await waitForText(page, "#race-note", /^resnet18_e1 on bits is [\d.]+ times as fast as its float twin and /);
    const said = (await page.textContent("#race-note")) ?? "";
    const [, smaller, rest] = /and ([\d.]+) times smaller; their outputs (.+)$/.exec(said) ?? [];
    assert.ok(Number(smaller) > 10, said);
    const [, largest, difference] = /^of up to ([\d.]+) differ by ([\de.-]+) at most\.$/.exec(rest) ?? [];
    if (rest !== "are equal.") assert.ok(Number(difference) <= 1e-5 * Math.max(1, Number(largest)), said);
    assert.match(await page.innerText("#race-result"), /on bits[\s\S]*pictures a second[\s\S]*in floats/);
  });

  test("a .tflite file of NHWC", async () => {
    const graph = getModel("resnet18_e1", {
      inputShape: [1, 3, 48, 48],
      classes: 10,
      initialLayers: "thumbnail",
      useFp: true,
      usePooling: true,
    });
    const bytes = writeGraph(graph, randomWeights(graph, 7));
    await drop(page, [{ name: "larq.tflite", bytes }]);
    await named("larq");
    assert.match(await facts(), /Read froma TensorFlow Lite file; Input1 × 48 × 48 × 3, channels last/);
    await page.selectOption("#preset", "larq");
    await answers(importTflite(bytes, { name: "larq", logits: true }), sample(2), "larq");
    await drop(page, [fileOf(photo)]);
    await waitForText(page, "#classes-note", /^cat\.jpg: class \d, in /);
  });

  test("an .onnx file", async () => {
    const bytes = birealOnnx(bireal({ seed: 1, size: 64, classes: 20 }));
    await drop(page, [{ name: "bireal.onnx", bytes }, fileOf(sample(2))]);
    await named("bireal");
    await waitForText(page, "#own-error", /choose it under “Pixels”\.$/);
    await page.selectOption("#preset", "unit");
    await answers(importOnnx(bytes, { name: "bireal", logits: true }), sample(2), "unit");
    assert.match(await facts(), /Read froman ONNX model/);
  });

  test("tensors beside an .onnx file, dropped together; alone it says what it lacks", {
    skip: skipWithout("goldens/onnx/torch26_external_data.onnx"),
  }, async () => {
    const model = fileOf(sharedPath("goldens/onnx/torch26_external_data.onnx"));
    await drop(page, [model]);
    await waitForText(
      page,
      "#own-error",
      /keeps tensors in torch26_external_data\.onnx\.data: drop both files together/,
    );
    await drop(page, [fileOf(sharedPath("goldens/onnx/torch26_external_data.onnx.data")), model]);
    await named("torch26_external_data");
  });

  test("an MXNet symbol with its parameters, which it asks for", async () => {
    const { symbol, params } = mxnetFiles();
    await drop(page, [text("net-symbol.json", symbol)]);
    await waitForText(
      page,
      "#own-error",
      /^Net-symbol\.json is not .+ drop its \.params file together with net-symbol\.json/,
    );
    await drop(page, [text("net-symbol.json", symbol), { name: "net-0007.params", bytes: params }]);
    await named("net");
    await page.selectOption("#preset", "unit");
    await answers(importMxnet(symbol, params, { name: "net", logits: true }), sample(2), "unit");
  });

  test("an input's shape is taken for files that leave it open", async () => {
    const { symbol, params } = mxnetFiles();
    const files = [text("net-symbol.json", symbol), { name: "net-0007.params", bytes: params }];
    await page.fill("#input-shape", "wide");
    await drop(page, files);
    await waitForText(page, "#own-error", /: "wide" is not an input shape: write its axes like 1x3x224x224\. The/);
    await page.fill("#input-shape", "2x3x6x6");
    await drop(page, files);
    await waitForText(page, "#model-facts", /Input2 × 3 × 6 × 6/);
    assert.equal(await page.inputValue("#input-shape"), "");
  });

  test("a description with weights as safetensors or from torch; without, they are random and it says so", async () => {
    const description = text("tiny.json", JSON.stringify(tinyDescription));
    const graph = fromDescription(tinyDescription);
    const tensors = writeSafetensors(tinyTensors());
    await drop(page, [description]);
    await named("tiny");
    assert.match(await notes(), /holds no weights/);
    await page.selectOption("#preset", "none");
    for (const weights of [
      { name: "tiny.safetensors", bytes: tensors },
      { name: "tiny.pth", bytes: checkpoint([...tinyTensors()]) },
    ]) {
      await drop(page, [weights, description]);
      await waitForText(page, "#own-error", /choose it under “Pixels”\.$/);
      await page.selectOption("#preset", "unit");
      await answers({ graph, weights: readWeights(tensors) }, sample(2), "unit");
      assert.doesNotMatch(await notes(), /holds no weights/);
    }
  });

  test("class names are read from a text file, without WordNet's numbers and synonyms", async () => {
    await drop(page, [text("names.txt", "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n")]);
    await waitForText(
      page,
      "#own-error",
      /^Names\.txt has 2 lines, but tiny has 3 outputs: .+\. The network here is tiny\.$/,
    );
    await drop(page, [text("names.txt", "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\ncat\n")]);
    await waitForText(page, "#classes-note", /^2\.png: (tench|goldfish|cat), in /);
    assert.deepEqual((await texts(page, "#classes .bar-label")).toSorted(), ["cat", "goldfish", "tench"]);
    assert.deepEqual(
      (
        await page.locator("#classes .bar-label").evaluateAll((all) => all.map((label) => (label as HTMLElement).title))
      ).toSorted(),
      ["cat", "n01440764 tench, Tinca tinca", "n01443537 goldfish, Carassius auratus"],
    );
  });

  test("bad files are refused in one sentence, and the network stays", async () => {
    const name = await page.textContent("#model-name");
    const png = fileOf(sample(0)).bytes;
    for (const [file, bytes, said] of [
      ["broken.xnorkit", fileOf(packedDigits).bytes.slice(0, 5000), /^Broken\.xnorkit is not a network .+\.$/],
      ["notes.txt", new TextEncoder().encode("hello"), /^Notes\.txt is not a network this page can run: .+\.$/],
      ["empty.xnorkit", new Uint8Array(0), /^Empty\.xnorkit is not a network .+: .*the file is empty.+\.$/],
      ["weights.safetensors", writeSafetensors(tinyTensors()), /holds weights, not a network: drop the network .+\.$/],
      [
        "cut.png",
        png.slice(0, 200),
        /^Cut\.png is damaged: the browser cannot decode it\. The network here is tiny\.$/,
      ],
    ] as const) {
      await drop(page, [{ name: file, bytes }]);
      await waitForText(page, "#own-error", said);
      assert.equal(await page.textContent("#model-name"), name);
    }
    const answer = await texts(page, "#classes li");
    await drop(page, [fileOf(sample(9)), text("empty.xnorkit", "")]);
    await waitForText(page, "#own-error", /^Empty\.xnorkit/);
    assert.deepEqual(await texts(page, "#classes li"), answer);
    assert.doesNotMatch((await page.getAttribute("#picture", "aria-label")) ?? "", /9\.png/);
    await drop(page, [fileOf(packedDigits)]);
    await named("digits");
    await page.locator("#own-error").waitFor({ state: "hidden" });
  });

  test("the sample photograph and the camera are read", async () => {
    const model = rgbModel();
    const graph = { ...model.graph, preprocess: PRESETS.unit, name: "seen" };
    await drop(page, [{ name: "seen.xnorkit", bytes: saveModel({ ...model, graph }) }]);
    await named("seen");
    await page.click("#sample-photo");
    await waitForText(page, "#classes-note", /^cat\.jpg: class \d, in [\d.]+ ms a picture\.$/);
    await page.click("#camera");
    await waitForText(page, "#classes-note", /^The camera: class \d, [\d.,]+ pictures a second\.$/);
    assert.equal(await page.locator("#camera-view").isVisible(), true);
    assert.equal(await page.getAttribute("#camera", "aria-pressed"), "true");
    await page.click("#camera");
    assert.equal(await page.locator("#camera-view").isVisible(), false);
    await page.click("#sample-photo");
    await waitForText(page, "#classes-note", /^cat\.jpg: /);
    assert.equal(await page.locator("#picture").isVisible(), true);
  });

  test("no errors, and nothing was missing", () => {
    assert.deepEqual(desktop.problems, []);
    assert.deepEqual(site.missing, []);
  });
});
