/**
 * A description as text for a terminal: its parts, or the module tree with the shortcuts that printing it does not
 * show.
 */
import { choiceArgument, numberArgument, resultArgument } from "../arguments.js";
import { summarize } from "../graph/cost.js";
import type { Graph } from "../graph/types.js";
import { formatShape } from "../tensor.js";
import type { Description, PartDescription, ShortcutDescription } from "./describe.js";
import type { ReceptiveField } from "./receptive_field.js";
import { bytes, cut, cutPath, grouped, millions, table } from "./text.js";

function fieldText(field: ReceptiveField | null): string {
  return field === null ? "all" : field.join("x");
}

function countOrBlank(count: number, format: (count: number) => string): string {
  return count === 0 ? "" : format(count);
}

/** `4 BasicBlockE1`; blocks of several classes one after the other. */
function blocksText({ units }: PartDescription): string {
  const classes = new Map<string, string>();
  for (const { block } of units) if (block !== null) classes.set(block.path, block.class);
  const counts = new Map<string, number>();
  for (const name of classes.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}

function distinctUnits({ units }: PartDescription): readonly string[] {
  const counts = new Map<string, number>();
  for (const { expression } of units) counts.set(expression, (counts.get(expression) ?? 0) + 1);
  return [...counts].map(([expression, count]) => (count > 1 ? `${count} x  ${expression}` : expression));
}

function stageLines({ parts, totals }: Description, width: number): readonly string[] {
  const rows = parts.map((part) => [
    part.label,
    formatShape(part.outputShape.slice(1)),
    fieldText(part.receptiveField),
    grouped(part.parameters),
    countOrBlank(part.binaryMacs, millions),
    countOrBlank(part.floatMacs + part.denseMacs, millions),
    bytes(part.packedBytes),
    blocksText(part),
  ]);
  const all = [
    "all",
    "",
    "",
    grouped(totals.parameters),
    millions(totals.binaryMacs),
    millions(totals.floatMacs + totals.denseMacs),
    bytes(totals.packedBytes),
    "",
  ];
  const right = (head: string) => ({ head, align: "right" as const });
  const columns = [
    { head: "part" },
    { head: "output" },
    right("field"),
    right("parameters"),
    right("binary MACs"),
    right("float MACs"),
    right("size"),
    { head: "blocks" },
  ];
  const orders = parts.flatMap((part) =>
    distinctUnits(part).map((text, index) => `${(index === 0 ? part.label : "").padEnd(8)}  ${text}`),
  );
  return [...table(columns, [...rows, all]), "", "x is what a unit reads", ...orders].map((line) => cut(line, width));
}

function shortcutText({ reads, via, addedAfter, how, addedAt }: ShortcutDescription, width: number): string {
  const read = cutPath(reads, Math.floor(width / 3));
  const what = via === "" ? read : `${read} through ${via}`;
  return how === "add"
    ? `+ ${what}, added after ${addedAfter} at ${cutPath(addedAt, Math.floor(width / 3))}`
    : `& ${what}, joined with ${addedAfter} at ${cutPath(addedAt, Math.floor(width / 3))}`;
}

/** Each class that an option chose, once. */
function chosenLines({ chosen }: Description): readonly string[] {
  const lines = chosen.flatMap(({ class: name, chosenBy }) =>
    chosenBy === null
      ? []
      : [`${name}: ${chosenBy.factory} chose it, ${chosenBy.option} ${JSON.stringify(chosenBy.value)}`],
  );
  return lines.length === 0 ? [] : ["", ...new Set(lines)];
}

interface TreeRow {
  readonly depth: number;
  readonly cells: readonly string[];
  /** Lines beneath it. */
  readonly shortcuts: readonly ShortcutDescription[];
}

function moduleRows(graph: Graph, { parts, inputShape }: Description, isWhole: boolean): readonly TreeRow[] {
  const units = parts.flatMap((part) => part.units);
  const blocks = new Set(units.flatMap(({ block }) => (block === null ? [] : [block.path])));
  const shortcuts = new Map<string, ShortcutDescription[]>();
  const modules = new Map(graph.nodes.map(({ name, module }) => [name, module]));
  for (const unit of units) {
    for (const shortcut of unit.shortcuts) {
      const place = isWhole ? modules.get(shortcut.addedAt)! : (unit.block?.path ?? unit.module);
      shortcuts.set(place, [...(shortcuts.get(place) ?? []), shortcut]);
    }
  }
  const layers = new Map(units.flatMap((unit) => unit.layers.map((layer) => [layer.name, layer] as const)));
  const isWithin = (path: string) => {
    for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) {
      if (blocks.has(path.slice(0, end))) return true;
    }
    return false;
  };
  const outputs = new Map(graph.modules.map(({ path, output }) => [path, output]));
  const parents = new Set(graph.modules.map(({ path }) => path.slice(0, Math.max(path.lastIndexOf("."), 0))));
  return summarize(graph, inputShape)
    .layers.filter(({ path }) => isWhole || !isWithin(path))
    .map(({ path, type, depth, outputShape, parameters, binaryMacs, floatMacs, denseMacs, packedBytes }) => {
      const own = path.slice(path.lastIndexOf(".") + 1);
      const layer = layers.get(outputs.get(path) ?? "");
      const isLeaf = layer?.module === path && !parents.has(path);
      const word = isLeaf && layer.notation !== type ? `  ${layer.notation}` : "";
      return {
        depth,
        cells: [
          `${"  ".repeat(Math.max(depth - 1, 0))}${own === "" ? "" : `${own} `}${type}${word}`,
          formatShape(outputShape.slice(1)),
          fieldText(layer?.receptiveField ?? null),
          countOrBlank(parameters, grouped),
          countOrBlank(binaryMacs, millions),
          countOrBlank(floatMacs + denseMacs, millions),
          countOrBlank(packedBytes, bytes),
        ],
        shortcuts: shortcuts.get(path) ?? [],
      };
    });
}

