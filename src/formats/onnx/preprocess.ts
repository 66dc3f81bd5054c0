/** What a file tells of the range of its input: its first operators, or its metadata. */

import type { Graph, Preprocess } from "../../graph/types.js";
import { PRESETS } from "../../image/presets.js";
import { largestMagnitude } from "../../tensor.js";
import type { Weights } from "../../weights.js";
import type { OnnxNote } from "./notes.js";

export interface StatedPreprocess {
  readonly preprocess: Preprocess;
  readonly note: OnnxNote;
}

/** `Image.NominalPixelRange` of metadata_props. Source: docs/MetadataProps.md of github.com/onnx/onnx. */
const RANGES: Readonly<Record<string, "none" | "unit" | "larq">> = {
  NominalRange_0_255: "none",
  Normalized_0_1: "unit",
  Normalized_1_1: "larq",
};

/** A network that scales its input by no more than this expects pixels of 0..255. */
const PIXEL_SCALE = 1 / 50;

/** How many operators a network has at most before it is one that computes. */
const FIRST = 16;

/** The largest factor by which the first operators multiply the input, null if they do not. */
function firstScale(graph: Graph, weights: Weights): number | null {
  let value = graph.nodes[0].name;
  let scale = 1;
  for (let step = 0; step < FIRST; step++) {
    const found = graph.nodes.filter(({ inputs }) => inputs.includes(value));
    const [node] = found;
    if (found.length !== 1) break;
    if (node.kind === "scale") scale *= Math.abs(node.factor);
    else if (node.kind === "scaleShift") scale *= node.scale === null ? 1 : largest(weights, node.scale);
    else if (node.kind !== "flatten") break;
    value = node.name;
  }
  return scale === 1 ? null : scale;
}

function largest(weights: Weights, name: string): number {
  const weight = weights.get(name);
  return weight?.kind === "f32" ? largestMagnitude(weight.data) : 1;
}

/** How pixels become the network's input, if the file says so; null if it does not. */
export function statedPreprocess(
  graph: Graph,
  weights: Weights,
  metadata: ReadonlyMap<string, string>,
): StatedPreprocess | null {
  const range = metadata.get("Image.NominalPixelRange") ?? "";
  const said = (preset: "none" | "unit" | "larq", why: string): StatedPreprocess => ({
    preprocess: PRESETS[preset],
    note: { kind: "preprocess", text: `${why}: its preprocessing is the preset ${preset}` },
  });
  if (Object.hasOwn(RANGES, range)) return said(RANGES[range], `the file's metadata says that pixels are ${range}`);
  const scale = firstScale(graph, weights);
  if (scale === null || scale > PIXEL_SCALE || scale === 0) return null;
  return said("none", "the network scales its input by 1/50 or less itself, so it reads pixels of 0 to 255");
}
