/** What an import found out about a file that its graph alone does not say. */
import { list, show } from "./messages.js";

/** What a note is about. */
export type OnnxNoteKind =
  /** A layer whose products are counted in bits. */
  | "bits"
  /** A convolution or dense layer in float, and why. */
  | "float"
  /** How many layers run on bits, and which do not. */
  | "layers"
  /** Two-valued weights that read floats: the file may have lost a sign. */
  | "lost-sign"
  /** Weights that are nearly, but not quite, two-valued. */
  | "near-miss"
  /** The file's answer is cut off; the graph gives the scores. */
  | "scores"
  /** What the file tells of its input's range. */
  | "preprocess"
  /** Values of more than one bit. */
  | "levels";

/** One thing that an import says of a layer, or of the whole file. */
export interface OnnxNote {
  readonly kind: OnnxNoteKind;
  /** The layer it is about, by its name in the graph; absent if it is about the whole file. */
  readonly layer?: string;
  /** Why it runs in float, for notes of that kind. */
  readonly reason?: FloatReason;
  /** One sentence for people. */
  readonly text: string;
}

/** Why a layer runs in float. */
export type FloatReason =
  | "real-input"
  /** Real too: the pictures themselves. */
  | "network-input"
  /** Something computes between the sign and the layer. */
  | "value-between"
  | "input-of-more-bits"
  /** What it reads outside its map is none of -1, 0 and +1. */
  | "border"
  | "real-weights"
  | "weights-of-three-values"
  | "weights-of-more-bits"
  | "near-two-values";

const REASONS: Readonly<Record<FloatReason, string>> = {
  "real-input": "its input is real",
  "network-input": "its input is real, the network's own",
  "value-between": "a value between: something computes between the sign and the layer",
  "input-of-more-bits": "its input has more than one bit",
  border: "its border is none of -1, 0 and +1",
  "real-weights": "its weights are real",
  "weights-of-three-values": "its weights have three values",
  "weights-of-more-bits": "its weights have more than one bit",
  "near-two-values": "its weights miss two values by a little",
};

/** A layer as its note tells of it. */
export interface LayerFacts {
  readonly layer: string;
  readonly kind: "convolution" | "dense layer";
  /** Null if it runs on bits. */
  readonly reason: FloatReason | null;
  /** True if it runs on bits, and its input or its weights have more than one. */
  readonly isPlanes: boolean;
  /** True if the weights of each output are two-valued. */
  readonly isTwoValued: boolean;
  /** How far weights are from two values, if that is little. */
  readonly spread?: number;
}

/** The note that counts the layers. */
function countLayers(layers: readonly LayerFacts[]): OnnxNote {
  const floats = layers.flatMap(({ layer, reason }) =>
    reason === null ? [] : [`${show(layer)} (${reason.replaceAll("-", " ")})`],
  );
  if (floats.length === layers.length) {
    return { kind: "layers", text: "no layer of this file runs on bits: it is computed in float throughout" };
  }
  const count = `${layers.length - floats.length} of ${layers.length} layers with weights run on bits`;
  return { kind: "layers", text: floats.length === 0 ? count : `${count}; in float are ${list(floats)}` };
}

/** Two-valued weights that read floats. */
function lostSigns(layers: readonly LayerFacts[]): readonly OnnxNote[] {
  const lost = layers.filter((facts) => facts.isTwoValued && facts.reason === "real-input");
  if (lost.length === 0) return [];
  const names = list(lost.map(({ layer }) => show(layer)));
  const text =
    `two-valued weights read floats in ${names}: if a sign belongs before them, the exporter lost it ` +
    "(x.data = sign(x.data) is not traced) and the file is no binary network any more";
  return [{ kind: "lost-sign", text }];
}

/** What a layer's weights are said to miss. */
function nearMiss({ layer, spread }: LayerFacts): readonly OnnxNote[] {
  if (spread === undefined) return [];
  const text =
    `the weights of ${show(layer)} are two-valued to ${spread.toExponential(1)}, not to 1e-6: ` +
    "were they rounded on their way into the file?";
  return [{ kind: "near-miss", layer, text }];
}

/** The notes about layers as a whole. */
export function fileNotes(layers: readonly LayerFacts[]): readonly OnnxNote[] {
  return [...layers.flatMap(nearMiss), ...lostSigns(layers), countLayers(layers)];
}

/** One note for each layer: on bits, or why not. */
export function layerNotes(layers: readonly LayerFacts[]): readonly OnnxNote[] {
  return layers.map(({ layer, kind, reason, isPlanes }) =>
    reason === null
      ? { kind: "bits", layer, text: `${kind} ${show(layer)} runs on bits${isPlanes ? ", plane by plane" : ""}` }
      : { kind: "float", layer, reason, text: `${kind} ${show(layer)} runs in float: ${REASONS[reason]}` },
  );
}
