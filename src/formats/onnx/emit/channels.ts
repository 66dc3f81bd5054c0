/** Operators that join, cut and frame: Concat, Split, Slice, Gather, Pad. */
import type { Pair } from "../../../graph/types.js";
import { floatAttribute, intAttribute, wordAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { uniformValue } from "../network_edit.js";
import { splitSizes } from "../ops/join.js";
import { padsOf } from "../ops/layers.js";
import { axisOf, failShape, type Known } from "../ops/row.js";
import { sliceOf } from "../ops/views.js";
import { type Emission, type Emitter, unsupported } from "./emitter.js";
import { type Frame, type Numbers, type Operand, plainOperand, type ValueOperand } from "./operand.js";
import { sameView, viewShape } from "./view.js";

function valueAt(node: OnnxNode, emitter: Emitter): ValueOperand {
  const x = emitter.operand(node, 0);
  return x.kind === "value" ? x : unsupported(node, "cuts or frames a constant");
}

/** The value without a frame; what else is still to be done to it commutes with moving numbers. */
function unframed(node: OnnxNode, emitter: Emitter, x: ValueOperand): ValueOperand {
  return x.frame === null ? x : emitter.finish(node, x);
}

/** The graph's axis that an axis of the file is. */
function axisInside(node: OnnxNode, x: ValueOperand, axis: number): number {
  const axes = x.view[axis];
  if (axes.length === 1) return axes[0];
  return unsupported(node, "works along an axis that the graph does not have");
}

function knownInputs(node: OnnxNode, emitter: Emitter): readonly (Known | null)[] {
  return node.inputs.map((input, index) => {
    if (index === 0) return { shape: null, constant: null };
    if (input === "") return null;
    const constant = emitter.constant(node, index);
    return { shape: constant.shape, constant };
  });
}

export const concat: Emission = (node, emitter) => {
  const parts = node.inputs.map((_, index) => {
    const part = emitter.operand(node, index);
    return part.kind === "value" ? part : unsupported(node, "joins a constant to values");
  });
  const [first] = parts;
  const axis = axisOf(node, intAttribute(node, "axis", 1, -8, 7), first.view.length);
  const isAlike = parts.every(
    ({ scale, shift, frame }) => scale === first.scale && shift === first.shift && frame === null,
  );
  const whole = isAlike ? parts : parts.map((part) => emitter.finish(node, part));
  const ranks = new Set(whole.map(({ value }) => emitter.shape(value).length));
  const alike = ranks.size === 1 ? whole : whole.map((part) => ({ ...emitter.vector(node, part), view: first.view }));
  if (axisInside(node, first, axis) !== 1 || !alike.every(({ view }) => sameView(view, alike[0].view))) {
    return unsupported(node, "joins values along an axis that is not the channels");
  }
  const kinds = new Set(alike.map(({ numbers }) => numbers));
  const joined: Numbers = kinds.size === 1 ? alike[0].numbers : "real";
  // Of two grids of few levels no one grid need be made.
  const numbers = joined === "few-levels" ? "levels" : joined;
  const value = emitter.add(
    node,
    { kind: "concat" },
    alike.map((part) => part.value),
  );
  return { ...alike[0], value, numbers };
};

function sliceChannels(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  begin: number,
  end: number,
  suffix?: string,
): ValueOperand {
  if (begin === 0 && end === emitter.shape(x.value)[1]) return x;
  return { ...x, value: emitter.add(node, { kind: "sliceChannels", begin, end }, [x.value], suffix) };
}

export const split: Emission = (node, emitter) => {
  const x = unframed(node, emitter, valueAt(node, emitter));
  const axis = axisOf(node, intAttribute(node, "axis", 0, -8, 7), x.view.length);
  if (axisInside(node, x, axis) !== 1) return unsupported(node, "splits along an axis that is not the channels");
  const sizes = splitSizes(node, emitter.shape(x.value)[1], knownInputs(node, emitter));
  if (sizes === null) return unsupported(node, "has parts that depend on the run");
  let begin = 0;
  return sizes.map((size, index) => {
    const end = begin + size;
    const isRead = emitter.readers.has(node.outputs[index]) || emitter.network.output === node.outputs[index];
    const part = isRead && size > 0 ? sliceChannels(node, emitter, x, begin, end, String(index)) : x;
    begin = end;
    return part;
  });
};

/** Rows and columns that are kept: from, how many, every which. */
interface Kept {
  readonly begin: number;
  readonly count: number;
  readonly step: number;
}

function cutPixels(node: OnnxNode, emitter: Emitter, x: ValueOperand, rows: Kept, columns: Kept): ValueOperand {
  const [, , height, width] = emitter.shape(x.value);
  const [top, left] = [rows.begin, columns.begin];
  const reach = ({ begin, count, step }: Kept) => begin + (count - 1) * step + 1;
  const [bottom, right] = [height - reach(rows), width - reach(columns)];
  const isCut = top > 0 || left > 0 || bottom > 0 || right > 0;
  const isStepped = rows.step > 1 || columns.step > 1;
  let { value } = x;
  if (isCut)
    value = emitter.add(node, { kind: "crop", top, left, bottom, right }, [value], isStepped ? "crop" : undefined);
  if (isStepped) {
    const stride: Pair = [rows.step, columns.step];
    value = emitter.add(node, { kind: "maxPool", kernel: [1, 1], stride, padding: [0, 0] }, [value]);
  }
  return { ...x, value };
}

export const slice: Emission = (node, emitter) => {
  const x = unframed(node, emitter, valueAt(node, emitter));
  const shape = emitter.shape(x.value);
  const slices = sliceOf(node, viewShape(x.view, shape), knownInputs(node, emitter));
  if (slices === null) return unsupported(node, "cuts at places that depend on the run");
  const inside: Kept[] = shape.map((size) => ({ begin: 0, count: size, step: 1 }));
  for (const [axis, kept] of slices.entries()) {
    if (kept.count < 1) return failShape(node, "leaves nothing");
    if (kept.begin === 0 && kept.step === 1 && kept.count === viewShape(x.view, shape)[axis]) continue;
    inside[axisInside(node, x, axis)] = kept;
  }
  const [batch, channels, rows, columns] = inside;
  if (batch.count !== shape[0] || channels.step !== 1 || inside.some(({ step }) => step < 1)) {
    return unsupported(node, "takes some pictures, channels in steps, or values in reverse");
  }
  const hasPixels = rows !== undefined && (rows.count !== shape[2] || columns.count !== shape[3]);
  const cut = sliceChannels(
    node,
    emitter,
    x,
    channels.begin,
    channels.begin + channels.count,
    hasPixels ? "channels" : undefined,
  );
  return hasPixels ? cutPixels(node, emitter, cut, rows, columns) : cut;
};

/** Runs of places one after the other: [0, 1, 5, 6, 7] are [0, 2) and [5, 8). */
function runsOf(places: readonly number[]): readonly (readonly [begin: number, end: number])[] {
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last[1] === place) last[1] = place + 1;
    else runs.push([place, place + 1]);
  }
  return runs;
}

