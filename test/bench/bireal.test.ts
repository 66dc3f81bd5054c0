/** The Bi-Real network of the peers' benchmark: its ONNX file, its graph from the registry's vocabulary, and onnxruntime agree. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bireal } from "../../bench/peers/bireal.js";
import { birealModel } from "../../bench/peers/bireal_graph.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { compare } from "../../src/explain/compare.js";
import { importOnnx } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import { difference, random, runKernels, runRuntime, skipWithoutRuntime } from "../onnx/support.js";

const small = bireal({ seed: 3, size: 64, widths: [8, 16, 24, 32], depth: 2, classes: 10 });
const input = { shape: small.inputShape, data: random(3 * 64 * 64, 5) };

test("compare finds no difference between the imported network and the built one", () => {
  for (const network of [small, bireal({ seed: 1, widths: [8, 8, 16, 16], classes: 10 })]) {
    const { graph } = importOnnx(birealOnnx(network), { name: "bireal_resnet18" });
    assert.deepEqual(compare(graph, birealModel(network).graph).differences, []);
  }
});

test("both compute the same, on kernels too", async () => {
  const imported = importOnnx(birealOnnx(small));
  const built = birealModel(small);
  const { output } = runReference(imported.graph, imported.weights, input);
  const { output: other } = runReference(built.graph, built.weights, input);
  assert.ok(difference(output.data, other.data) <= 1e-6);
  assert.equal(imported.notes.filter((note) => / runs on bits$/.test(note)).length, 8);
  const kernels = await runKernels(imported, input);
  assert.ok(kernels !== null);
  for (const { data } of kernels) assert.ok(difference(data, output.data) <= 1e-4);
});

test("onnxruntime reads the very same file", { skip: skipWithoutRuntime }, async () => {
  const { graph, weights } = importOnnx(birealOnnx(small));
  const { output } = runReference(graph, weights, input);
  const { data } = await runRuntime(birealOnnx(small), input);
  assert.ok(difference(data, output.data) <= 1e-4);
});
