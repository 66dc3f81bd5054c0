/** Preprocessing by name: which presets fit a picture, and the numbers of each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPresetName, PRESETS, presetNames, presetsFor } from "../../src/image/presets.js";

test("each preset maps pixels as it is said to", () => {
  const range = (name: keyof typeof PRESETS) => {
    const { mean, std } = PRESETS[name];
    return [0, 255].map((pixel) => Number(((pixel - mean[0]) / std[0]).toFixed(6)));
  };
  assert.deepEqual(range("mnist"), [0, 1]);
  assert.deepEqual(range("unit"), [0, 1]);
  assert.deepEqual(range("larq"), [-1, 1]);
  assert.deepEqual(range("none"), [0, 255]);
  assert.deepEqual(range("imagenet-mxnet"), [-123.68, 131.32]);
  assert.deepEqual(range("imagenet-torch"), [-2.117904, 2.248908]);
});

test("names, and those that fit a number of channels", () => {
  assert.deepEqual(presetNames, ["mnist", "unit", "imagenet-torch", "imagenet-mxnet", "larq", "none"]);
  assert.ok(isPresetName("larq") && !isPresetName("toString") && !isPresetName(""));
  assert.deepEqual(presetsFor(1), ["mnist", "unit", "larq", "none"]);
  assert.deepEqual(presetsFor(3), ["unit", "imagenet-torch", "imagenet-mxnet", "larq", "none"]);
});
