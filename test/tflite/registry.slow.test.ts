/**
 * A network of the registry, written as a .tflite file and read again, is that network but for its borders and the
 * input's layout.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { compare } from "../../src/explain/compare.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount } from "../../src/tensor.js";
import { importTflite } from "../../src/tflite.js";
import { randomFloats, seededRandom } from "../formats/support.js";
import { writeGraph } from "./graph_writer.js";
import { runEverywhere } from "./support.js";

const graph = getModel("resnet18_e1", {
  inputShape: [1, 3, 16, 16],
  classes: 10,
  initialLayers: "thumbnail",
  binary: { bits: 1, bitsA: 1 },
  useFp: true,
  usePooling: true,
});

/** The graph with the border that the file has: +1, by TensorFlow's SAME. */
function withBorder(given: Graph): Graph {
  const nodes = given.nodes.map((node: Node): Node => {
    if (node.kind !== "binaryConv2d" && node.kind !== "conv2d") return node;
    const padding = node.kernel[0] === 1 ? node.padding : "same";
    return node.kind === "conv2d" ? { ...node, padding } : { ...node, padding, padValue: 1 };
  });
  return { ...given, nodes };
}

/** What each layer with weights is, in order. */
function layers({ nodes }: Graph): readonly string[] {
  return nodes.flatMap((node) => {
    if (node.kind === "dense") return [`dense ${node.units}`];
    if (node.kind !== "conv2d" && node.kind !== "binaryConv2d") return [];
    return [
      `${node.kind} ${node.channels} ${node.kernel.join("x")} stride ${node.stride.join("x")} groups ${node.groups}`,
    ];
  });
}

/**
 * What a comparison may find: the border, the layout, and what the converter makes of batch norms (folded to
 * multiplier and bias, the offset of BMXNet's popcounts in them) and of the module tree, which a file has not.
 */
const ALLOWED: readonly string[] = ["inputShape", "layout", "padding", "padValue", "kind", "layer", "offset", "module"];

it("resnet18_e1 as a .tflite file", async () => {
  const weights = randomWeights(graph, 7);
  const model = importTflite(writeGraph(graph, weights));
  const { differences } = compare(graph, model.graph);
  assert.deepEqual(
    differences.filter(({ field }) => !ALLOWED.includes(field)),
    [],
  );
  const kinds = differences.filter(({ field }) => field === "kind");
  assert.ok(kinds.every(({ a, b }) => a === "batchNorm" && b === "scaleShift"));
  const added = differences.filter(({ field }) => field === "layer");
  assert.ok(added.every(({ a, b }) => a === null && b === "affine"));
  assert.deepEqual(layers(model.graph), layers(graph));
  assert.deepEqual(model.graph.inputShape, [1, 16, 16, 3]);
  assert.equal(model.graph.layout, "NHWC");

  const nhwc = randomFloats(elementCount(graph.inputShape), seededRandom(3));
  const nchw = Float32Array.from(nhwc, (_, i) => {
    const [channel, pixel] = [Math.floor(i / 256), i % 256];
    return nhwc[pixel * 3 + channel];
  });
  const expected = runReference(withBorder(graph), weights, { shape: graph.inputShape, data: nchw }).output;
  const largest = Math.max(...expected.data.map(Math.abs));
  for (const { by, shape, data } of await runEverywhere(model, { shape: [1, 16, 16, 3], data: nhwc })) {
    assert.deepEqual(shape, expected.shape);
    expected.data.forEach((value, i) => {
      assert.ok(Math.abs(value - data[i]) <= 1e-4 * largest, `${by}: [${i}] is ${data[i]}, expected ${value}`);
    });
  }
});
