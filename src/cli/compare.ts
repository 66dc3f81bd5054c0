/** `xnorkit compare`: two networks side by side. */
import { type Comparison, compare } from "../explain/compare.js";
import { comparisonText, type Grain } from "../explain/comparison_text.js";
import { timesOf } from "../explain/times.js";
import type { Graph } from "../graph/types.js";
import { MODEL_HELP } from "./load_model.js";
import { measureSteps } from "./measure_steps.js";
import { findNetwork, NETWORK_HELP } from "./named_network.js";
import { badUsage, checkPositionals, parseCommand, readShape } from "./options.js";
import { type Io, printJson, printLine } from "./output.js";

export const usage = `usage: xnorkit compare A B [--grain stage|block|layer] [--html F] [--json] [--time]

Aligns two networks by the role, resolution and order of their parts and says what differs: stem, blocks, order of layers, shortcuts,
downsample layers, borders, signs, operations, bytes.

      --grain G        how far to unfold: stage (the default, at most 60 lines), block, layer
      --html F         write a page of its own that shows both, folds and unfolds, and needs no network
      --input-shape S  compare for another input: batch, channels, height, width
      --time           run both on random weights and show milliseconds a part
      --json           { "a", "b", "differences": [{ "path", "field", "a", "b" }], "questions", "counts" }; no difference: []

${NETWORK_HELP}

${MODEL_HELP}`;

const options = {
  grain: { type: "string" },
  html: { type: "string" },
  "input-shape": { type: "string" },
  time: { type: "boolean" },
} as const;

const GRAINS: readonly Grain[] = ["stage", "block", "layer"];

/** @throws XnorkitError `bad-usage` for a grain that does not exist. */
export function readGrain(value: string | undefined): Grain | undefined {
  if (value === undefined) return undefined;
  const grain = GRAINS.find((known) => known === value);
  if (grain === undefined) throw badUsage(`--grain is "${value}", expected ${GRAINS.join(", ")}`);
  return grain;
}

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
  const graphs = [await findNetwork(a), await findNetwork(b)] as const;
  const comparison = compare(...graphs, { inputShape });
  const times = values.time ? await timesOfBoth(comparison, graphs) : undefined;
  if (values.json) {
    const { differences, questions, counts } = comparison;
    printJson(io, { a, b, differences, questions, counts });
    return;
  }
  const parts = times && { a: times.a.parts, b: times.b.parts };
  for (const line of comparisonText(comparison, { a, b, grain, times: parts })) printLine(io, line);
}
