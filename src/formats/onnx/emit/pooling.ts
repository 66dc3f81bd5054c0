/** Pools and means over pixels. */
import type { Padding } from "../../../graph/types.js";
import { boolAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { ownNumber } from "../network_edit.js";
import { reducedAxes } from "../ops/reduce.js";
import { type OnnxWindow, windowOf } from "../ops/windows.js";
import { type Emission, type Emitter, unsupported } from "./emitter.js";
import { computedFrom, type Numbers, type Operand, plainOperand, type ValueOperand } from "./operand.js";
import { identityView, type View } from "./view.js";

function valueAt(node: OnnxNode, emitter: Emitter): ValueOperand {
  const x = emitter.operand(node, 0);
  return x.kind === "value" ? x : unsupported(node, "pools a constant");
}

function windowFields({ kernel, stride, pads, isSame }: OnnxWindow) {
  const padding: Padding = isSame ? "same" : pads;
  return { kernel, stride, padding };
}

/**
 * The largest of a window. What is still to be done to signs may wait until after it, if that does not turn their order
 * around.
 */
export const maxPool: Emission = (node, emitter) => {
  const read = emitter.map(node, valueAt(node, emitter));
  const x = read.frame === null && read.scale > 0 ? read : emitter.finish(node, read);
  const [, , height, width] = emitter.shape(x.value);
  const window = windowOf(node, [height, width]);
  if (window.dilation.some((step) => step !== 1)) return unsupported(node, "has a dilation");
  if (node.outputs.length > 1 && node.outputs[1] !== "" && emitter.readers.has(node.outputs[1])) {
    return unsupported(node, "gives the places of its maxima");
  }
  const value = emitter.add(node, { kind: "maxPool", ...windowFields(window) }, [x.value]);
  return { ...x, value, numbers: largestOf(x.numbers) };
};

/** The largest of levels is one, but the planes of their digits do not tell which. */
const largestOf = (numbers: Numbers): Numbers => (numbers === "few-levels" ? "levels" : numbers);

/** The pads that a mean counts: those of a Pad(0) before it, which torch writes for its own padding. */
function countedPads(x: ValueOperand, window: OnnxWindow): OnnxWindow["pads"] | null {
  const { frame, scale, shift } = x;
  const isPlain = frame !== null && frame.value === 0 && scale === 1 && shift === 0;
  if (!isPlain || window.isSame || window.pads.some((pixels) => pixels > 0)) return null;
  return frame.sides.every((side, index) => side < window.kernel[index % 2]) ? frame.sides : null;
}

export const avgPool: Emission = (node, emitter) => {
  const read = emitter.map(node, valueAt(node, emitter));
  const [, , height, width] = emitter.shape(read.value);
  const [top, left, bottom, right] = read.frame?.sides ?? [0, 0, 0, 0];
  const outer = windowOf(node, [top + height + bottom, left + width + right]);
  if (outer.dilation.some((step) => step !== 1)) return unsupported(node, "has a dilation");
  const counted = countedPads(read, outer);
  const x = counted === null ? emitter.finish(node, read) : read;
  const window = { ...outer, pads: counted ?? outer.pads };
  const countIncludePad = counted !== null || boolAttribute(node, "count_include_pad", false);
  const isExtended = outer.extra.some((pixels) => pixels > 0);
  const numbers = computedFrom(x.numbers);
  if (!isExtended || !countIncludePad) {
    const value = emitter.add(node, { kind: "avgPool", ...windowFields(window), countIncludePad }, [x.value]);
    return plainOperand(value, identityView(4), numbers);
  }
  // What ceil_mode adds is never counted, what is padded is: the padding becomes part of the map.
  const [padTop, padLeft, padBottom, padRight] = outer.pads;
  const [extraBottom, extraRight] = outer.extra;
  const sides = { top: padTop, left: padLeft, bottom: padBottom - extraBottom, right: padRight - extraRight };
  const whole = emitter.finish(node, read).value;
  const isPadded = Object.values(sides).some((pixels) => pixels > 0);
  const padded = isPadded ? emitter.add(node, { kind: "pad", ...sides, value: 0 }, [whole], "pad") : whole;
  const fields = windowFields({ ...window, pads: [0, 0, extraBottom, extraRight], isSame: false });
  const value = emitter.add(node, { kind: "avgPool", ...fields, countIncludePad: false }, [padded]);
  return plainOperand(value, identityView(4), numbers);
};

export const globalAvgPool: Emission = (node, emitter) => {
  const x = emitter.map(node, emitter.plain(node, 0));
  const value = emitter.add(node, { kind: "globalAvgPool" }, [x.value]);
  return plainOperand(value, identityView(4), computedFrom(x.numbers));
};

export const globalMaxPool: Emission = (node, emitter) => {
  const x = emitter.map(node, emitter.plain(node, 0));
  const [, , height, width] = emitter.shape(x.value);
  const kernel = [height, width] as const;
  const value = emitter.add(node, { kind: "maxPool", kernel, stride: kernel, padding: [0, 0] }, [x.value]);
  return plainOperand(value, identityView(4), largestOf(x.numbers));
};

/** The view of a value after its axes were reduced. */
function reducedView(view: View, axes: readonly number[], keep: boolean): View {
  return keep ? view : view.filter((_, axis) => !axes.includes(axis));
}

/**
 * Means over height and width, one after the other or both; and the mean of |x| over the channels, the input's size in
 * XNOR-Net.
 */
export const reduceMean: Emission = (node, emitter) => {
  const axesTensor = emitter.has(node, 1) ? emitter.constant(node, 1) : null;
  const read = emitter.operand(node, 0);
  if (read.kind === "constant") return unsupported(node, "reduces a constant");
  const reduced = reducedAxes(node, read.view.length, axesTensor)!;
  const inside = new Set(reduced.axes.flatMap((axis) => read.view[axis]));
  const x = emitter.finish(node, read);
  const shape = emitter.shape(x.value);
  const seen = (value: string): Operand =>
    plainOperand(value, reducedView(x.view, reduced.axes, reduced.keep), computedFrom(x.numbers));
  const wanted = [...inside].filter((axis) => axis === 0 || shape[axis] !== 1);
  if (wanted.length === 0) return seen(x.value);
  if (shape.length !== 4 || wanted.some((axis) => axis < 2))
    return unsupported(node, "takes the mean of channels or pictures");
  if (wanted.length === 2 || shape[5 - wanted[0]] === 1)
    return seen(emitter.add(node, { kind: "globalAvgPool" }, [x.value]));
  const kernel = wanted[0] === 2 ? ([shape[2], 1] as const) : ([1, shape[3]] as const);
  const operation = { kind: "avgPool", kernel, stride: kernel, padding: [0, 0], countIncludePad: true } as const;
  return seen(emitter.add(node, operation, [x.value]));
};

/** The own operator: mean over the channels of |x|. */
export const absMean: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const isMap = emitter.shape(x.value).length === 4;
  if (!isMap || x.view[ownNumber(node, "axis")].join() !== "1")
    return unsupported(node, "takes a mean of |x| not over channels");
  return plainOperand(emitter.add(node, { kind: "absMean" }, [x.value]), x.view, "real");
};
