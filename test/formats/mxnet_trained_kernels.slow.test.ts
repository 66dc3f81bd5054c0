/** BMXNet v1's published networks on the kernels: all 10,000 digits of t10k and all 32 ImageNet samples. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readMnist } from "../../src/formats/idx.js";
import { importMxnet } from "../../src/formats/mxnet/import.js";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { createSession } from "../../src/runtime/session.js";
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

function open([symbol, params]: readonly string[], mean: readonly number[], std: number) {
  const { graph, weights } = importMxnet(readFileSync(sharedPath(symbol), "utf8"), readFileSync(sharedPath(params)), {
    logits: true,
  });
  return createSession({ graph: { ...graph, preprocess: { mean, std: [std] } }, weights });
}

test("LeNet reads 9740 of the 10,000 digits of t10k", { skip: skipWithout(...LENET, ...MNIST) }, async () => {
  const session = await open(LENET, [0], 255);
  const [images, labels] = MNIST.map((file) => readFileSync(sharedPath(file)));
  const data = readMnist(images, labels);
  let correct = 0;
  let nearTies = 0;
  for (let first = 0; first < 10000; first += 100) {
    const pixels = data.images.data.subarray(first * 784, (first + 100) * 784) as Uint8Array;
    const logits = session.run({ shape: [100, 1, 28, 28], data: pixels }).data;
    for (let i = 0; i < 100; i++) {
      const row = logits.subarray(i * 10, i * 10 + 10);
      if (indexOfLargest(row) === data.labels[first + i]) correct++;
      const [largest, second] = Array.from(row).sort((a, b) => b - a);
      if (largest - second < 1e-3) nearTies++;
    }
  }
  assert.ok(Math.abs(correct - 9740) <= Math.min(2, nearTies), `${correct} correct, ${nearTies} near ties`);
});

test("ResNet-18 gives the recorded logits of all 32 samples", { skip: skipWithout(...RESNET, IMAGENET) }, async () => {
  const session = await open(RESNET, [123.68, 116.779, 103.939], 1);
  const { tensors } = readSafetensors(readFileSync(sharedPath(IMAGENET)));
  const images = tensors.get("images")!.bytes;
  const recorded = toFloat32(tensors.get("logits.bmxnet_resnet18_0040")!);
  const size = 3 * 224 * 224;
  for (let index = 0; index < 32; index++) {
    const data = images.subarray(index * size, (index + 1) * size);
    const logits = session.run({ shape: [1, 3, 224, 224], data }).data as Float32Array;
    const expected = recorded.subarray(index * 1000, (index + 1) * 1000);
    const largest = Math.max(...expected.map(Math.abs));
    const difference = Math.max(...logits.map((value, i) => Math.abs(value - expected[i])));
    assert.ok(difference <= 1e-3 * largest, `picture ${index} differs by ${difference} of ${largest}`);
    assert.equal(indexOfLargest(logits), indexOfLargest(expected), `picture ${index}`);
  }
});
