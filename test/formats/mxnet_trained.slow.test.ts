/**
 * BMXNet v1's published networks in the reference: 200 digits and 2 pictures here, all of them in the evaluation of the
 * kernels.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { importMxnet } from "../../src/formats/mxnet/import.js";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { runReference } from "../../src/reference/index.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const LENET = ["data/bmxnet/binarized_mnist_32bit-symbol.json", "data/bmxnet/binarized_mnist_32bit-0001.params"];
const RESNET = [
  "data/bmxnet/binarized_imagenet-resnet18-64bit-symbol.json",
  "data/bmxnet/binarized_imagenet-resnet18-64bit-0040.params",
];
const MNIST = ["data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz"];
const IMAGENET = "data/imagenet/imagenet_samples_224.safetensors";

const indexOfLargest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, value, index) => (value > values[best] ? index : best), 0);

test("LeNet: 32-bit words, 195 of the first 200 digits of t10k", { skip: skipWithout(...LENET, ...MNIST) }, () => {
  const { graph, weights } = importMxnet(
    readFileSync(sharedPath(LENET[0]), "utf8"),
    readFileSync(sharedPath(LENET[1])),
  );
  assert.deepEqual(graph.inputShape, [1, 1, 28, 28]);
  const [images, labels] = MNIST.map((file) => gunzipSync(readFileSync(sharedPath(file))));
  let correct = 0;
  for (let first = 0; first < 200; first += 50) {
    const pixels = images.subarray(16 + first * 784, 16 + (first + 50) * 784);
    const input = { shape: [50, 1, 28, 28], data: Float32Array.from(pixels, (pixel) => pixel / 255) };
    const { output } = runReference(graph, weights, input);
    for (let i = 0; i < 50; i++) {
      const row = output.data.subarray(i * 10, i * 10 + 10);
      assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-12, "the head gives probabilities");
      if (indexOfLargest(row) === labels[8 + first + i]) correct++;
    }
  }
  assert.equal(correct, 195);
});

test("ResNet-18: 64-bit words, the recorded logits", { skip: skipWithout(...RESNET, IMAGENET) }, () => {
  const model = importMxnet(readFileSync(sharedPath(RESNET[0]), "utf8"), readFileSync(sharedPath(RESNET[1])), {
    logits: true,
  });
  assert.deepEqual(model.graph.inputShape, [1, 3, 224, 224]);
  const graph = { ...model.graph, preprocess: { mean: [123.68, 116.779, 103.939], std: [1] } };
  const { tensors } = readSafetensors(readFileSync(sharedPath(IMAGENET)));
  const images = tensors.get("images")!.bytes;
  const recorded = toFloat32(tensors.get("logits.bmxnet_resnet18_0040")!);
  for (const index of [0, 17]) {
    const data = Uint8Array.from(images.subarray(index * 3 * 224 * 224, (index + 1) * 3 * 224 * 224));
    const { output } = runReference(graph, model.weights, { shape: [1, 3, 224, 224], data });
    const expected = recorded.subarray(index * 1000, (index + 1) * 1000);
    const largest = Math.max(...expected.map(Math.abs));
    const difference = Math.max(...output.data.map((value, i) => Math.abs(value - expected[i])));
    assert.ok(difference <= 1e-5 * largest, `picture ${index} differs by ${difference} of ${largest}`);
    assert.equal(indexOfLargest(output.data), indexOfLargest(expected));
  }
});
