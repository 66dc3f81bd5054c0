/**
 * What the benchmark of other libraries asks of each: a network of theirs that runs in a given number of threads, or in
 * one if it has no more.
 */
import type { FloatNetwork } from "./resnet18.js";

/** A network in another library, ready to run. */
export interface Peer {
  /** Library and precision, as the table of ratios names it. */
  readonly name: string;
  readonly precision: "fp32" | "int8";
  /** Logits of the picture that the peer was opened with, from the library's input to an array of its output. */
  readonly run: () => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** One library: it opens as many peers as it has precisions. */
export interface PeerLibrary {
  readonly name: string;
  readonly precisions: readonly Peer["precision"][];
  /** @throws if the library is not installed or does not run here. */
  readonly open: (network: FloatNetwork, picture: Float32Array, precision: Peer["precision"]) => Promise<Peer>;
  /** The library's version, once it is open. */
  readonly version: () => string;
}
