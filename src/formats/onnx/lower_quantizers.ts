/**
 * QONNX's and FINN's operators in ONNX's terms and this importer's own. Sources as in ops/quantizers.ts.
 *
 *   BipolarQuant(x, s)                 s * Sign(x), +1 at zero
 *   Quant(x, s, z, 1 bit, signed)      (Sign(x / s + z) - z) * s, +1 at zero
 *   Quant(x, s, z, 1 bit, unsigned)    s for x > s / 2, else 0: half to even
 *   Quant(x, s, 0 or whole z, b bits)  FakeQuantize
 *   MultiThreshold(x, T)               out_scale * (number of T <= x) + out_bias: the sum of as many signs of x - T
 *   XnorPopcountMatMul(a, W)           agreements of values and weights 0 and 1, as signs 2 a - 1 and 2 W - 1
 */
import type { Shape } from "../../tensor.js";
import { floatAttribute, wordAttribute } from "./attributes.js";
import { describe, fail } from "./messages.js";
import type { Network, OnnxNode } from "./network.js";
import { type Edit, type Rewritten, startEdit, uniformValue } from "./network_edit.js";
import { isQuantizerDomain, quantGrid } from "./ops/quantizers.js";
import { makeNumbers, type OnnxTensor } from "./tensors.js";

/** 8-bit activations have 255 thresholds; each becomes a sign. */
const MAX_THRESHOLDS = 255;

function constantInput(edit: Edit, node: OnnxNode, index: number): OnnxTensor | null {
  return edit.constants.get(node.inputs[index] ?? "") ?? null;
}

/** x * factor + offset, as few nodes as it takes; the last of them computes `output`. */
function affine(edit: Edit, node: OnnxNode, value: string, factor: number, offset: number, output: string): void {
  if (factor === 1 && offset === 0) {
    edit.add(node, "copy", "Identity", [value], value, output);
    return;
  }
  const isScaled = factor !== 1;
  const scaled = isScaled
    ? edit.add(node, "scale", "Mul", [value, edit.scalar(factor, value)], value, offset === 0 ? output : undefined)
    : value;
  if (offset !== 0) edit.add(node, "shift", "Add", [scaled, edit.scalar(offset, value)], value, output);
}

function bipolarQuant(edit: Edit, node: OnnxNode): boolean {
  const [x, scale] = node.inputs;
  const known = constantInput(edit, node, 1);
  if (known === null) return false;
  const factor = uniformValue(known);
  const sign = edit.addOwn(node, "Sign", [x], { zero: 1 }, x);
  if (factor !== null) affine(edit, node, sign, factor, 0, node.outputs[0]);
  else edit.add(node, "scale", "Mul", [sign, scale], x, node.outputs[0]);
  return true;
}

function quant(edit: Edit, node: OnnxNode): boolean {
  const [x, scaleName] = node.inputs;
  const [output] = node.outputs;
  const [scale, zeroPoint, width] = [1, 2, 3].map((index) => constantInput(edit, node, index));
  if (scale === null || zeroPoint === null || width === null) return false;
  const { bits, low, high, isSign, rounding } = quantGrid(node, width);
  const [factor, zero] = [uniformValue(scale), uniformValue(zeroPoint)];
  const isPositive = scale.data.every((value) => value > 0 && Number.isFinite(value));
  if (zero === null || !isPositive) return false;
  if (isSign && zero === 0) {
    const sign = edit.addOwn(node, "Sign", [x], { zero: 1 }, x);
    if (factor !== null) affine(edit, node, sign, factor, 0, output);
    else edit.add(node, "scale", "Mul", [sign, scaleName], x, output);
    return true;
  }
  if (isSign || rounding !== "ROUND" || !Number.isInteger(zero)) return false;
  if (bits === 1 && low === 0 && high === 1 && zero === 0 && factor !== null) {
    const shifted = edit.add(node, "threshold", "Sub", [x, edit.scalar(factor / 2, x)], x);
    const sign = edit.addOwn(node, "Sign", [shifted], { zero: -1 }, x);
    affine(edit, node, sign, factor / 2, factor / 2, output);
    return true;
  }
  if (factor !== null) {
    edit.addOwn(node, "FakeQuantize", [x], { scale: factor, zeroPoint: zero, low, high }, x, output);
    return true;
  }
  const divided = edit.add(node, "grid", "Div", [x, scaleName], x);
  const levels = edit.addOwn(node, "FakeQuantize", [divided], { scale: 1, zeroPoint: zero, low, high }, x);
  edit.add(node, "scale", "Mul", [levels, scaleName], x, output);
  return true;
}

