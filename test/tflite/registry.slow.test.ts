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

const network = (name: string) =>
  getModel(name, {
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

/** What a comparison may find: the border and the layout. */
const ALLOWED: readonly string[] = ["inputShape", "layout", "padding", "padValue"];

for (const name of ["resnet18_e1", "resnet18_e2"]) {
  it(`${name} as a .tflite file`, async () => {
    const graph = network(name);
    const weights = randomWeights(graph, 7);
    const model = importTflite(writeGraph(graph, weights));
    const { differences } = compare(graph, model.graph);
    assert.deepEqual(
      differences.filter(({ field }) => !ALLOWED.includes(field)),
      [],
    );
    const borders = differences.filter(({ field }) => field === "padValue");
    assert.ok(borders.length === 16 && borders.every(({ a, b }) => a === -1 && b === 1));
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
}
