/**
 * The trained QuickNet on pictures of ImageNet, against the recorded logits: two in the reference here, all of them
 * on the kernels.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { createSession } from "../../src/index.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import { importTflite, type TfliteNoteKind } from "../../src/tflite.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { KERNELS } from "./support.js";

const FILE = "data/larq/quicknet.tflite";
const SAMPLES = "data/imagenet/imagenet_samples_224.safetensors";
const PIXELS = 224 * 224;
const CLASSES = 1000;

interface Sample {
  /** Pixels [1, 224, 224, 3]. */
  readonly input: Tensor;
  readonly logits: Float32Array;
}

function readSamples(): readonly Sample[] {
  const { tensors } = readSafetensors(readFileSync(sharedPath(SAMPLES)));
  const images = tensors.get("images")!.bytes;
  const logits = toFloat32(tensors.get("logits.quicknet")!);
  return Array.from({ length: 32 }, (_, index) => {
    const data = new Uint8Array(3 * PIXELS);
    for (let i = 0; i < data.length; i++) data[i] = images[(3 * index + (i % 3)) * PIXELS + Math.floor(i / 3)];
    return {
      input: { shape: [1, 224, 224, 3], data },
      logits: logits.subarray(index * CLASSES, (index + 1) * CLASSES),
    };
  });
}

const indexOfLargest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, value, index) => (value > values[best] ? index : best), 0);

/** The largest difference, as a part of the largest logit. */
function difference(found: ArrayLike<number>, { logits }: Sample): number {
  const largest = Math.max(...logits.map(Math.abs));
  return Math.max(...logits.map((value, i) => Math.abs(value - found[i]))) / largest;
}

describe("QuickNet", { skip: skipWithout(FILE, SAMPLES) }, () => {
  it("says how it was read", () => {
    const { graph, notes } = importTflite(readFileSync(sharedPath(FILE)));
    assert.deepEqual(graph.inputShape, [1, 224, 224, 3]);
    assert.equal(graph.layout, "NHWC");
    assert.deepEqual(graph.preprocess, { mean: [127.5], std: [127.5] });
    const texts = (kind: TfliteNoteKind) => notes.filter((note) => note.kind === kind).map(({ text }) => text);
    assert.match(texts("form").join(), /mid 2020/);
    assert.match(texts("preprocess").join(), /preset larq/);
    assert.match(texts("layers").join(), /13 of 16 layers/);
    assert.equal(texts("bits").filter((text) => / on bits, LceBconv2d 3x3 .* padded with \+1/.test(text)).length, 13);
    assert.equal(texts("float").length, 3);
  });

  it("gives the recorded logits in the reference", () => {
    const { graph, weights } = importTflite(readFileSync(sharedPath(FILE)), { logits: true });
    const samples = readSamples();
    for (const index of [0, 17]) {
      const { output } = runReference(graph, weights, samples[index].input);
      assert.ok(difference(output.data, samples[index]) < 1e-5, `picture ${index}`);
      assert.equal(indexOfLargest(output.data), indexOfLargest(samples[index].logits));
    }
  });

  for (const kernel of KERNELS) {
    for (const form of ["file", "packed file"] as const) {
      it(`gives the recorded logits on the ${kernel} kernel, from its ${form}`, async () => {
        const imported = importTflite(readFileSync(sharedPath(FILE)), { logits: true });
        const model = form === "file" ? imported : loadModel(saveModel(imported));
        const session = await createSession(model, { kernel });
        const found = readSamples().map((sample) => {
          const { data } = session.run(sample.input);
          const isSame = indexOfLargest(data) === indexOfLargest(sample.logits);
          return { isClose: difference(data, sample) <= 1e-3, isSame };
        });
        // Values a rounding away from a sign turn it in some pictures, and all after it.
        const close = found.filter(({ isClose }) => isClose).length;
        const same = found.filter(({ isSame }) => isSame).length;
        assert.ok(close >= 28 && same >= 30, `${close} pictures within 1e-3, ${same} with the same class`);
        session.dispose();
      });
    }
  }
});
