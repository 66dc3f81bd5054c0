/** What an import found out about a file that its graph alone does not say. */
import { list, show } from "./messages.js";

/** What a note is about. */
export type OnnxNoteKind =
  /** A layer whose products are counted in bits. */
  | "bits"
  /** A convolution or dense layer in float, and why. */
  | "float"
  /** No layer of the file runs on bits. */
  | "no-bits"
  /** Two-valued weights that read floats: the file may have lost a sign. */
  | "lost-sign"
  /** Weights that are nearly, but not quite, two-valued. */
  | "near-miss"
  /** The file's answer is cut off; the graph gives the scores. */
  | "scores"
  /** What the file tells of its input's range. */
  | "preprocess"
  /** Values of more than one bit, computed in float. */
  | "levels";

export interface OnnxNote {
  readonly kind: OnnxNoteKind;
  /** The layer it is about, by its name in the graph; absent if it is about the whole file. */
  readonly layer?: string;
  /** One sentence for people. */
  readonly text: string;
}

/** Why a layer runs in float. */
export type FloatReason =
  | "its input is the network's"
  | "its input is real"
  | "its input lies between signs (something computes between the sign and the layer)"
  | "its input has more than one bit"
  | "its border is none of -1, 0 and +1"
  | "its weights are real"
  | "its weights have three values"
  | "its weights have more than one bit"
  | "its weights miss two values by a little";

/** A layer as its note tells of it. */
export interface LayerFacts {
  readonly layer: string;
  readonly kind: "convolution" | "dense layer";
  /** Null if it runs on bits. */
  readonly reason: FloatReason | null;
  /** True if the weights of each output are two-valued. */
  readonly isTwoValued: boolean;
  /** How far weights are from two values, where that is little. */
  readonly spread?: number;
}

const percent = (spread: number) => spread.toExponential(1);

/** The notes about layers, and about the file as a whole. */
export function layerNotes(layers: readonly LayerFacts[]): readonly OnnxNote[] {
  const notes: OnnxNote[] = [];
  for (const { layer, kind, reason, spread } of layers) {
    if (reason === null) notes.push({ kind: "bits", layer, text: `${kind} ${show(layer)} runs on bits` });
    else notes.push({ kind: "float", layer, text: `${kind} ${show(layer)} runs in float: ${reason}` });
    if (spread !== undefined) {
      notes.push({
        kind: "near-miss",
        layer,
        text: `the weights of ${show(layer)} are two-valued to ${percent(spread)}, not to 1e-6: were they rounded on their way into the file?`,
      });
    }
  }
  const lost = layers.filter((facts) => facts.isTwoValued && facts.reason === "its input is real");
  if (lost.length > 0) {
    const names = list(lost.map(({ layer }) => show(layer)));
    notes.push({
      kind: "lost-sign",
      text: `two-valued weights read floats in ${names}: if a sign belongs before them, the exporter lost it (x.data = sign(x.data) is not traced) and the file is no binary network any more`,
    });
  }
  if (!layers.some(({ reason }) => reason === null)) {
    notes.push({ kind: "no-bits", text: "no layer of this file runs on bits: it is computed in float throughout" });
  }
  return notes;
}
