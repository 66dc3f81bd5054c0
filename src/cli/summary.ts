/** `xnorkit summary`: the layers of a network as its framework nests them, and what they cost. */

import { type FloatLayer, floatLayers } from "../compiler/float_layers.js";
import { MAX_MESSAGE, XnorkitError } from "../errors.js";
import type { Grain } from "../explain/comparison_text.js";
import { type Description, describe } from "../explain/describe.js";
import { descriptionText } from "../explain/description_text.js";
import { type LayerSummary, type Summary, summarize } from "../graph/cost.js";
import { allModelNames } from "../models/catalog.js";
import { printable } from "../printable.js";
import { formatShape, type Shape } from "../tensor.js";
import { atPath } from "./files.js";
import { columnsOf, readGrain } from "./grain.js";
import { EMBEDDED, findModel, MODEL_HELP } from "./load_model.js";
import { checkPositionals, parseCommand, readShape } from "./options.js";
import { formatCount, formatLarge, type Io, printJson, printLine, printNotes, printTable } from "./output.js";
import { readProgramFile } from "./program_file.js";

export const usage = `usage: xnorkit summary [M] [--grain stage|block|layer] [--svg F] [--dot F] [--graph F]
       [--input-shape 1,3,224,224] [--json]

Prints the module tree of a network with output shapes, parameters, multiply-accumulates (MACs) and packed bytes; a
module's figures include its children's. Then, of each layer with quantised weights that does not run on bits, why.
Without M it lists the networks it knows by name, with their totals.

      --grain G        stage: stem, stages, head, and the order of layers in their units; block: the module tree down to
                       blocks; layer: all of it; with receptive fields, the classes that options chose, and shortcuts:
                       what each reads and after which layer it is added
      --svg F          draw the network, top to bottom, shortcuts as arcs; at grain block unless --grain says another
      --dot F          the same for Graphviz
      --graph F        the graph as JSON
      --time           with measured milliseconds in the drawing, on random weights
      --input-shape S  count for another input: batch, channels, height, width
      --json           { "name", "inputShape", "totals", "layers", "floatLayers": [{ "name", "reason" }] }, with --grain
                       also "parts" and "chosen"; without M { "models": [{ "name", "inputShape", "totals" }] },
                       with "needs" in place of both for a name that does not say enough

  parameters    weights, biases, gamma, beta; no running statistics
  binary MACs   of convolutions with 1-bit weights
  float MACs    of all other convolutions; dense layers are a total of their own
  packed bytes  4 a float weight or bias, 8 a batch norm channel, 1/8 a binary weight
  operations    float MACs + binary MACs / 64

${MODEL_HELP}Of a program it prints what it was compiled from and for, and its steps.
`;

export const options = {
  "input-shape": { type: "string" },
  grain: { type: "string" },
  svg: { type: "string" },
  dot: { type: "string" },
  graph: { type: "string" },
  time: { type: "boolean" },
} as const;

/** The parts of a description without what is finer than the grain. */
function partsAt({ parts }: Description, grain: Grain): readonly unknown[] {
  if (grain === "layer") return parts;
  return parts.map(({ units, ...part }) => {
    if (grain === "stage") return { ...part, units: units.length };
    return {
      ...part,
      units: units.map(({ layers, ...unit }) => ({ ...unit, layers: layers.map(({ name }) => name) })),
    };
  });
}

/** `  3  HybridSequential`: the last part of the path, indented by the depth in the tree. */
function treeLabel({ path, type, depth }: LayerSummary): string {
  const own = path.slice(path.lastIndexOf(".") + 1);
  return `${"  ".repeat(Math.max(depth - 1, 0))}${own === "" ? "" : `${own} `}${type}`;
}

function countOrBlank(count: number): string {
  return count === 0 ? "" : formatCount(count);
}

