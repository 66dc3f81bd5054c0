/** Convolutions: binary ones if they read signs and their weights are two-valued, else float ones. */
import type { BorderValue, Padding } from "../../../graph/types.js";
import { intAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { failShape } from "../ops/row.js";
import { type OnnxWindow, windowOf } from "../ops/windows.js";
import type { OnnxTensor } from "../tensors.js";
import { addedBias } from "./added_bias.js";
import { allAre, asNumbers, binaryForm, type CountedWeights, floatReason, floats, layerFacts } from "./binary_form.js";
import type { ChannelNumbers } from "./constants.js";
import { dense } from "./dense.js";
import { type Emitter, unsupported } from "./emitter.js";
import { type Operand, plainOperand, type ValueOperand } from "./operand.js";
import { weightValues } from "./two_valued.js";
import { identityView } from "./view.js";

const MAX_CHANNELS = 1 << 20;

/** What a convolution reads outside its map. */
interface Border {
  readonly padding: Padding;
  /** In terms of the value that it reads, before what is still to be done to that. */
  readonly value: number;
}

/** The frame before a convolution and its own zeros as one border; null if they differ. */
function borderOf(x: ValueOperand, { pads, isSame }: OnnxWindow): Border | null {
  const isPadded = pads.some((pixels) => pixels > 0);
  const zero = (0 - x.shift) / x.scale + 0;
  if (x.frame === null) return { padding: isSame ? "same" : pads, value: isPadded ? zero : 0 };
  if (isPadded && x.frame.value !== zero) return null;
  const { sides, value } = x.frame;
  return { padding: [pads[0] + sides[0], pads[1] + sides[1], pads[2] + sides[2], pads[3] + sides[3]], value };
}

const isBorderValue = (value: number): value is BorderValue => value === 0 || value === 1 || value === -1;

/** True if a layer on bits may read this outside its map; of levels 0 is always one. */
function fitsBorder({ numbers }: ValueOperand, { value }: Border): boolean {
  return numbers === "few-levels" ? value === 0 : isBorderValue(value);
}

/** The window over the map as the file has it, with its frame. */
function windowOver(node: OnnxNode, emitter: Emitter, x: ValueOperand, kernel: readonly number[]): OnnxWindow {
  const [, , height, width] = emitter.shape(x.value);
  const [top, left, bottom, right] = x.frame?.sides ?? [0, 0, 0, 0];
  return windowOf(node, [top + height + bottom, left + width + right], kernel);
}

export function conv(node: OnnxNode, emitter: Emitter): Operand {
  const read = emitter.operand(node, 0);
  if (read.kind === "constant") return unsupported(node, "convolves a constant");
  const weight = emitter.constant(node, 1);
  const [channels, , ...kernel] = weight.shape;
  const bias = emitter.has(node, 2) ? asNumbers(floats(emitter.constant(node, 2))) : 0;
  if (typeof bias !== "number" && bias.length !== channels) {
    return failShape(node, `has ${bias.length} biases for ${channels} channels`);
  }
  if (emitter.shape(read.value).length === 2) return pointwise(node, emitter, read, weight, bias);
  const x = emitter.map(node, read);
  const window = windowOver(node, emitter, x, kernel);
  const border = borderOf(x, window);
  const values = weightValues(floats(weight), channels);
  const reason = floatReason(x, values, border !== null && fitsBorder(x, border));
  const told = (value: string) => emitter.layer(layerFacts(value, "convolution", reason, x, values));
  const isCounted = values.kind === "signs" || values.kind === "integers";
  if (reason === null && isCounted && border !== null)
    return binaryConv(node, emitter, x, weight, window, border, values, bias, told);
  return floatConv(node, emitter, x, weight, window, border, bias, told);
}

function layerFields(node: OnnxNode, { shape }: OnnxTensor, { kernel, stride, dilation }: OnnxWindow) {
  return { channels: shape[0], kernel, stride, dilation, groups: intAttribute(node, "group", 1, 1, MAX_CHANNELS) };
}

function binaryConv(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  weight: OnnxTensor,
  window: OnnxWindow,
  { padding, value: padValue }: Border,
  values: CountedWeights,
  bias: ChannelNumbers,
  told: (value: string) => void,
): Operand {
  const form = binaryForm(x, floats(weight), weight.shape, values, bias, emitter.name(node).name);
  const isScaled = form.weight.kind === "bits" && !allAre(form.alphas, 1);
  const value = emitter.add(
    node,
    {
      kind: "binaryConv2d",
      weight: emitter.parameter(node, "weight", isScaled ? { ...form.weight, scale: form.alphas } : form.weight),
      ...layerFields(node, weight, window),
      padding,
      padValue: isBorderValue(padValue) ? padValue : 0,
      quantizer: form.quantizer,
      bits: form.bits,
      scaling: isScaled ? "channel" : "none",
      offset: false,
    },
    [x.value],
  );
  told(value);
  const scale = form.weight.kind === "bits" ? 1 : asNumbers(form.alphas);
  const made = emitter.affine(node, value, scale, asNumbers(form.added), scale === 1 ? "bias" : "scaled");
  return plainOperand(made, identityView(4), "real");
}

function floatConv(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  weight: OnnxTensor,
  window: OnnxWindow,
  border: Border | null,
  bias: ChannelNumbers,
  told: (value: string) => void,
): Operand {
  // A frame of zeros is the convolution's own border; any other becomes a node.
  const takesFrame = x.scale === 1 && x.shift === 0 && border?.value === 0;
  const whole = takesFrame ? x : emitter.finish(node, x);
  const padding = takesFrame ? border.padding : window.isSame ? "same" : window.pads;
  const [channels] = weight.shape;
  const later = emitter.has(node, 2) ? null : addedBias(node, emitter, identityView(4), channels);
  const all = later?.numbers ?? bias;
  const value = emitter.add(
    node,
    {
      kind: "conv2d",
      weight: emitter.parameter(node, "weight", { kind: "f32", shape: weight.shape, data: floats(weight) }),
      bias: all === 0 ? null : emitter.numbers(node, "bias", all, channels),
      ...layerFields(node, weight, window),
      padding,
    },
    [whole.value],
  );
  told(value);
  const result = plainOperand(value, identityView(4), "real");
  later?.bind(result);
  return result;
}

/** A convolution of maps of one pixel that the graph knows as [N, features]: a dense layer. */
function pointwise(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  weight: OnnxTensor,
  bias: ChannelNumbers,
): Operand {
  const [units, , ...kernel] = weight.shape;
  const isPixel = kernel.every((size) => size === 1) && x.view.length === 4 && x.view[1].join() === "1";
  const isPlain = intAttribute(node, "group", 1, 1, MAX_CHANNELS) === 1;
  if (!isPixel || !isPlain || windowOf(node, [1, 1], kernel).pads.some((pixels) => pixels > 0)) {
    return unsupported(node, "convolves a list of features");
  }
  return { ...dense(node, emitter, x, floats(weight), units, bias), view: [[0], [1], [], []] };
}
