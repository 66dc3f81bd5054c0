/** What a layer says of a parameter that it needs. */
import type { Shape } from "../tensor.js";

/** What a parameter is to its layer; `slope` is what negative values are multiplied by. */
export type ParameterRole = "weight" | "bias" | "gamma" | "beta" | "mean" | "variance" | "scale" | "shift" | "slope";

/** How the floats of a weight become bits. */
export interface Packing {
  /** `det_sign`: +1 if w >= 0, else -1. `sign`: AWNAS's, of weights clamped to [-1, 1]; 0 stays 0. */
  readonly signs: "det_sign" | "sign";
  /** The mean |w| that the layer multiplies by: none, one of each output channel, or one of the tensor. */
  readonly scaling: "none" | "channel" | "tensor";
}

/** A parameter as the layer that reads it needs it. */
export interface NodeParameter {
  readonly role: ParameterRole;
  /** Null if the layer has none. */
  readonly name: string | null;
  readonly shape: Shape;
  /** How a weight is stored as 1 bit each; null, as by default, if the layer needs the float values. */
  readonly packing?: Packing | null;
  /** Stored by the framework but read past. */
  readonly ignored?: boolean;
}

/** A parameter of a graph, which several layers may share. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly role: ParameterRole;
  /** A weight of which each value is used as 1 bit. */
  readonly binary: boolean;
  /** How it is stored as 1 bit a weight; null if its layers need the float values, or differ in what they need. */
  readonly packing: Packing | null;
  /** Name of the first node that reads it. */
  readonly node: string;
  /** Stored by the framework but read past (the gamma of a batch norm with fixGamma). */
  readonly ignored: boolean;
}
