/** Files that `summary` writes beside what it prints: a drawing, its source, the graph. */
import { XnorkitError } from "../errors.js";
import type { Grain } from "../explain/comparison_text.js";
import type { Description } from "../explain/describe.js";
import { toDot } from "../explain/drawing/dot.js";
import { drawingInWords, standaloneSvg } from "../explain/drawing/svg.js";
import { timesOf } from "../explain/times.js";
import { graphToJson } from "../graph/json.js";
import type { Graph } from "../graph/types.js";
import { loadLayout } from "./layout.js";
import { measureSteps } from "./measure_steps.js";
import { writeText } from "./write_file.js";

export interface DrawingFiles {
  readonly svg?: string;
  readonly dot?: string;
  /** The graph as JSON. */
  readonly graph?: string;
  readonly grain?: Grain;
  readonly time?: boolean;
}

/** Writes the files that are named. */
export async function writeDrawings(graph: Graph, description: Description, files: DrawingFiles): Promise<void> {
  if (files.graph !== undefined) await writeText(files.graph, graphToJson(graph));
  if (files.svg === undefined && files.dot === undefined) return;
  const times = files.time ? timesOf(description, await measureSteps(graph, description.inputShape)) : undefined;
  const dot = toDot(description, { grain: files.grain, times });
  if (files.dot !== undefined) await writeText(files.dot, dot);
  if (files.svg === undefined) return;
  const layout = await loadLayout();
  const drawn = layout(dot);
  if (drawn === "")
    throw new XnorkitError("unsupported", `${description.name} could not be laid out: use --grain stage`);
  await writeText(files.svg, standaloneSvg(drawn, description, drawingInWords(description)));
}
