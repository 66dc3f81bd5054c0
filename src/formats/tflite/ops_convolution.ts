/** CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED, in float and in int8. */
import { elementCount, formatShape } from "../../tensor.js";
import { activationBounds } from "./activation.js";
import { scaledSigns, toOihw } from "./bits.js";
import { finish } from "./finish.js";
import { int8Field } from "./flatbuffer.js";
import { channelsOf, isRow, mapOf, rowsOf } from "./forms.js";
import type { Importer } from "./importer.js";
import { badOperator, operatorName, unsupported } from "./operators.js";
import type { TfliteOperator, TfliteTensor } from "./schema.js";
import type { FeatureMap, Floats, Step } from "./values.js";
import { builtinPadding, checkWindow, graphPadding, type PaddingRule, sizeFields, type Window } from "./windows.js";

/** A float filter may only meet floats, and an int8 one int8: TensorFlow Lite would quantise floats as it goes. */
function filterOf(importer: Importer, op: TfliteOperator, { storage }: FeatureMap, axes: number): TfliteTensor {
  const filter = importer.constant(op, 1);
  if (filter.shape.length !== axes) badOperator(op, `has a filter of ${filter.shape.length} axes, expected ${axes}`);
  const found = importer.operand(op, 1);
  const type = found?.kind === "constant" ? found.type : filter.type;
  const fits = storage === "i8" ? type === "i8" : type === "f32" || type === "f16";
  if (!fits) unsupported(op, `has a filter of ${type} on an input of ${storage}`);
  return filter;
}

/** The bias in real numbers: of int8 layers q times the scales of input and filter; null when there is none. */
function biasOf(
  importer: Importer,
  op: TfliteOperator,
  input: FeatureMap,
  filter: TfliteTensor,
  outputs: number,
): Float32Array | null {
  if (importer.operand(op, 2) === null) return null;
  let data: Float32Array;
  if (input.int8 === null) {
    data = importer.floats(op, 2).data;
  } else {
    const scales = filter.quantization!.scales;
    const { scale } = input.int8;
    importer.spend(4 * outputs);
    data = Float32Array.from(importer.int32s(op, 2), (q, o) => q * scale * scales[scales.length === 1 ? 0 : o]);
  }
  return data.length === outputs ? data : badOperator(op, `has a bias of ${data.length} numbers, expected ${outputs}`);
}

function biasName(importer: Importer, op: TfliteOperator, data: Float32Array | null, role = "bias"): string | null {
  return data === null ? null : importer.parameter(op, role, { kind: "f32", shape: [data.length], data });
}

/** True for values that are -1 and +1: of a sign, or of what unpacks one. */
function isSigns(importer: Importer, { node, storage }: FeatureMap): boolean {
  const found = importer.node(node);
  return storage === "f32" && found.kind === "quantize" && found.method === "det_sign" && found.bits === 1;
}

interface Layer {
  /** OIHW. */
  readonly filter: Floats;
  readonly bias: Float32Array | null;
  readonly window: Window;
  readonly groups: number;
  readonly rule: PaddingRule;
}

/** A convolution of signs runs on bits when the filter is signs times a number a channel; zeros pad it, as in float. */
function convolution(importer: Importer, op: TfliteOperator, input: FeatureMap, layer: Layer): readonly Step[] {
  const { filter, bias, window, groups, rule } = layer;
  const size = filter.shape.slice(2).join("x");
  const shared = { channels: filter.shape[0], ...window, padding: graphPadding(rule, window), groups };
  const what = `${operatorName(op)} ${size} ${channelsOf(input)} -> ${filter.shape[0]}`;
  const signs = isSigns(importer, input) ? scaledSigns(filter, importer.name(op)) : null;
  if (signs === null) {
    const why = isSigns(importer, input) ? ", since its weights are not signs" : "";
    importer.note(op, "float", `in float${input.storage === "i8" ? ", rounded to int8" : ""}${why}, ${what}`);
    const weight = importer.parameter(op, "weight", { kind: "f32", ...filter });
    return [{ operation: { kind: "conv2d", weight, bias: biasName(importer, op, bias), ...shared }, suffix: "conv" }];
  }
  importer.note(op, "bits", `on bits, since its weights are signs times a number a channel, ${what}`);
  const weight = importer.parameter(op, "weight", signs);
  const binary = { quantizer: "det_sign", bits: 1, scaling: "channel", offset: false } as const;
  const steps: Step[] = [
    { operation: { kind: "binaryConv2d", weight, ...shared, padValue: 0, ...binary }, suffix: "dot" },
  ];
  const shift = biasName(importer, op, bias, "shift");
  if (shift !== null) steps.push({ operation: { kind: "scaleShift", scale: null, shift }, suffix: "bias" });
  return steps;
}

