/**
 * The Bi-Real network of the peers' benchmark: its ONNX file, its graph from the registry's vocabulary, and onnxruntime
 * agree.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bireal } from "../../bench/peers/bireal.js";
import { birealModel } from "../../bench/peers/bireal_graph.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { onnxLibraries } from "../../bench/peers/onnxruntime.js";
import { checkSameOutput, compareSameFile } from "../../bench/peers/same_file.js";
import { compare } from "../../src/explain/compare.js";
import { importOnnx } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import { difference, random, runKernels, runRuntime, skipWithoutRuntime } from "../onnx/support.js";
import { checkReport } from "./support.js";

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
  assert.equal(imported.notes.filter(({ kind }) => kind === "bits").length, 8);
  const kernels = await runKernels(imported, input);
  for (const { data } of kernels) assert.ok(difference(data, output.data) <= 1e-4);
});

test("onnxruntime reads the very same file", { skip: skipWithoutRuntime }, async () => {
  const { graph, weights } = importOnnx(birealOnnx(small));
  const { output } = runReference(graph, weights, input);
  const { data } = await runRuntime(birealOnnx(small), input);
  assert.ok(difference(data, output.data) <= 1e-4);
});

test("the benchmark runs the file in every library, or says why not", async () => {
  const measure = { rounds: 2, repeats: 1, warmUp: 1 };
  const report = checkReport(await compareSameFile({ network: small, measure }), "peers");
  for (const { name } of onnxLibraries()) {
    const measured = report.results.some((result) => result.name === `${name} bireal_resnet18`);
    const noted = report.notes!.some((note) => note.startsWith(`${name} on bireal_resnet18.onnx is not measured: `));
    assert.notEqual(measured, noted, name);
  }
  const [imported, built] = report.results;
  assert.deepEqual([imported.variant, built.variant], ["imported .onnx", "registry's vocabulary"]);
  assert.ok("registry's vocabulary" in imported.ratios);
});

test("another class, other numbers, or another count is another network", () => {
  checkSameOutput([1, 2.0001, 0], [1, 2, 0]);
  assert.throws(() => checkSameOutput([1, 2], [1, 2, 0]), /it gives 2 numbers, expected 3/);
  assert.throws(() => checkSameOutput([1, 2.1, 0], [1, 2, 0]), /differs by 0.1/);
  assert.throws(() => checkSameOutput([2.0005, 2, 0], [1.9995, 2, 0]), /its first class is 0, expected 1/);
  assert.throws(() => checkSameOutput([Number.NaN, 2], [1, 2]), /differs by NaN/);
});
