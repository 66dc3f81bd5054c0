/**
 * Trained networks from the wild: traffic signs (larq through tf2onnx) and one MNIST network in QONNX's form and in two
 * of FINN's.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readMnist } from "../../src/formats/idx.js";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { PRESETS } from "../../src/image/presets.js";
import { importOnnx, type OnnxImport } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { difference, notesOf, runKernels } from "./support.js";

function load(name: string): OnnxImport {
  return importOnnx(readFileSync(sharedPath(`data/onnx/${name}.onnx`)));
}

function argMax(values: ArrayLike<number>, first: number, count: number): number {
  let best = first;
  for (let i = first; i < first + count; i++) if (values[i] > values[best]) best = i;
  return best - first;
}

describe("traffic signs", () => {
  for (const [name, binary, zeros] of [
    ["traffic_signs_30", 2, 8893],
    ["traffic_signs_48", 4, null],
  ] as const) {
    test(name, { skip: skipWithout(`data/onnx/${name}.onnx`) }, async () => {
      const imported = load(name);
      const { graph, weights } = imported;
      assert.equal(graph.layout, "NHWC");
      assert.equal(graph.nodes.filter(({ kind }) => kind === "binaryConv2d" || kind === "binaryDense").length, binary);
      const { tensors } = readSafetensors(readFileSync(sharedPath(`data/onnx/${name}.io.safetensors`)));
      const raw = tensors.get("input")!;
      const input: Tensor = { shape: raw.shape, data: toFloat32(raw) };
      const scores = toFloat32(tensors.get("scores")!);
      const labels = toFloat32(tensors.get("labels")!);
      const softmax = graph.nodes.find((node) => node.name === graph.output)!;
      assert.equal(softmax.kind, "softmax");
      const [read] = softmax.inputs;
      const quantized = graph.nodes.filter((node) => node.kind === "quantize");
      const taps = [read, ...quantized.map((node) => node.inputs[0])];
      const result = runReference(graph, weights, input, { taps });
      const found = result.taps.get(read)!;
      for (let row = 0; row < 6; row++) {
        const rows = [found.data, scores].map((data) => data.slice(43 * row, 43 * (row + 1)));
        assert.ok(difference(rows[0], rows[1]) <= 1e-4, `row ${row}`);
        if (labels[row] >= 0) assert.equal(argMax(found.data, 43 * row, 43), labels[row]);
      }
      if (zeros !== null) {
        let count = 0;
        for (const node of quantized)
          for (const value of result.taps.get(node.inputs[0])!.data) if (value === 0) count++;
        assert.equal(count, zeros, "exact zeros before the signs");
      }
      const kernels = await runKernels({ ...imported, graph: { ...graph, output: read } }, input);
      for (const { data } of kernels) assert.ok(difference(data, scores) <= 1e-4);
    });
  }
});

describe("one MNIST network in three forms", () => {
  const skip = skipWithout("data/onnx/tfc_w1a1_qonnx.onnx", "data/mnist");

  /** The pictures of MNIST's test set from 0 to 255, or divided by `std`. */
  function pictures(count: number, std: number): { readonly input: Tensor; readonly labels: ArrayLike<number> } {
    const [images, labels] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"].map((file) =>
      gunzipSync(readFileSync(sharedPath(`data/mnist/${file}.gz`))),
    );
    const data = readMnist(images, labels);
    const pixels = data.images.data.subarray(0, count * 784);
    return {
      input: { shape: [count, 1, 28, 28], data: Float32Array.from(pixels, (pixel) => pixel / std) },
      labels: data.labels,
    };
  }

  function answers({ graph, weights }: OnnxImport, input: Tensor): readonly number[] {
    const { output } = runReference(graph, weights, input);
    return Array.from({ length: output.shape[0] }, (_, row) => argMax(output.data, row * 10, 10));
  }

  test("QONNX: 9296 of 10000", { skip }, () => {
    const { input, labels } = pictures(10_000, PRESETS.unit.std[0]);
    const found = answers(load("tfc_w1a1_qonnx"), input);
    assert.equal(found.filter((answer, index) => answer === labels[index]).length, 9296);
  });

  test("FINN's forms take pixels and answer as QONNX's does", { skip }, () => {
    const wanted = answers(load("tfc_w1a1_qonnx"), pictures(400, 255).input);
    const { input, labels } = pictures(400, 1);
    assert.equal(wanted.filter((answer, index) => answer === labels[index]).length, 372);
    for (const name of ["tfc_w1a1_finn", "tfc_w1a1_finn_streamlined"]) {
      const imported = load(name);
      assert.match(notesOf(imported), /the file ends in TopK "TopK_0", which gives the number of a class/);
      assert.deepEqual(answers(imported, input), wanted, name);
    }
  });

  test("both kernels agree with the reference on 400 pictures", { skip }, async () => {
    for (const [name, std] of [
      ["tfc_w1a1_qonnx", 255],
      ["tfc_w1a1_finn", 1],
      ["tfc_w1a1_finn_streamlined", 1],
    ] as const) {
      const imported = load(name);
      const { input } = pictures(400, std);
      const results = await runKernels(imported, input);
      const { output } = runReference(imported.graph, imported.weights, input);
      for (const { data } of results) assert.ok(difference(data, output.data) <= 1e-4, name);
    }
  });
});