/** The thresholds of one step for all channels, in a shape that broadcasts along the channel axis of the value. */
function stepThresholds(thresholds: OnnxTensor, step: number, rank: number, isLast: boolean): OnnxTensor {
  const [channels, steps] = thresholds.shape;
  const data = makeNumbers("float", channels);
  for (let channel = 0; channel < channels; channel++) data[channel] = thresholds.data[channel * steps + step];
  const shape = isLast ? [channels] : [channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
  return { type: "float", shape, data };
}

function multiThreshold(edit: Edit, node: OnnxNode, shape: Shape | undefined): boolean {
  const [x] = node.inputs;
  const thresholds = constantInput(edit, node, 1);
  if (thresholds === null || shape === undefined || (shape.length !== 2 && shape.length !== 4)) return false;
  const [channels, steps] = thresholds.shape;
  const isLast = wordAttribute(node, "data_layout", "NCHW", ["NCHW", "NHWC", "NC"] as const) === "NHWC";
  const found = shape[isLast ? shape.length - 1 : 1];
  if (thresholds.shape.length !== 2 || (channels !== 1 && channels !== found) || steps < 1) {
    return fail("bad-shape", `${describe(node)} has thresholds of ${thresholds.shape.join("x")} for ${found} channels`);
  }
  if (steps > MAX_THRESHOLDS) {
    return fail("unsupported", `${describe(node)} has ${steps} thresholds, at most ${MAX_THRESHOLDS} are computed`);
  }
  let sum: string | null = null;
  for (let step = 0; step < steps; step++) {
    const tensor = stepThresholds(thresholds, step, shape.length, isLast);
    const shifted =
      uniformValue(tensor) === 0
        ? x
        : edit.add(node, "threshold", "Sub", [x, edit.constant(tensor, `${x}_threshold`)], x);
    const sign = edit.addOwn(node, "Sign", [shifted], { zero: 1 }, x);
    sum = sum === null ? sign : edit.add(node, "count", "Add", [sum, sign], x);
  }
  const [scale, bias] = [floatAttribute(node, "out_scale", 1), floatAttribute(node, "out_bias", 0)];
  // Each sign is 2 * (T <= x) - 1, so that their sum is 2 * count - steps.
  affine(edit, node, sum!, scale / 2, (scale * steps) / 2 + bias, node.outputs[0]);
  return true;
}

function xnorPopcount(edit: Edit, node: OnnxNode): boolean {
  const [x] = node.inputs;
  const weight = constantInput(edit, node, 1);
  if (weight === null || !weight.data.every((value) => value === 0 || value === 1)) return false;
  const signs = { ...weight, type: "float" as const, data: Float32Array.from(weight.data, (value) => 2 * value - 1) };
  const doubled = edit.add(node, "double", "Mul", [x, edit.scalar(2, x)], x);
  const values = edit.add(node, "signs", "Sub", [doubled, edit.scalar(1, x)], x);
  const name = edit.constant(signs, node.inputs[1]);
  edit.addOwn(node, "XnorPopcount", [values, name], {}, node.outputs[0], node.outputs[0]);
  return true;
}

const rewriters: Readonly<Record<string, (edit: Edit, node: OnnxNode, shape: Shape | undefined) => boolean>> = {
  BipolarQuant: bipolarQuant,
  Quant: quant,
  IntQuant: quant,
  MultiThreshold: multiThreshold,
  XnorPopcountMatMul: xnorPopcount,
};

/** The network without the operators of QONNX and FINN; one that has no meaning here stays and is refused later. */
export function lowerQuantizers(network: Network, shapes: ReadonlyMap<string, Shape>): Rewritten {
  const edit = startEdit(network, shapes);
  for (const node of network.nodes) {
    const rewrite = isQuantizerDomain(node.domain) && Object.hasOwn(rewriters, node.op) ? rewriters[node.op] : null;
    if (rewrite === null || !rewrite(edit, node, shapes.get(node.inputs[0]))) edit.nodes.push(node);
  }
  return edit.finish();
}
