/** The class names of a graph: checked against its outputs, and as people read them. */
import { XnorkitError } from "../errors.js";
import { inferShapes } from "./shapes.js";
import type { Graph } from "./types.js";

/** @throws XnorkitError `bad-graph` for more labels than outputs. */
export function checkLabels(graph: Graph): void {
  const { labels, output } = graph;
  if (labels === undefined) return;
  const [, outputs] = inferShapes(graph).get(output)!;
  if (labels.length <= outputs) return;
  throw new XnorkitError(
    "bad-graph",
    `the graph has ${labels.length} labels for ${outputs} outputs: no more than one for each, in their order`,
  );
}

/** WordNet's number of a noun, which lists of ImageNet's classes have before its names. */
const WORDNET_NUMBER = /^n\d{8}[\s:,]+(?=\S)/;

/** A class name as people read it: without its WordNet number, `n01440764 tench` is `tench`. */
export function plainLabel(label: string): string {
  return label.replace(WORDNET_NUMBER, "");
}