/** y = x W^T + bias. */
function denseStep(
  importer: Importer,
  op: TfliteOperator,
  { storage }: FeatureMap,
  filter: Floats,
  bias: Float32Array | null,
): Step {
  const [units, inputs] = filter.shape;
  const rounded = storage === "i8" ? ", rounded to int8" : "";
  importer.note(op, "float", `in float${rounded}, ${operatorName(op)} ${inputs} -> ${units}`);
  const weight = importer.parameter(op, "weight", { kind: "f32", ...filter });
  return { operation: { kind: "dense", weight, bias: biasName(importer, op, bias), units }, suffix: "dense" };
}

function finishLayer(
  importer: Importer,
  op: TfliteOperator,
  input: FeatureMap,
  layer: Layer,
  activation: number,
): void {
  const bounds = activationBounds(op, activation);
  const node = mapOf(importer, op, input);
  if (node !== null) {
    finish(importer, op, node, convolution(importer, op, input, layer), { bounds });
    return;
  }
  // A kernel of one pixel on the one pixel that the graph holds as rows.
  const { filter, bias, groups } = layer;
  const [units, inputs, height, width] = filter.shape;
  if (height * width !== 1 || groups !== 1) unsupported(op, "slides over one pixel with a larger kernel, or in groups");
  const step = denseStep(importer, op, input, { shape: [units, inputs], data: filter.data }, bias);
  finish(importer, op, input.node, [step], { bounds, shape: [...input.shape.slice(0, 3), units] });
}

/** Filter OHWI; fewer channels in it than in the input make groups. */
export function conv2d(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const tensor = filterOf(importer, op, input, 4);
  const [outputs, height, width, inputs] = tensor.shape;
  const { options } = op;
  const window = checkWindow(op, {
    kernel: [height, width],
    stride: sizeFields(options, 1, 2, 0),
    dilation: sizeFields(options, 4, 5, 1),
  });
  const groups = channelsOf(input) / inputs;
  if (!Number.isInteger(groups) || outputs % groups !== 0) {
    badOperator(
      op,
      `has a filter of ${formatShape(tensor.shape)} on ${channelsOf(input)} channels, which makes no groups`,
    );
  }
  const floats = importer.floats(op, 1);
  importer.spend(4 * floats.data.length);
  const layer = {
    filter: toOihw(floats, "OHWI"),
    bias: biasOf(importer, op, input, tensor, outputs),
    window,
    groups,
    rule: builtinPadding(op),
  };
  finishLayer(importer, op, input, layer, options === null ? 0 : int8Field(options, 3));
}

/** Filter [1, H, W, O], output channel = input channel * multiplier + m. */
export function depthwiseConv2d(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const tensor = filterOf(importer, op, input, 4);
  const [one, height, width, outputs] = tensor.shape;
  const channels = channelsOf(input);
  if (one !== 1 || outputs % channels !== 0) {
    badOperator(
      op,
      `has a filter of ${formatShape(tensor.shape)}, expected [1, height, width, a multiple of ${channels}]`,
    );
  }
  const { options } = op;
  const window = checkWindow(op, {
    kernel: [height, width],
    stride: sizeFields(options, 1, 2, 0),
    dilation: sizeFields(options, 5, 6, 1),
  });
  const { data } = importer.floats(op, 1);
  importer.spend(4 * data.length);
  const layer = {
    filter: toOihw({ shape: [height, width, 1, outputs], data }, "HWIO"),
    bias: biasOf(importer, op, input, tensor, outputs),
    window,
    groups: channels,
    rule: builtinPadding(op),
  };
  finishLayer(importer, op, input, layer, options === null ? 0 : int8Field(options, 4));
}

/**
 * y = x W^T + bias on rows of I numbers, into which x is taken apart; a map of I channels keeps its pixels if the
 * operator keeps axes.
 */
export function fullyConnected(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const tensor = filterOf(importer, op, input, 2);
  const [units, inputs] = tensor.shape;
  const { options } = op;
  if (options !== null && int8Field(options, 1) !== 0) unsupported(op, "has shuffled weights");
  const bounds = activationBounds(op, options === null ? 0 : int8Field(options, 0));
  const keepsAxes = options !== null && int8Field(options, 2) !== 0;
  const filter = importer.floats(op, 1);
  const bias = biasOf(importer, op, input, tensor, units);
  const shape = keepsAxes ? [...input.shape.slice(0, -1), units] : [input.shape[0], units];

  if (elementCount(input.shape.slice(1)) === inputs && (!keepsAxes || isRow(input))) {
    const step = denseStep(importer, op, input, filter, bias);
    finish(importer, op, rowsOf(importer, op, input), [step], { bounds, shape });
    return;
  }
  if (!keepsAxes || channelsOf(input) !== inputs) {
    badOperator(op, `has weights for ${inputs} numbers a row on an input of ${formatShape(input.shape)}`);
  }
  const layer = {
    filter: { shape: [units, inputs, 1, 1], data: filter.data },
    bias,
    window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1] },
    groups: 1,
    rule: "VALID",
  } as const;
  finish(importer, op, input.node, convolution(importer, op, input, layer), { bounds });
}
