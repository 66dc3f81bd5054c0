/** The float layers of MXNet symbols: convolution, dense layer, batch norm, pooling. */
import { XnorkitError } from "../../errors.js";
import type { BorderValue, Pair } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import {
  booleanAttribute,
  choiceAttribute,
  describeNode,
  integerAttribute,
  MAX_CHANNELS,
  numberAttribute,
  pairAttribute,
  requireAttribute,
} from "./attributes.js";
import { type Importer, type Operand, result } from "./importer.js";
import type { OperatorTable } from "./operator.js";
import type { SymbolNode } from "./symbol.js";

/** The largest finite negative float32: what max pooling never returns where it sees anything else. */
const LOWEST_FLOAT = -3.4028234663852886e38;
/** MXNet's epsilon where the symbol states none. */
const BATCH_NORM_EPSILON = 1e-3;
const BORDER_VALUES: readonly BorderValue[] = [-1, 0, 1];

/** What all convolutions state, kernel and strides in pixels. */
export interface ConvolutionAttributes {
  readonly channels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

export function convolutionAttributes(node: SymbolNode): ConvolutionAttributes {
  requireAttribute(node, "layout", ["NCHW"]);
  return {
    channels: integerAttribute(node, "num_filter", [1, MAX_CHANNELS]),
    kernel: pairAttribute(node, "kernel", 1),
    stride: pairAttribute(node, "stride", 1, 1),
    padding: pairAttribute(node, "pad", 0, 0),
    dilation: pairAttribute(node, "dilate", 1, 1),
    groups: integerAttribute(node, "num_group", [1, MAX_CHANNELS], 1),
  };
}

/** OIHW shape of a convolution's weight on this input. */
export function convolutionWeightShape(
  node: SymbolNode,
  input: Shape,
  { channels, groups, kernel }: ConvolutionAttributes,
): Shape {
  if (input.length === 4 && input[1] % groups === 0) return [channels, input[1] / groups, ...kernel];
  throw new XnorkitError(
    "bad-shape",
    `${describeNode(node)} with ${groups} groups cannot read an input of ${input.join("x")}: ` +
      "it needs NCHW and channels that the groups divide",
  );
}

/** Whether a layer has a bias: what no_bias says, and the number of its inputs must agree. */
export function hasBias(node: SymbolNode, noBiasByDefault: boolean): boolean {
  const bias = !booleanAttribute(node, "no_bias", noBiasByDefault);
  if (node.inputs.length === (bias ? 3 : 2)) return bias;
  throw new XnorkitError(
    "bad-graph",
    `${describeNode(node)} has ${node.inputs.length} inputs, ` +
      `but ${bias ? "3 (data, weight, bias)" : "2 (data, weight)"} by its no_bias`,
  );
}

/** [N, C, H, W] as [N, C H W], which dense layers read. */
export function flattened(node: SymbolNode, importer: Importer, index: number): string {
  const input = importer.value(node, index);
  if (importer.shape(input).length === 2) return input;
  return importer.add({ kind: "flatten" }, [input], `${node.name}_flatten`);
}

/** A constant around a map, of equal sides. */
export interface Frame {
  readonly inner: string;
  readonly padding: Pair;
  readonly value: number;
}

/** The frame that a value is, or null: a binary layer takes the Pad before it as its own border. */
export function constantFrame(importer: Importer, input: string): Frame | null {
  const pad = importer.node(input);
  if (pad.kind !== "pad" || pad.top !== pad.bottom || pad.left !== pad.right) return null;
  return { inner: pad.inputs[0], padding: [pad.top, pad.left], value: pad.value };
}

function convolution(node: SymbolNode, importer: Importer): Operand {
  const attributes = convolutionAttributes(node);
  const input = importer.value(node, 0);
  const shape = convolutionWeightShape(node, importer.shape(input), attributes);
  const bias = hasBias(node, false);
  const weight = importer.operand(node, 1);
  if (weight.kind === "quantizedParameter") {
    if (bias) throw new XnorkitError("unsupported", `${describeNode(node)} has quantised weights and a bias`);
    const isUnpadded = attributes.padding.every((pixels) => pixels === 0);
    const frame = isUnpadded ? constantFrame(importer, input) : null;
    const border = BORDER_VALUES.find((border) => border === frame?.value);
    const isBorder = frame !== null && border !== undefined;
    return result(
      importer.add(
        {
          kind: "binaryConv2d",
          weight: importer.floats(node, 1, shape),
          ...attributes,
          padding: isBorder ? frame.padding : attributes.padding,
          padValue: isBorder ? border : 0,
          quantizer: weight.quantizer,
          bits: 1,
          scaling: "none",
          offset: false,
        },
        [isBorder ? frame.inner : input],
        node.name,
      ),
    );
  }
  const isConstant = weight.kind === "constant" && weight.shape.join() === shape.join();
  return result(
    importer.add(
      {
        kind: "conv2d",
        weight: isConstant
          ? importer.constant(`${node.name}_weight`, shape, weight.value)
          : importer.floats(node, 1, shape),
        ...attributes,
        bias: bias ? importer.floats(node, 2, [attributes.channels]) : null,
      },
      [input],
      node.name,
    ),
  );
}

function fullyConnected(node: SymbolNode, importer: Importer): Operand {
  requireAttribute(node, "flatten", ["True", "1"]);
  const units = integerAttribute(node, "num_hidden", [1, MAX_CHANNELS]);
  const input = flattened(node, importer, 0);
  const shape = [units, importer.shape(input)[1]];
  const bias = hasBias(node, false) ? importer.floats(node, 2, [units]) : null;
  const weight = importer.floats(node, 1, shape);
  const found = importer.operand(node, 1);
  const operation =
    found.kind === "quantizedParameter"
      ? ({ kind: "binaryDense", weight, bias, units, quantizer: found.quantizer, bits: 1, offset: false } as const)
      : ({ kind: "dense", weight, bias, units } as const);
  return result(importer.add(operation, [input], node.name));
}

/** Source: MXNet `batch_norm.cc`; fix_gamma (by default true) takes gamma as 1 whatever the file holds. */
function batchNorm(node: SymbolNode, importer: Importer): Operand {
  requireAttribute(node, "axis", ["1"]);
  const input = importer.value(node, 0);
  const channels = [importer.shape(input)[1]];
  return result(
    importer.add(
      {
        kind: "batchNorm",
        gamma: importer.floats(node, 1, channels),
        beta: importer.floats(node, 2, channels),
        mean: importer.floats(node, 3, channels),
        variance: importer.floats(node, 4, channels),
        epsilon: numberAttribute(node, "eps", BATCH_NORM_EPSILON),
        fixGamma: booleanAttribute(node, "fix_gamma", true),
      },
      [input],
      node.name,
    ),
  );
}

/**
 * Max and mean pooling. "valid" rounds the output size down. "full" rounds it up: for max pooling this is "valid" on a
 * map that has stride - 1 rows and columns of the lowest float below and to the right,
 * floor((H + s - 1 - k) / s) = ceil((H - k) / s), where these never fill a whole window.
 */
function pooling(node: SymbolNode, importer: Importer): Operand {
  requireAttribute(node, "layout", ["NCHW"]);
  const type = choiceAttribute(node, "pool_type", ["max", "avg"], "max");
  const input = importer.value(node, 0);
  if (booleanAttribute(node, "global_pool", false)) {
    if (type === "avg") return result(importer.add({ kind: "globalAvgPool" }, [input], node.name));
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} takes the maximum of the whole map, which is not computed here`,
    );
  }
  const pool = {
    kernel: pairAttribute(node, "kernel", 1),
    stride: pairAttribute(node, "stride", 1, 1),
    padding: pairAttribute(node, "pad", 0, 0),
  };
  const convention = choiceAttribute(node, "pooling_convention", ["valid", "full"], "valid");
  const rest = pool.stride.map((stride) => stride - 1);
  const isFull = convention === "full" && rest.some((pixels) => pixels > 0);
  const fillsWindow = rest.some((pixels, axis) => pixels + pool.padding[axis] >= pool.kernel[axis]);
  if (isFull && (type === "avg" || fillsWindow)) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} pools with pooling_convention full, which is computed here only for max pooling with ` +
        "stride + pad <= kernel",
    );
  }
  if (type === "avg") {
    const countIncludePad = booleanAttribute(node, "count_include_pad", true);
    return result(importer.add({ kind: "avgPool", ...pool, countIncludePad }, [input], node.name));
  }
  const border = { kind: "pad", top: 0, left: 0, bottom: rest[0], right: rest[1], value: LOWEST_FLOAT } as const;
  const padded = isFull ? importer.add(border, [input], `${node.name}_border`) : input;
  return result(importer.add({ kind: "maxPool", ...pool }, [padded], node.name));
}

export const layerOperators: OperatorTable = {
  Convolution: convolution,
  Convolution_v1: convolution,
  FullyConnected: fullyConnected,
  BatchNorm: batchNorm,
  BatchNorm_v1: batchNorm,
  CuDNNBatchNorm: batchNorm,
  Pooling: pooling,
  Pooling_v1: pooling,
};
