/** What the values of a file are while the graph is made. */
import type { OnnxTensor } from "../tensors.js";
import type { View } from "./view.js";

/** What kind of numbers a value holds, for deciding what runs on bits. */
export type Numbers =
  /** The network's input, moved or scaled at most. */
  | "image"
  | "real"
  /** -1 and +1, or 0 if the sign of 0 is 0. */
  | "signs"
  /** Computed from signs by something that is no layer. */
  | "between"
  /** On a grid of at most 16 levels, 0 among them. */
  | "few-levels"
  /** On any other grid of more than one bit. */
  | "levels";

/** Rows and columns of a constant around a map. */
export interface Frame {
  readonly sides: readonly [top: number, left: number, bottom: number, right: number];
  readonly value: number;
}

/**
 * A value of the graph, and what is still to be done to it: the file's value is scale * framed(value) + shift. A layer
 * that takes signs takes these along (into its weights' scale, its bias and its border); for all others they become
 * nodes.
 */
export interface ValueOperand {
  readonly kind: "value";
  /** Name of the node that computes it. */
  readonly value: string;
  readonly view: View;
  readonly numbers: Numbers;
  readonly frame: Frame | null;
  readonly scale: number;
  readonly shift: number;
}

export interface ConstantOperand {
  readonly kind: "constant";
  readonly tensor: OnnxTensor;
}

export type Operand = ValueOperand | ConstantOperand;

/** A value with nothing left to do. */
export function plainOperand(value: string, view: View, numbers: Numbers): ValueOperand {
  return { kind: "value", value, view, numbers, frame: null, scale: 1, shift: 0 };
}

/** What signs and levels are after a factor or a summand that no layer takes along, such as one for each channel. */
export function scaledNumbers(numbers: Numbers): Numbers {
  if (numbers === "signs") return "between";
  return numbers === "few-levels" ? "levels" : numbers;
}

/** What becomes of numbers by something that is no sign and no layer. */
export function computedFrom(...numbers: readonly Numbers[]): Numbers {
  return numbers.every((kind) => kind === "signs" || kind === "between") ? "between" : "real";
}
