/** Elementwise operators of MXNet symbols, and those of BMXNet v2's quantisers that gluon writes out step by step. */
import { XnorkitError } from "../../errors.js";
import type { ActivationNode } from "../../graph/types.js";
import {
  booleanAttribute,
  choiceAttribute,
  describeNode,
  integersAttribute,
  MAX_CHANNELS,
  numberAttribute,
  requireAttribute,
  textAttribute,
} from "./attributes.js";
import { type Importer, type Operand, result } from "./importer.js";
import type { Operator, OperatorTable } from "./operator.js";
import type { SymbolNode } from "./symbol.js";

function relu(node: SymbolNode, importer: Importer): Operand {
  return result(importer.add({ kind: "relu" }, [importer.value(node, 0)], node.name));
}

function activation(name: ActivationNode["function"]): Operator {
  return (node, importer) =>
    result(importer.add({ kind: "activation", function: name }, [importer.value(node, 0)], node.name));
}

function activationLayer(node: SymbolNode, importer: Importer): Operand {
  const type = choiceAttribute(node, "act_type", ["relu", "tanh", "sigmoid", "softrelu", "softsign"]);
  return type === "relu" ? relu(node, importer) : (activation(type)(node, importer) as Operand);
}

function softmax(node: SymbolNode, importer: Importer): Operand {
  const input = importer.value(node, 0);
  const isRow = importer.shape(input).length === 2;
  requireAttribute(node, "axis", isRow ? ["-1", "1"] : ["1"]);
  const isOverChannels =
    textAttribute(node, "axis") === "1" ||
    textAttribute(node, "mode") === "channel" ||
    booleanAttribute(node, "multi_output", false);
  if (!isRow && !isOverChannels) {
    throw new XnorkitError("unsupported", `${describeNode(node)} is computed here over the channels of a map only`);
  }
  const temperature = numberAttribute(node, "temperature", 1);
  if (temperature !== 1) throw new XnorkitError("unsupported", `${describeNode(node)} has temperature ${temperature}`);
  return result(importer.add({ kind: "softmax" }, [input], node.name));
}

/** Training only: dropout, gradient clipping. */
function identity(node: SymbolNode, importer: Importer): Operand {
  return importer.operand(node, 0);
}

/** To float32, in which everything is computed here. */
function cast(node: SymbolNode, importer: Importer): Operand {
  requireAttribute(node, "dtype", ["float32"]);
  return identity(node, importer);
}

function sum(node: SymbolNode, importer: Importer): Operand {
  if (node.inputs.length === 0) throw new XnorkitError("bad-graph", `${describeNode(node)} has no inputs`);
  const inputs = node.inputs.map((_, index) => importer.value(node, index));
  const shapes = new Set(inputs.map((input) => importer.shape(input).join("x")));
  if (shapes.size > 1) {
    throw new XnorkitError(
      "bad-shape",
      `${describeNode(node)} adds maps of different shapes: ${[...shapes].join(", ")}`,
    );
  }
  return result(
    inputs.reduce((total, input) => importer.add({ kind: "add", channelOffset: 0 }, [total, input], node.name)),
  );
}

