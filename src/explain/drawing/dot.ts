/** Networks in Graphviz's DOT language, top to bottom, at three grains: parts, units, layers. */
import { choiceArgument, optionsArgument, resultArgument } from "../../arguments.js";
import { XnorkitError } from "../../errors.js";
import type { Description, LayerDescription, PartDescription, UnitDescription } from "../describe.js";
import { bytes, cut, millions, wrap } from "../text.js";
import type { Times } from "../times.js";

/** How a network is drawn. */
export interface DotOptions {
  /** Default "block". */
  readonly grain?: "stage" | "block" | "layer";
  /** Measured milliseconds, to be written into the boxes. */
  readonly times?: Times;
}

/** What a box computes with; the style sheet has a colour for each. */
export type BoxClass = "binary" | "float" | "plain" | "sum" | "port";

/** Colours of boxes where no style sheet changes them. */
const FILLS: Readonly<Record<BoxClass, string>> = {
  binary: "#cfe2ff",
  float: "#ffe0b8",
  plain: "#f2f2f2",
  sum: "#ffffff",
  port: "#ffffff",
};

/** More boxes than these take a layout minutes. */
const MAX_BOXES = 3000;
const LABEL_WIDTH = 44;

/** A string of the language; names from files may hold anything. */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const clean = text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, " ");
  return `"${clean.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}

export function box(id: string, label: string, type: BoxClass, more = ""): string {
  const shape =
    type === "sum"
      ? ", shape=circle, width=0.3, fixedsize=true, margin=0"
      : type === "port"
        ? ', shape=plaintext, style="", margin="0.1,0.02", height=0.2'
        : "";
  return (
    `${quoted(id)} [label=${quoted(label)}, class=${quoted(type)}, ` +
    `fillcolor=${quoted(FILLS[type])}${shape}${more}];`
  );
}

export function edge(from: string, to: string, isShortcut = false): string {
  return `${quoted(from)} -> ${quoted(to)}${isShortcut ? ' [class="shortcut", color="#b03060", penwidth=1.6]' : ""};`;
}

/** The head of every drawing. */
export const GRAPH_HEAD = [
  'rankdir=TB; bgcolor="transparent"; nodesep=0.25; ranksep=0.28; splines=true;',
  'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, margin="0.2,0.06", ' +
    'height=0.3, color="#555555"];',
  'edge [arrowsize=0.6, color="#555555"];',
];

/** Binary if layers on bits do most of the work, float if others do; plain without convolutions. */
function classOf({
  binaryMacs,
  floatMacs,
  denseMacs,
}: Pick<LayerDescription, "binaryMacs" | "floatMacs" | "denseMacs">): BoxClass {
  if (binaryMacs + floatMacs + denseMacs === 0) return "plain";
  return binaryMacs >= floatMacs + denseMacs ? "binary" : "float";
}

export function layerClass(layer: LayerDescription): BoxClass {
  if (layer.kind === "add" || layer.kind === "mul") return "sum";
  if (layer.precision === null) return "plain";
  return layer.precision === "binary" || layer.precision === "binaryWeights" ? "binary" : "float";
}

export function layerLabel(layer: LayerDescription): string {
  if (layer.kind === "add") return "+";
  return layer.kind === "mul" ? "*" : layer.notation;
}

function costLine({ binaryMacs, floatMacs, denseMacs, packedBytes }: PartDescription | UnitDescription): string {
  const float = floatMacs + denseMacs;
  const counts = [
    ...(binaryMacs > 0 ? [`${millions(binaryMacs)} binary`] : []),
    ...(float > 0 ? [`${millions(float)} float`] : []),
    ...(packedBytes > 0 ? [bytes(packedBytes)] : []),
  ];
  return counts.join(", ");
}

/** The line of a label that says a measured time. */
export function timeLine(milliseconds: number | undefined): readonly string[] {
  return milliseconds === undefined ? [] : [`${milliseconds.toFixed(2)} ms`];
}

function shapeText({ outputShape }: { readonly outputShape: readonly number[] }): string {
  return outputShape.slice(1).join("x");
}

function stageBoxes({ parts }: Description, times: Times | undefined): readonly string[] {
  const lines = [box("input", "input", "port")];
  let before = "input";
  for (const part of parts) {
    const counts = new Map<string, number>();
    for (const { expression } of part.units) counts.set(expression, (counts.get(expression) ?? 0) + 1);
    const orders = [...counts].map(([text, count]) => (count > 1 ? `${count} x ${text}` : text));
    const label = [
      `${part.label}: ${shapeText(part)}`,
      ...orders.flatMap((text) => wrap(text, LABEL_WIDTH, 3)),
      costLine(part),
      ...timeLine(times?.parts.get(part.label)),
    ];
    lines.push(box(part.label, label.join("\n"), classOf(part)), edge(before, part.label));
    before = part.label;
  }
  return [...lines, box("output", "output", "port"), edge(before, "output")];
}

/** A unit as a box with its shortcuts beside it, meeting in a circle. Returns the id of what it returns. */
function unitBoxes(unit: UnitDescription, before: string, times: Times | undefined, lines: string[]): string {
  const id = unit.label;
  const output = unit.layers.filter(({ unused }) => !unused).at(-1)!;
  const outer = unit.main === unit.expression ? [] : unit.shortcuts.filter(({ addedAt }) => addedAt === output.name);
  const label = [
    ...(unit.block === null ? [] : [`${unit.block.class} ${cut(unit.block.path, 24)}`]),
    ...wrap(outer.length > 0 ? unit.main : unit.expression, LABEL_WIDTH, 4),
    `${shapeText(unit)}${costLine(unit) === "" ? "" : `, ${costLine(unit)}`}`,
    ...timeLine(times?.units.get(unit.label)),
  ];
  lines.push(box(id, label.join("\n"), classOf(unit)), edge(before, id));
  if (outer.length === 0) return id;
  const sum = `${id}, sum`;
  lines.push(box(sum, output.kind === "concat" ? "&" : "+", "sum"), edge(id, sum));
  outer.forEach((shortcut, index) => {
    if (shortcut.via === "") {
      lines.push(edge(before, sum, true));
      return;
    }
    const branch = `${id}, shortcut ${index + 1}`;
    const precisions = unit.layers.filter(({ name }) => shortcut.layers.includes(name)).map(layerClass);
    const type = precisions.includes("float") ? "float" : precisions.includes("binary") ? "binary" : "plain";
    lines.push(box(branch, wrap(shortcut.via, LABEL_WIDTH / 2, 4).join("\n"), type));
    lines.push(edge(before, branch, true), edge(branch, sum, true));
  });
  return sum;
}

function cluster(name: string, index: number, inner: readonly string[]): string {
  return [
    `subgraph cluster_${index} {`,
    `label=${quoted(name)}; labeljust="l"; style="rounded"; color="#999999"; fontname="Helvetica"; fontsize=11;`,
    ...inner,
    "}",
  ].join("\n");
}

/** Boxes stand in their part's frame, edges between frames outside of them. */
function blockBoxes({ parts }: Description, times: Times | undefined): readonly string[] {
  const all: string[] = [box("input", "input", "port")];
  const edges: string[] = [];
  let before = "input";
  parts.forEach((part, index) => {
    const lines: string[] = [];
    for (const unit of part.units) before = unitBoxes(unit, before, times, lines);
    const isEdge = (line: string) => /^"(?:[^"\\]|\\.)*" -> /.test(line);
    edges.push(...lines.filter(isEdge));
    all.push(
      cluster(
        part.label,
        index,
        lines.filter((line) => !isEdge(line)),
      ),
    );
  });
  return [...all, box("output", "output", "port"), ...edges, edge(before, "output")];
}

/**
 * Pairs of layer and value that are shortcuts: what an adding layer reads past the others, and the first layer of a
 * branch.
 */
export function shortcutEdges({ shortcuts }: UnitDescription): ReadonlySet<string> {
  return new Set(
    shortcuts.flatMap(({ reads, layers, addedAt }) =>
      layers.length === 0 ? [`${addedAt} ${reads}`] : [`${layers[0]} ${reads}`, `${addedAt} ${layers.at(-1)}`],
    ),
  );
}

/** An id that no layer has: their names may be any, `output` too. */
function freeId(wanted: string, { parts }: Description): string {
  const taken = new Set(parts.flatMap(({ units }) => units.flatMap(({ layers }) => layers.map(({ name }) => name))));
  let id = wanted;
  while (taken.has(id)) id += " ";
  return id;
}

function layerBoxes(description: Description, times: Times | undefined): readonly string[] {
  const { parts } = description;
  const input = parts[0]?.units[0]?.reads ?? "input";
  const output = freeId("output", description);
  const all: string[] = [box(input, "input", "port")];
  const edges: string[] = [];
  let index = 0;
  let last = input;
  for (const part of parts) {
    const frames = part.units.map((unit) => {
      const shortcut = shortcutEdges(unit);
      const boxes = unit.layers.map((layer) => {
        if (!layer.unused) last = layer.name;
        for (const read of layer.reads) edges.push(edge(read, layer.name, shortcut.has(`${layer.name} ${read}`)));
        const type = layerClass(layer);
        const time = timeLine(times?.layers.get(layer.name));
        return box(layer.name, type === "sum" ? layerLabel(layer) : [layerLabel(layer), ...time].join("\n"), type);
      });
      return cluster(`${unit.label}: ${unit.block?.class ?? ""} ${shapeText(unit)}`, index++, boxes);
    });
    all.push(...(part.units.length === 1 ? frames : [cluster(part.label, index++, frames)]));
  }
  return [...all, box(output, "output", "port"), ...edges, edge(last, output)];
}

/**
 * A network as a DOT graph. Boxes have the classes `binary`, `float`, `plain` and `sum`, edges of shortcuts `shortcut`.
 * @throws XnorkitError `unsupported` for more boxes than can be laid out; a coarser grain has fewer.
 */
export function toDot(description: Description, options: DotOptions = {}): string {
  resultArgument("toDot", "description", "describe", ["parts", "inputShape"], description);
  const { grain = "block", times } = optionsArgument("toDot", ["grain", "times"], options);
  choiceArgument("toDot", "the option grain", ["stage", "block", "layer"], grain);
  const layers = description.parts.reduce(
    (sum, { units }) => sum + units.reduce((count, unit) => count + (grain === "layer" ? unit.layers.length : 1), 0),
    0,
  );
  if (grain !== "stage" && layers > MAX_BOXES) {
    throw new XnorkitError(
      "unsupported",
      `${description.name} has ${layers} boxes at grain ${grain}, more than the ${MAX_BOXES} that can be laid out: ` +
        "use grain stage or block",
    );
  }
  const draw = { stage: stageBoxes, block: blockBoxes, layer: layerBoxes }[grain];
  return [`digraph ${quoted(description.name)} {`, ...GRAPH_HEAD, ...draw(description, times), "}", ""].join("\n");
}
