/** The reference's binary layers against single layers of BMXNet v2: quantisers, QConv2D and activated_conv. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type {
  ActivationQuantizer,
  BinaryConv2dNode,
  Graph,
  QuantizeNode,
  WeightQuantizer,
} from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { compare, floatTensor, readTensors } from "./support.js";

interface OpCase {
  readonly id: string;
  readonly kind: string;
  readonly in_shape: readonly number[];
  readonly kw?: Readonly<Record<string, number | boolean | undefined>>;
  readonly effective_config: {
    readonly bits: number;
    readonly bits_a: number;
    readonly activation: ActivationQuantizer;
    readonly weight_quantization: WeightQuantizer;
    readonly approximation: string;
  };
}

const FILES = [
  "goldens/bmx_ops.json",
  "goldens/bmx_ops.weights.safetensors",
  "goldens/bmx_ops.io.safetensors",
] as const;
const TOLERANCE = 1e-4;

function quantizeNode({ effective_config: config }: OpCase): QuantizeNode {
  return { kind: "quantize", name: "q", inputs: ["input"], module: "", method: config.activation, bits: config.bits_a };
}

function convolutionNode({ kind, kw = {}, effective_config: config, id }: OpCase, weight: string): BinaryConv2dNode {
  const both = (key: string, otherwise: number): readonly [number, number] => {
    const value = Number(kw[key] ?? otherwise);
    return [value, value];
  };
  const activated = kind === "activated_conv";
  const scaled = activated ? config.approximation === "binet" : kw.apply_scaling === true;
  return {
    kind: "binaryConv2d",
    name: id,
    inputs: [activated ? "q" : "input"],
    module: "",
    weight,
    channels: Number(kw.channels),
    kernel: both("kernel_size", 3),
    stride: both(activated ? "stride" : "strides", 1),
    padding: both("padding", 0),
    dilation: both("dilation", 1),
    groups: Number(kw.groups ?? 1),
    padValue: -1,
    quantizer: config.weight_quantization,
    bits: config.bits,
    scaling: scaled ? "channel" : "none",
    offset: config.bits === 1 && !scaled && kw.no_offset !== true,
  };
}

test("the reference computes BMXNet v2's quantisers and convolutions", { skip: skipWithout(...FILES) }, () => {
  const { cases } = JSON.parse(readFileSync(sharedPath(FILES[0]), "utf8")) as { readonly cases: readonly OpCase[] };
  const parameters = readTensors(FILES[1]);
  const io = readTensors(FILES[2]);
  const computed = { QActivation: 0, QConv2D: 0, activated_conv: 0 };
  for (const op of cases) {
    const { id, kind } = op;
    if (kind !== "QActivation" && kind !== "QConv2D" && kind !== "activated_conv") continue;
    if (kind === "activated_conv" && op.effective_config.approximation === "xnor") continue;
    const weight = [...parameters.keys()].find((name) => name.startsWith(`${id}/`)) ?? "";
    const nodes: Graph["nodes"] = [
      { kind: "input", name: "input", inputs: [], module: "" },
      ...(kind === "QConv2D" ? [] : [quantizeNode(op)]),
      ...(kind === "QActivation" ? [] : [convolutionNode(op, weight)]),
    ];
    const graph: Graph = {
      name: id,
      inputShape: op.in_shape,
      nodes,
      output: nodes[nodes.length - 1].name,
      modules: [],
    };
    const weights = new Map(
      kind === "QActivation" ? [] : [[weight, { kind: "f32" as const, ...floatTensor(parameters, weight) }]],
    );
    const { output } = runReference(graph, weights, floatTensor(io, `${id}/input`));
    const expected = floatTensor(io, `${id}/output`);
    assert.deepEqual(output.shape, expected.shape, id);
    const { difference, scale } = compare(output.data, expected.data);
    assert.ok(difference <= TOLERANCE * scale, `${id} differs by ${difference}, allowed ${TOLERANCE * scale}`);
    computed[kind]++;
  }
  assert.deepEqual(computed, { QActivation: 14, QConv2D: 41, activated_conv: 36 });
});