/** A product of two maps, one of which may have one channel; or of binary convolution and mean |W|, its scale. */
function product(node: SymbolNode, importer: Importer): Operand {
  const [left, right] = [importer.operand(node, 0), importer.operand(node, 1)];
  const scale = left.kind === "weightScale" ? left : right;
  if (scale.kind === "weightScale") {
    const source = importer.node(importer.value(node, left === scale ? 1 : 0));
    if (source.kind === "binaryConv2d" && source.weight === scale.name && source.scaling === "none" && !source.offset) {
      const { name: _, inputs, module: __, ...operation } = source;
      return result(importer.add({ ...operation, scaling: "channel" }, inputs, node.name));
    }
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} scales by mean |${scale.name}| what is no convolution with it`,
    );
  }
  const inputs = [importer.value(node, 0), importer.value(node, 1)];
  const isMapFirst = importer.shape(inputs[0])[1] >= importer.shape(inputs[1])[1];
  return result(importer.add({ kind: "mul" }, isMapFirst ? inputs : [inputs[1], inputs[0]], node.name));
}

function plusScalar(sign: 1 | -1): Operator {
  return (node, importer) => {
    const by = sign * numberAttribute(node, "scalar");
    return { kind: "shifted", of: importer.value(node, 0), by };
  };
}

/** factor * x. Half of h + K is the offset of a binary layer; levels / levels ends the round quantiser. */
function scaled(node: SymbolNode, importer: Importer, factor: number): Operand {
  const input = importer.operand(node, 0);
  if (input.kind === "shifted" && factor === 0.5) {
    const source = importer.node(input.of);
    const isLayer = source.kind === "binaryConv2d" || source.kind === "binaryDense";
    if (isLayer && !source.offset && fanIn(importer, source.inputs[0], source) === input.by) {
      const { name: _, inputs, module: __, ...operation } = source;
      return result(importer.add({ ...operation, offset: true }, inputs, node.name));
    }
  }
  if (input.kind === "levels" && !input.rounded && input.levels === 1) return { ...input, levels: factor };
  const bits = input.kind === "levels" ? Math.log2(input.levels + 1) : Number.NaN;
  if (
    input.kind === "levels" &&
    input.rounded &&
    Math.abs(factor * input.levels - 1) < 1e-12 &&
    Number.isInteger(bits)
  ) {
    return result(importer.quantize(input.of, "round", bits, node.name));
  }
  return result(importer.add({ kind: "scale", factor }, [importer.value(node, 0)], node.name));
}

/** The terms of one output. */
function fanIn(
  importer: Importer,
  input: string,
  layer:
    | { readonly kind: "binaryDense" }
    | { readonly kind: "binaryConv2d"; readonly groups: number; readonly kernel: readonly [number, number] },
): number {
  const channels = importer.shape(input)[1];
  return layer.kind === "binaryDense" ? channels : (channels / layer.groups) * layer.kernel[0] * layer.kernel[1];
}

function clip(node: SymbolNode, importer: Importer): Operand {
  const [low, high] = [numberAttribute(node, "a_min"), numberAttribute(node, "a_max")];
  const input = importer.value(node, 0);
  if (low === -1 && high === 1) return result(importer.quantize(input, "clip", 32, node.name));
  if (low === 0 && high === 1) return { kind: "levels", of: input, levels: 1, rounded: false };
  throw new XnorkitError(
    "unsupported",
    `${describeNode(node)} clips to [${low}, ${high}]; only [-1, 1] is computed here`,
  );
}

function roundSte(node: SymbolNode, importer: Importer): Operand {
  const input = importer.operand(node, 0);
  if (input.kind === "levels" && !input.rounded) return { ...input, rounded: true };
  throw new XnorkitError("unsupported", `${describeNode(node)} rounds otherwise than the quantiser "round" does`);
}

function magnitude(node: SymbolNode, importer: Importer): Operand {
  const input = importer.operand(node, 0);
  if (input.kind === "parameter") return { kind: "weightMagnitude", name: input.name };
  return { kind: "magnitude", of: importer.value(node, 0) };
}

/** Of |x| over the channels, of |W| over all axes but the first, of x over height and width. */
function mean(node: SymbolNode, importer: Importer): Operand {
  const axes = integersAttribute(node, "axis", [-MAX_CHANNELS, MAX_CHANNELS])?.join() ?? "";
  const isExcluding = booleanAttribute(node, "exclude", false);
  const keepsAxes = booleanAttribute(node, "keepdims", false);
  const input = importer.operand(node, 0);
  if (input.kind === "weightMagnitude" && axes === "0" && isExcluding) return { ...input, kind: "weightScale" };
  if (input.kind === "magnitude" && axes === "1" && !isExcluding && keepsAxes) {
    return result(importer.add({ kind: "absMean" }, [input.of], node.name));
  }
  if (input.kind === "value" && axes === "2,3" && !isExcluding) {
    const pooled = importer.add({ kind: "globalAvgPool" }, [input.name], node.name);
    return result(keepsAxes ? pooled : importer.add({ kind: "flatten" }, [pooled], `${node.name}_flatten`));
  }
  throw new XnorkitError(
    "unsupported",
    `${describeNode(node)} over axis (${axes}) is a mean that is not computed here`,
  );
}

/** Of the scale mean |W| only, whose one axis of length other than 1 becomes the channels. */
function transpose(node: SymbolNode, importer: Importer): Operand {
  const input = importer.operand(node, 0);
  if (input.kind === "weightScale") return input;
  throw new XnorkitError("unsupported", `${describeNode(node)} transposes a map, which is not computed here`);
}

function full(value: number | null): Operator {
  return (node) => ({
    kind: "constant",
    shape: integersAttribute(node, "shape", [1, MAX_CHANNELS]) ?? [],
    value: value ?? numberAttribute(node, "value"),
  });
}

function factorOf(factor: (scalar: number) => number): Operator {
  return (node, importer) => scaled(node, importer, factor(numberAttribute(node, "scalar")));
}

const aliases = (names: readonly string[], operator: Operator) => names.map((name) => [name, operator] as const);

export const elementwiseOperators: OperatorTable = Object.fromEntries([
  ["Activation", activationLayer],
  ["relu", relu],
  ["tanh", activation("tanh")],
  ["sigmoid", activation("sigmoid")],
  ["softsign", activation("softsign")],
  ...aliases(["SoftmaxOutput", "Softmax", "SoftmaxActivation", "softmax"], softmax),
  ["LogisticRegressionOutput", activation("sigmoid")],
  ...aliases(["LinearRegressionOutput", "MAERegressionOutput"], identity),
  ...aliases(["Dropout", "BlockGrad", "stop_gradient", "identity", "_copy", "_contrib_gradcancel"], identity),
  ...aliases(["Cast", "cast", "amp_cast"], cast),
  ...aliases(["elemwise_add", "broadcast_add", "broadcast_plus", "_plus", "_Plus", "_add"], sum),
  ...aliases(["add_n", "ElementWiseSum", "_sum"], sum),
  ...aliases(["elemwise_mul", "broadcast_mul", "_mul", "_Mul"], product),
  ...aliases(["_plus_scalar", "_PlusScalar"], plusScalar(1)),
  ...aliases(["_minus_scalar", "_MinusScalar"], plusScalar(-1)),
  ...aliases(
    ["_mul_scalar", "_MulScalar"],
    factorOf((scalar) => scalar),
  ),
  ...aliases(
    ["_div_scalar", "_DivScalar"],
    factorOf((scalar) => 1 / scalar),
  ),
  ["clip", clip],
  ...aliases(["round_ste", "_contrib_round_ste"], roundSte),
  ["abs", magnitude],
  ["mean", mean],
  ["transpose", transpose],
  ["_full", full(null)],
  ["_ones", full(1)],
]);