function treeLines(graph: Graph, description: Description, isWhole: boolean, width: number): readonly string[] {
  const rows = moduleRows(graph, description, isWhole);
  const heads = ["module", "output", "field", "parameters", "binary", "float", "size"];
  const right = (head: string, index: number) => ({ head, align: index > 1 ? ("right" as const) : ("left" as const) });
  const others = table(
    heads.slice(1).map((head, index) => right(head, index + 1)),
    rows.map(({ cells }) => cells.slice(1)),
  );
  const room = Math.max(width - Math.max(...others.map((line) => line.length)) - 2, 16);
  const longest = Math.min(room, Math.max(...rows.map(({ cells }) => cells[0].length)));
  const lines = [`${heads[0].padEnd(longest)}  ${others[0]}`];
  rows.forEach(({ cells, depth, shortcuts }, index) => {
    lines.push(`${cut(cells[0], longest).padEnd(longest)}  ${others[index + 1]}`.trimEnd());
    const indent = "  ".repeat(depth);
    for (const shortcut of shortcuts)
      lines.push(cut(`${indent}${shortcutText(shortcut, width - indent.length)}`, width));
  });
  return [...lines, ...chosenLines(description)];
}

/**
 * A network as lines of at most `width` columns. `stage`: its parts and the order of layers in their units; `block`:
 * the module tree down to the blocks of the framework; `layer`: all of it. Shortcuts stand below the module that adds
 * them.
 */
export function descriptionText(
  graph: Graph,
  description: Description,
  grain: "stage" | "block" | "layer",
  width = 100,
): readonly string[] {
  resultArgument("descriptionText", "graph", "getModel or an importer", ["nodes"], graph);
  resultArgument("descriptionText", "description", "describe", ["parts", "inputShape"], description);
  choiceArgument("descriptionText", "grain", ["stage", "block", "layer"], grain);
  numberArgument("descriptionText", "width", width);
  const head = `${description.name}: ${description.class}, input ${formatShape(description.inputShape)}`;
  const lines =
    grain === "stage" ? stageLines(description, width) : treeLines(graph, description, grain === "layer", width);
  return [cut(head, width), "", ...lines];
}