const MAX_RUNS = 1024;

/** Channels by number: as many slices as there are runs of them. One number alone drops the axis. */
export const gather: Emission = (node, emitter) => {
  const x = unframed(node, emitter, valueAt(node, emitter));
  const axis = axisOf(node, intAttribute(node, "axis", 0, -8, 7), x.view.length);
  const indices = emitter.constant(node, 1);
  const inside = axisInside(node, x, axis);
  if (inside !== 1 || indices.shape.length > 1)
    return unsupported(node, "gathers along an axis that is not the channels");
  const channels = emitter.shape(x.value)[1];
  const places = Array.from(indices.data, (index) => (index < 0 ? index + channels : index));
  const wrong = places.find((place) => !(Number.isInteger(place) && place >= 0 && place < channels));
  if (wrong !== undefined) return failShape(node, `takes channel ${wrong} of ${channels}`);
  const runs = runsOf(places);
  if (runs.length < 1 || runs.length > MAX_RUNS) return unsupported(node, `takes ${runs.length} runs of channels`);
  const parts = runs.map(([begin, end], index) =>
    sliceChannels(node, emitter, x, begin, end, runs.length === 1 ? undefined : String(index)),
  );
  const value =
    parts.length === 1
      ? parts[0].value
      : emitter.add(
          node,
          { kind: "concat" },
          parts.map((part) => part.value),
        );
  const view = indices.shape.length === 0 ? x.view.filter((_, index) => index !== axis) : x.view;
  return { ...x, value, view };
};