function printSummary(io: Io, { name, inputShape, totals, layers }: Summary): void {
  printLine(io, `${name}, input ${formatShape(inputShape)}`);
  printLine(io, "");
  printTable(
    io,
    [
      { head: "layer" },
      { head: "output" },
      { head: "parameters", align: "right" },
      { head: "binary MACs", align: "right" },
      { head: "float MACs", align: "right" },
      { head: "packed bytes", align: "right" },
    ],
    layers.map((layer) => [
      treeLabel(layer),
      formatShape(layer.outputShape),
      ...[layer.parameters, layer.binaryMacs, layer.floatMacs, layer.packedBytes].map(countOrBlank),
    ]),
  );
  printLine(io, "");
  const rows: readonly (readonly [string, number])[] = [
    ["binary MACs", totals.binaryMacs],
    ["float MACs", totals.floatMacs],
    ["dense MACs", totals.denseMacs],
    ["operations", totals.operations],
    ["parameters", totals.parameters],
    ["packed bytes", totals.packedBytes],
  ];
  printTable(
    io,
    [{ head: "total" }, { head: "", align: "right" }, { head: "", align: "right" }],
    rows.map(([what, count]) => [what, formatCount(count), formatLarge(count)]),
  );
}

/** One line a layer that could run on bits and does not. */
function printFloatLayers(io: Io, layers: readonly FloatLayer[]): void {
  if (layers.length > 0) printLine(io, "");
  for (const { name, reason } of layers) printLine(io, printable(`${name} runs in float: ${reason}`, MAX_MESSAGE));
}

/** A name with its totals for its own input, or what it needs to become a network. */
type Listed = Pick<Summary, "name" | "inputShape" | "totals"> | { readonly name: string; readonly needs: string };

async function listModel(name: string, shape: Shape | undefined): Promise<Listed> {
  try {
    const { graph } = await findModel({ model: name });
    const { inputShape, totals } = summarize(graph, shape);
    return { name, inputShape, totals };
  } catch (error) {
    if (!(error instanceof XnorkitError)) throw error;
    return { name, needs: error.message };
  }
}

function printModels(io: Io, models: readonly Listed[]): void {
  printTable(
    io,
    [
      { head: "name" },
      { head: "input" },
      ...["parameters", "binary MACs", "float MACs", "dense MACs", "operations", "packed bytes"].map((head) => ({
        head,
        align: "right" as const,
      })),
    ],
    models.flatMap((model) => {
      if ("needs" in model) return [[model.name, "(a description)", "", "", "", "", "", ""]];
      const { parameters, binaryMacs, floatMacs, denseMacs, operations, packedBytes } = model.totals;
      const counts = [parameters, binaryMacs, floatMacs, denseMacs, operations, packedBytes];
      return [[model.name, formatShape(model.inputShape), ...counts.map(formatLarge)]];
    }),
  );
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "M", 0, 1);
  const inputShape = readShape("--input-shape", values["input-shape"]);
  const grain = readGrain(values.grain);
  if (positionals.length === 0) {
    const models = await Promise.all([EMBEDDED, ...allModelNames()].map((name) => listModel(name, inputShape)));
    if (values.json) printJson(io, { models });
    else printModels(io, models);
    return;
  }
  const program = await readProgramFile(positionals[0]);
  if (program !== null) {
    const { printProgram } = await import("./program_summary.js");
    await atPath(positionals[0], () => printProgram(io, program, values.json === true));
    return;
  }
  const { graph, notes } = await findModel({
    model: positionals[0],
    ...(inputShape && { likelyShape: async () => inputShape }),
  });
  printNotes(io, notes);
  const { svg, dot, graph: graphFile, time } = values;
  if (svg !== undefined || dot !== undefined || graphFile !== undefined) {
    const { writeDrawings } = await import("./draw.js");
    await writeDrawings(graph, describe(graph, inputShape), { svg, dot, graph: graphFile, grain, time });
  }
  const float = floatLayers(graph);
  const summary = { ...summarize(graph, inputShape), floatLayers: float };
  if (grain === undefined) {
    if (values.json) printJson(io, summary);
    else printSummary(io, summary);
    if (!values.json) printFloatLayers(io, float);
    return;
  }
  const description = describe(graph, inputShape);
  if (values.json) printJson(io, { ...summary, parts: partsAt(description, grain), chosen: description.chosen });
  else for (const line of descriptionText(graph, description, grain, columnsOf(io))) printLine(io, line);
  if (!values.json) printFloatLayers(io, float);
}
