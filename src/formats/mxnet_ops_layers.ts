/** The float layers of MXNet symbols: convolution, dense layer, batch norm, pooling, and what reshapes maps. */
import { XnorkitError } from "../errors.js";
import type { BorderValue, Pair } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import {
  booleanAttribute,
  choiceAttribute,
  describeNode,
  integerAttribute,
  integersAttribute,
  MAX_CHANNELS,
  numberAttribute,
  pairAttribute,
  requireAttribute,
  textAttribute,
} from "./mxnet_attributes.js";
import { type Importer, type Operand, result } from "./mxnet_importer.js";
import type { OperatorTable } from "./mxnet_ops.js";
import type { SymbolNode } from "./mxnet_symbol.js";

/** The largest finite negative float32: what max pooling never returns where it sees anything else. */
const LOWEST_FLOAT = -3.4028234663852886e38;
/** A float32 epsilon that no symbol states is MXNet's own. */
const BATCH_NORM_EPSILON = 1e-3;
const BORDER_VALUES: readonly BorderValue[] = [-1, 0, 1];
const MAX_AXIS: readonly [number, number] = [-MAX_CHANNELS, MAX_CHANNELS];

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
    `${describeNode(node)} with ${groups} groups cannot read an input of ${input.join("x")}: it needs NCHW and channels that the groups divide`,
  );
}

/** Whether a layer has a bias: what no_bias says, and the number of its inputs must agree. */
export function hasBias(node: SymbolNode, noBiasByDefault: boolean): boolean {
  const bias = !booleanAttribute(node, "no_bias", noBiasByDefault);
  if (node.inputs.length === (bias ? 3 : 2)) return bias;
  throw new XnorkitError(
    "bad-graph",
    `${describeNode(node)} has ${node.inputs.length} inputs, but ${bias ? "3 (data, weight, bias)" : "2 (data, weight)"} by its no_bias`,
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
 * Max and mean pooling. "valid" rounds the output size down. "full" rounds it up: for max pooling this is "valid" on a map that has
 * stride - 1 rows and columns of the lowest float below and to the right, floor((H + s - 1 - k) / s) = ceil((H - k) / s), where
 * these never fill a whole window.
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
      `${describeNode(node)} pools with pooling_convention full, which is computed here only for max pooling with stride + pad <= kernel`,
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

function flatten(node: SymbolNode, importer: Importer): Operand {
  const input = importer.value(node, 0);
  if (importer.shape(input).length === 2) return result(input);
  return result(importer.add({ kind: "flatten" }, [input], node.name));
}

/** Only the shapes that flatten. */
function reshape(node: SymbolNode, importer: Importer): Operand {
  const input = importer.value(node, 0);
  const shape = importer.shape(input);
  const target = integersAttribute(node, "shape", MAX_AXIS) ?? [];
  const features = elementCount(shape.slice(1));
  const keepsBatch = target[0] === 0 || (target[0] === -1 && target[1] !== -1);
  if (target.length === 2 && keepsBatch && (target[1] === -1 || target[1] === features)) return flatten(node, importer);
  throw new XnorkitError(
    "unsupported",
    `${describeNode(node)} reshapes to ${textAttribute(node, "shape") ?? "nothing"}; only (0, -1), which flattens, is computed here`,
  );
}

function concat(node: SymbolNode, importer: Importer): Operand {
  if (integerAttribute(node, "dim", MAX_AXIS, 1) !== 1) {
    throw new XnorkitError("unsupported", `${describeNode(node)} joins another axis than the channels`);
  }
  const inputs = node.inputs.map((_, index) => importer.value(node, index));
  return result(inputs.length === 1 ? inputs[0] : importer.add({ kind: "concat" }, inputs, node.name));
}

function sliceChannels(node: SymbolNode, importer: Importer, begin: number, end: number, name: string): Operand {
  const input = importer.value(node, 0);
  const channels = importer.shape(input)[1];
  const [first, last] = [begin, end].map((index) => Math.min(index < 0 ? index + channels : index, channels));
  if (first >= 0 && first < last) {
    return result(importer.add({ kind: "sliceChannels", begin: first, end: last }, [input], name));
  }
  throw new XnorkitError("bad-shape", `${describeNode(node)} takes channels ${begin} to ${end} of ${channels}`);
}

function sliceAxis(node: SymbolNode, importer: Importer): Operand {
  if (integerAttribute(node, "axis", MAX_AXIS) !== 1) {
    throw new XnorkitError("unsupported", `${describeNode(node)} slices another axis than the channels`);
  }
  const begin = integerAttribute(node, "begin", MAX_AXIS, 0);
  const end = integerAttribute(node, "end", MAX_AXIS, MAX_CHANNELS);
  return sliceChannels(node, importer, begin, end, node.name);
}

function split(node: SymbolNode, importer: Importer): readonly Operand[] {
  const parts = integerAttribute(node, "num_outputs", [1, MAX_CHANNELS]);
  const channels = importer.shape(importer.value(node, 0))[1];
  const axis = integerAttribute(node, "axis", MAX_AXIS, 1);
  if (axis !== 1 || booleanAttribute(node, "squeeze_axis", false) || channels % parts !== 0) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} splits ${channels} channels into ${parts} parts along axis ${axis}, which is not computed here`,
    );
  }
  const width = channels / parts;
  return Array.from({ length: parts }, (_, part) =>
    sliceChannels(node, importer, part * width, (part + 1) * width, `${node.name}_${part}`),
  );
}

/** A constant around the map. */
function pad(node: SymbolNode, importer: Importer): Operand {
  if (choiceAttribute(node, "mode", ["constant", "edge", "reflect"], "constant") !== "constant") {
    throw new XnorkitError("unsupported", `${describeNode(node)} pads otherwise than with a constant`);
  }
  const widths = integersAttribute(node, "pad_width", [0, 1 << 16]) ?? [];
  if (widths.length !== 8 || widths.slice(0, 4).some((width) => width !== 0)) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} has pad_width ${textAttribute(node, "pad_width") ?? "none"}, expected (0, 0, 0, 0, top, bottom, left, right)`,
    );
  }
  const [top, bottom, left, right] = widths.slice(4);
  const constant = numberAttribute(node, "constant_value", 0);
  const input = importer.value(node, 0);
  return result(importer.add({ kind: "pad", top, left, bottom, right, value: constant }, [input], node.name));
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
  Flatten: flatten,
  flatten,
  Reshape: reshape,
  reshape,
  Concat: concat,
  concat,
  slice_axis: sliceAxis,
  SliceChannel: split,
  split,
  Pad: pad,
  pad,
};