/** Channels of zeros before and after: ResNet's parameter-free shortcut. A zero is the value's own channel times 0. */
function padChannels(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  [before, after]: readonly [number, number],
): Operand {
  const whole = emitter.finish(node, x);
  const channels = emitter.shape(whole.value)[1];
  if (before + after > MAX_RUNS * channels || before < 0 || after < 0)
    return unsupported(node, "pads channels beyond all measure");
  const zeros = emitter.add(node, { kind: "scale", factor: 0 }, [whole.value], "zeros");
  const zeroParts = (count: number, suffix: string): readonly string[] => {
    const full = Array.from({ length: Math.floor(count / channels) }, () => zeros);
    const rest = count % channels;
    if (rest === 0) return full;
    return [...full, sliceChannels(node, emitter, { ...whole, value: zeros }, 0, rest, suffix).value];
  };
  const inputs = [...zeroParts(before, "before"), whole.value, ...zeroParts(after, "after")];
  if (inputs.length > MAX_RUNS) return unsupported(node, "pads channels beyond all measure");
  return plainOperand(emitter.add(node, { kind: "concat" }, inputs), whole.view, "real");
}

/** What a Pad fills in. */
function padValue(node: OnnxNode, emitter: Emitter): number {
  if (node.version < 11) return floatAttribute(node, "value", 0);
  if (!emitter.has(node, 2)) return 0;
  return uniformValue(emitter.constant(node, 2)) ?? unsupported(node, "pads with different values");
}

/** A frame around a map waits for the layer that reads it; a convolution takes it as its border, a mean counts it. */
export const pad: Emission = (node, emitter) => {
  const read = valueAt(node, emitter);
  const pads = padsOf(node, read.view.length, knownInputs(node, emitter));
  if (pads === null) return unsupported(node, "pads by what depends on the run");
  if (pads.every(([before, after]) => before === 0 && after === 0)) return read;
  if (wordAttribute(node, "mode", "constant", ["constant", "reflect", "edge", "wrap"] as const) !== "constant") {
    return unsupported(node, "pads with what lies at the border");
  }
  const x = unframed(node, emitter, read);
  const inside: [number, number][] = emitter.shape(x.value).map(() => [0, 0]);
  for (const [axis, amount] of pads.entries()) {
    if (amount[0] === 0 && amount[1] === 0) continue;
    if (!amount.every((size) => Number.isSafeInteger(size) && Math.abs(size) < 1 << 16)) {
      return failShape(node, `pads an axis by ${amount.join(" and ")}`);
    }
    inside[axisInside(node, x, axis)] = [...amount];
  }
  const value = padValue(node, emitter);
  const [batch, channels, rows = [0, 0], columns = [0, 0]] = inside;
  if (batch.some((size) => size !== 0)) return unsupported(node, "pads the batch");
  if (channels.some((size) => size !== 0)) {
    const isZero = value === 0 && [...rows, ...columns].every((size) => size === 0);
    return isZero
      ? padChannels(node, emitter, x, channels)
      : unsupported(node, "pads channels and pixels, or not with 0");
  }
  return framed(node, emitter, x, rows, columns, value);
};

function framed(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  rows: readonly [number, number],
  columns: readonly [number, number],
  value: number,
): Operand {
  const [, , height, width] = emitter.shape(x.value);
  const cut = ([before, after]: readonly [number, number], size: number): Kept => {
    const begin = Math.max(0, -before);
    return { begin, count: size - begin - Math.max(0, -after), step: 1 };
  };
  const [keptRows, keptColumns] = [cut(rows, height), cut(columns, width)];
  if (keptRows.count < 1 || keptColumns.count < 1) return failShape(node, "leaves nothing");
  const isCut = keptRows.count < height || keptColumns.count < width;
  const whole = isCut ? cutPixels(node, emitter, x, keptRows, keptColumns) : x;
  const grown = (size: number) => Math.max(0, size);
  const sides: Frame["sides"] = [grown(rows[0]), grown(columns[0]), grown(rows[1]), grown(columns[1])];
  if (sides.every((side) => side === 0)) return whole;
  return { ...whole, frame: { sides, value: (value - whole.shift) / whole.scale + 0 } };
}
