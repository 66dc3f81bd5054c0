/** The form of a fact, and what facts are found from. */
import type { Graph } from "../graph/types.js";
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
  /** With the shapes of the input that it was run on. */
  readonly outline: Outline;
  /** With the costs of that input, if one was given, else of the network's own. */
  readonly description: Description;
  /** Values by name, NCHW, of those that were asked for. */
  readonly value: (name: string) => Numbers;
  /** Runs a changed network on the same input and returns its output. */
  readonly runChanged: (graph: Graph) => Promise<Numbers>;
  /** What the network was run on, in words. */
  readonly input: string;
}
