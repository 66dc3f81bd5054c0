/** Larq's trained QuickNet on the command line: named, it runs, from its file and as a packed model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sharedPath, skipWithout } from "../support/shared.js";
import { temporaryFolder, xnorkit, xnorkitJson } from "./support.js";

const MODEL = "data/larq/quicknet.tflite";
const PICTURE = "data/imagenet/jpeg/n02090721_Irish_wolfhound.JPEG";
const LABELS = "data/imagenet/synset.txt";
const folder = temporaryFolder();

interface Classification {
  readonly top: readonly { readonly label: string; readonly probability: number }[];
}

describe("quicknet.tflite", { skip: skipWithout(MODEL, PICTURE, LABELS) }, () => {
  const [model, picture, labels] = [MODEL, PICTURE, LABELS].map(sharedPath);
  const classify = (file: string) =>
    xnorkitJson<Classification[]>("classify", "--model", file, "--labels", labels, picture);

  it("knows a dog, with no other flag, also from its packed file", async () => {
    const [{ top }] = await classify(model);
    assert.match(top[0].label, /Irish wolfhound/);
    assert.ok(top[0].probability > 0.5);
    const packed = join(folder, "quicknet.safetensors");
    assert.equal((await xnorkit("convert", model, packed)).code, 0);
    const [again] = await classify(packed);
    assert.deepEqual(again.top, top);
  });

  it("has its preprocessing and its layers on bits in notes", async () => {
    const { code, stderr } = await xnorkit("classify", "--model", model, picture);
    assert.equal(code, 0);
    assert.match(stderr, /the preset larq, pixels \/ 127\.5 - 1/);
    assert.match(stderr, /13 of 16 layers with weights run on bits; in float are/);
  });

  it("is counted", async () => {
    const { totals } = await xnorkitJson<{ totals: { binaryMacs: number } }>("summary", model);
    assert.equal(totals.binaryMacs, 1_242_759_168);
  });
});
