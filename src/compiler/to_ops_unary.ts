/** Nodes that ResNets do without, as operations. */
import { XnorkitError } from "../errors.js";
import { isGate } from "../graph/nodes/record.js";
import type { Node } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import { makeAffine } from "./affine.js";
import { noEpilogue, type Op } from "./ir.js";

type UnaryNode = Extract<
  Node,
  {
    kind:
      | "scale"
      | "mul"
      | "concat"
      | "absMean"
      | "softmax"
      | "activation"
      | "channelShuffle"
      | "sliceChannels"
      | "pad"
      | "crop";
  }
>;

const activationIds = { tanh: 0, sigmoid: 1, softrelu: 2, softsign: 3 } as const;

/** Channel (g, i) of (groups, C / groups) comes to place (i, g). */
function shuffleOrder(channels: number, groups: number): Uint32Array {
  const size = channels / groups;
  return Uint32Array.from({ length: channels }, (_, c) => (c % groups) * size + Math.floor(c / groups));
}

export function unaryOps(node: UnaryNode, shapeOf: (value: string) => Shape): Op[] {
  const { name } = node;
  const [input] = node.inputs;
  switch (node.kind) {
    case "scale": {
      const root = node.factor === 0 ? Number.NaN : 0;
      const affine = makeAffine(shapeOf(input)[1], () => ({ scale: node.factor, shift: 0, root }));
      return [{ kind: "pointwise", name, input, epilogue: { ...noEpilogue, affine }, value: name, sign: null }];
    }
    case "mul":
      if (isGate(shapeOf(input), shapeOf(node.inputs[1]))) {
        throw new XnorkitError("unsupported", `layer ${name} (mul by a gate) is not computed here`);
      }
      return [{ kind: "mul", name, inputs: node.inputs as readonly [string, string], value: name }];
    case "concat":
      return [{ kind: "concat", name, inputs: node.inputs, value: name }];
    case "absMean":
    case "softmax":
      return [{ kind: "unary", name, function: { kind: node.kind }, input, value: name }];
    case "activation": {
      const id = activationIds[node.function];
      return [{ kind: "unary", name, function: { kind: "activation", id }, input, value: name }];
    }
    case "channelShuffle": {
      const order = shuffleOrder(shapeOf(input)[1], node.groups);
      return [{ kind: "unary", name, function: { kind: "permute", order }, input, value: name }];
    }
    case "sliceChannels":
      return [{ kind: "unary", name, function: { kind: "slice", begin: node.begin }, input, value: name }];
    case "pad": {
      const { top, left, value } = node;
      return [{ kind: "unary", name, function: { kind: "window", top, left, value }, input, value: name }];
    }
    case "crop": {
      const window = { kind: "window", top: -node.top, left: -node.left, value: 0 } as const;
      return [{ kind: "unary", name, function: window, input, value: name }];
    }
  }
}
