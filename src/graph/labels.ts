/** The class names of a graph, checked against its outputs. */
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
