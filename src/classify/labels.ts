/** Class names, as many as a network has outputs, and as people read them. */
import { XnorkitError } from "../errors.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph } from "../graph/types.js";

/** The names in a text, one a line. */
export function splitLabels(text: string): readonly string[] {
  return text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .map((name) => name.trim());
}

/**
 * Class names, checked against a network.
 * @param place What messages call them.
 * @throws XnorkitError `bad-option` if there are more or fewer than outputs.
 */
export function checkLabels(graph: Graph, labels: readonly string[], place: string): readonly string[] {
  const outputs = inferShapes(graph).get(graph.output)!.at(-1);
  if (labels.length === outputs) return labels;
  throw new XnorkitError(
    "bad-option",
    `${place}: ${labels.length} names, but ${graph.name} has ${outputs} outputs: one name a line, ` +
      "in the order of the outputs",
  );
}

/** WordNet's number of a noun, which lists of ImageNet's classes have before its names. */
const WORDNET_NUMBER = /^n\d{8}[\s:,]+(?=\S)/;

/** A class name as people read it: without its WordNet number, `n01440764 tench` is `tench`. */
export function plainLabel(label: string): string {
  return label.replace(WORDNET_NUMBER, "");
}
