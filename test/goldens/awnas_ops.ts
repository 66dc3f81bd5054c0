/**
 * The single layers of AWNAS: primitives, BinaryConv2d, BinaryConvBNReLU and BinaryResNetBlock as graphs of their own.
 */
import { readFileSync } from "node:fs";
import { type RawTensor, toFloat32 } from "../../src/formats/safetensors.js";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import type { Graph } from "../../src/graph/types.js";
import { type BinaryConfigs, binaryConvBnRelu, binaryResNetBlock } from "../../src/models/awnas/binary_blocks.js";
import { newConstructionState } from "../../src/models/awnas/primitive.js";
import { buildPrimitive } from "../../src/models/awnas/primitives.js";
import { xnorResNetConfigs } from "../../src/models/awnas/primitives_binary.js";
import { type BiWScale, binaryConv2d } from "../../src/nn/torch.js";
import type { Weight, Weights } from "../../src/weights.js";
import { sharedPath } from "../support/shared.js";
import { type FloatTensor, floatTensor, readTensors } from "./support.js";

export const AWNAS_OP_FILES = [
  "goldens/awnas_ops.json",
  "goldens/awnas_ops.weights.safetensors",
  "goldens/awnas_ops.io.safetensors",
] as const;

type OpKind = "primitive" | "BinaryConv2d" | "BinaryConvBNReLU" | "BinaryResNetBlock";

interface Activation {
  readonly bi_w_scale: BiWScale;
  readonly bi_act_method: number;
}

interface OpCase extends Activation {
  readonly id: string;
  readonly kind: OpKind;
  readonly name: string;
  readonly C: number;
  readonly C_out: number;
  readonly C_in: number;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly kernel_size: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
  readonly dilation: number;
  readonly affine: boolean;
  readonly relu: boolean;
  readonly shortcut: boolean;
  readonly reduction_op_type: BinaryConfigs["reduction"];
  readonly layer_order: BinaryConfigs["order"];
  readonly binary_conv_cfgs: Activation;
  readonly downsample: "conv" | "avgpool" | "binary_conv";
  readonly sign_margins: { readonly near_tie_1e5: number };
  readonly sign_disagreements_f32_vs_f64: number;
}

export interface OpGolden {
  readonly id: string;
  readonly kind: OpKind;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly input: FloatTensor;
  readonly output: FloatTensor;
  /** Sign decisions that may go either way. */
  readonly nearTies: number;
}

function blockOf(op: OpCase): Block {
  const { stride, affine = true } = op;
  const options = { channels: op.C_in, outChannels: op.C_out, stride, affine, place: op.id };
  switch (op.kind) {
    case "primitive":
      return buildPrimitive(op.name, { ...options, channels: op.C }, newConstructionState());
    case "BinaryConv2d":
      return binaryConv2d({
        inChannels: op.in_channels,
        outChannels: op.out_channels,
        kernelSize: op.kernel_size,
        stride,
        padding: op.padding,
        groups: op.groups,
        dilation: op.dilation,
        biWScale: op.bi_w_scale,
        biActMethod: op.bi_act_method,
      });
    case "BinaryConvBNReLU": {
      const configs: BinaryConfigs = {
        shortcut: op.shortcut,
        reduction: op.reduction_op_type,
        order: op.layer_order,
        biWScale: op.binary_conv_cfgs.bi_w_scale,
        biActMethod: op.binary_conv_cfgs.bi_act_method,
      };
      return binaryConvBnRelu(options, op.kernel_size, configs, op.relu);
    }
    case "BinaryResNetBlock":
      return binaryResNetBlock(options, xnorResNetConfigs, op.downsample, op.kernel_size);
  }
}

/** A module of that one child, under the name `op`: a layer needs a name. */
function wrapped(block: Block): Block {
  return { type: "Module", forward: (scope, x) => scope.child("op", block, x) };
}

function weightsOf(parameters: ReadonlyMap<string, RawTensor>, id: string): Weights {
  const own = [...parameters].filter(([name]) => name.startsWith(`${id}/`) && !name.endsWith("num_batches_tracked"));
  return new Map(
    own.map(([name, raw]): [string, Weight] => [
      `op.${name.slice(id.length + 1)}`,
      { kind: "f32", shape: raw.shape, data: toFloat32(raw) },
    ]),
  );
}

export function loadAwnasOps(): readonly OpGolden[] {
  const [description, parameterFile, ioFile] = AWNAS_OP_FILES;
  const { cases } = JSON.parse(readFileSync(sharedPath(description), "utf8")) as { readonly cases: readonly OpCase[] };
  const parameters = readTensors(parameterFile);
  const io = readTensors(ioFile);
  return cases.map((op) => {
    const input = floatTensor(io, `${op.id}/input`);
    return {
      id: op.id,
      kind: op.kind,
      graph: buildGraph(op.id, input.shape, wrapped(blockOf(op))),
      weights: weightsOf(parameters, op.id),
      input,
      output: floatTensor(io, `${op.id}/output`),
      nearTies: op.sign_margins.near_tie_1e5 + op.sign_disagreements_f32_vs_f64,
    };
  });
}
