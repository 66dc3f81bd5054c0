/** The work of a network's run, compared with what it may cost before anything is allocated for it. */
import { XnorkitError } from "../errors.js";
import { countWork } from "../graph/cost.js";
import type { Graph } from "../graph/types.js";
import { formatShape, type Shape } from "../tensor.js";

/** @throws XnorkitError `unsupported` if a run on this input costs more than it may, with both counts. */
export function checkWork(graph: Graph, shape: Shape, macs: number): void {
  const work = countWork(graph, shape);
  if (work <= macs) return;
  throw new XnorkitError(
    "unsupported",
    `${graph.name} on an input of ${formatShape(shape)} takes ${work.toPrecision(3)} ` +
      "multiply-accumulates, more than the " +
      `${macs.toPrecision(3)} of limits.macs: use a smaller batch or picture, or raise the limit`,
  );
}
