/** The form of a fact, and what facts are found from. */
import type { Model } from "../model.js";
import type { Description } from "./describe.js";
import type { Outline } from "./outline.js";
import type { Numbers, Proof } from "./proofs/numbers.js";

/** Something that holds for a network, with the numbers that show it. */
export interface Fact {
  /** Name of the layer or the label of the part that it is about; "" is the network. */
  readonly path: string;
  /** What kind of fact it is, for programs. */
  readonly kind: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly proofs: readonly Proof[];
}

/** A network with the values that it has for one input. */
export interface Examined {
  readonly model: Model;
  readonly outline: Outline;
  readonly description: Description;
  /** Values by name, NCHW; null for those that were not asked for. */
  readonly value: (name: string) => Numbers;
  /** What the network was run on, in words. */
  readonly input: string;
}
