/** `xnorkit compare`: two networks side by side. */
import { type Comparison, compare } from "../explain/compare.js";
import { comparisonText } from "../explain/comparison_text.js";
import { timesOf } from "../explain/times.js";
import type { Graph } from "../graph/types.js";
import { columnsOf, readGrain } from "./grain.js";
import { loadLayout } from "./layout.js";
import { findModel, MODEL_HELP } from "./load_model.js";
import { measureSteps } from "./measure_steps.js";
import { checkPositionals, parseCommand, readShape } from "./options.js";
import { type Io, printJson, printLine, printNotes } from "./output.js";
import { writeText } from "./write_file.js";

export const usage = `usage: xnorkit compare A B [--grain stage|block|layer] [--html F] [--json] [--time]

Aligns two networks by the role, resolution and order of their parts and says what differs: stem, blocks, order of
layers, shortcuts, downsample layers, borders, signs, operations, bytes.

      --grain G        how far to unfold: stage (the default, at most 60 lines), block, layer
      --html F         write a page of its own that shows both, folds and unfolds, and needs no network
      --input-shape S  compare for another input: batch, channels, height, width
      --time           run both on random weights and show milliseconds a part
      --json           { "a", "b", "differences": [{ "path", "field", "a", "b" }], "questions", "counts" }; no
                       difference: []

${MODEL_HELP}`;

export const options = {
  grain: { type: "string" },
  html: { type: "string" },
  "input-shape": { type: "string" },
  time: { type: "boolean" },
} as const;

async function timesOfBoth({ a, b }: Comparison, graphs: readonly [Graph, Graph]) {
  const [first, second] = [a, b];
  return {
    a: timesOf(first, await measureSteps(graphs[0], first.inputShape)),
    b: timesOf(second, await measureSteps(graphs[1], second.inputShape)),
  };
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "A B", 2, 2);
  const grain = readGrain(values.grain);
  const inputShape = readShape("--input-shape", values["input-shape"]);
  const [a, b] = positionals;
  const found = [await findModel({ model: a }), await findModel({ model: b })];
  printNotes(
    io,
    found.flatMap(({ notes }) => notes),
  );
  const graphs = [found[0].graph, found[1].graph] as const;
  const comparison = compare(...graphs, { inputShape });
  const times = values.time ? await timesOfBoth(comparison, graphs) : undefined;
  if (values.html !== undefined) {
    const { comparisonPage } = await import("../explain/page/page.js");
    const page = comparisonPage(comparison, { a, b, layout: await loadLayout(), times });
    await writeText(values.html, page);
  }
  if (values.json) {
    const { differences, questions, counts } = comparison;
    printJson(io, { a, b, differences, questions, counts });
    return;
  }
  const parts = times && { a: times.a.parts, b: times.b.parts };
  for (const line of comparisonText(comparison, { a, b, grain, width: columnsOf(io), times: parts }))
    printLine(io, line);
}
