/**
 * A comparison as text for a terminal: the questions in two columns, the costs of the parts, the differences folded
 * together.
 */
import { optionsArgument, resultArgument } from "../arguments.js";
import { formatShape, type Shape } from "../tensor.js";
import type { Comparison } from "./compare.js";
import type { Counts } from "./counts.js";
import type { LayerDescription } from "./describe.js";
import type { Difference } from "./differences.js";
import { type PartTimes, partTable } from "./part_table.js";
import { besides, bytes, cut, cutPath, grouped, millions, wrap } from "./text.js";

/** How far a text unfolds a network: its parts, its blocks, or all layers. */
export type Grain = "stage" | "block" | "layer";

/** What a comparison is printed with. */
export interface ComparisonTextOptions {
  /** What was compared, as the user named it, options included. */
  readonly a: string;
  readonly b: string;
  /** How far the networks are unfolded; default "stage". */
  readonly grain?: Grain;
  /** Columns; default 100. */
  readonly width?: number;
  /** Milliseconds of each part of both, by label. */
  readonly times?: PartTimes;
}

/** At stage grain. */
const MAX_LINES = 60;
const QUESTION = 23;

function headLines({ a, b }: Comparison, names: ComparisonTextOptions, width: number): readonly string[] {
  const line = (side: string, name: string, type: string, shape: Shape) =>
    cut(`${side}  ${name}: ${type}, input ${formatShape(shape)}`, width);
  return [line("a", names.a, a.class, a.inputShape), line("b", names.b, b.class, b.inputShape)];
}

/** Cells of at most `most` lines each. */
function questionLines({ questions }: Comparison, width: number, most: number): readonly string[] {
  const cell = Math.floor((width - QUESTION - 4) / 2);
  const widths = [QUESTION, cell, cell];
  return questions.flatMap(({ question, a, b, isSame }) =>
    besides([[question], wrap(a.text, cell, most), isSame ? ["the same"] : wrap(b.text, cell, most)], widths),
  );
}

const COUNTS: readonly (readonly [string, (counts: Counts) => string])[] = [
  ["float MACs: stem", ({ stemMacs }) => millions(stemMacs)],
  ["float MACs: downsample", ({ floatShortcutMacs }) => millions(floatShortcutMacs)],
  ["float MACs: elsewhere", ({ otherFloatMacs }) => millions(otherFloatMacs)],
  ["dense MACs", ({ denseMacs }) => millions(denseMacs)],
  [
    "binary MACs",
    ({ binaryMacs, binaryShortcutMacs }) =>
      `${millions(binaryMacs)}${binaryShortcutMacs > 0 ? ` (${millions(binaryShortcutMacs)} downsample)` : ""}`,
  ],
  ["binary weights", ({ binaryWeights }) => grouped(binaryWeights)],
  ["float weights", ({ floatWeights }) => grouped(floatWeights)],
  ["batch norm channels", ({ batchNormChannels }) => grouped(batchNormChannels)],
  [
    "convolutions",
    ({ binaryConvolutions, floatConvolutions }) => `${binaryConvolutions} binary, ${floatConvolutions} float`,
  ],
  ["packed size", ({ packedBytes }) => bytes(packedBytes)],
];

/** Name and both values of each count that one of the networks has. */
export function countRows({ a, b }: Comparison["counts"]): readonly (readonly [string, string, string])[] {
  return COUNTS.map(([name, text]) => [name, text(a), text(b)] as const).filter(
    ([, one, other]) => one !== "0.00 M" || other !== "0.00 M",
  );
}

function countLines({ counts }: Comparison, width: number): readonly string[] {
  const cell = Math.floor((width - QUESTION - 4) / 2);
  return countRows(counts).flatMap(([name, a, b]) => besides([[name], [a], [b]], [QUESTION, cell, cell]));
}

/** Differences with the same field and values in one line: those with consequences first, then the most frequent. */
export function foldDifferences(differences: readonly Difference[]): readonly string[] {
  const groups = new Map<string, { count: number; readonly first: Difference }>();
  for (const difference of differences) {
    const key = JSON.stringify([difference.field, difference.a, difference.b]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { count: 1, first: difference });
    else group.count++;
  }
  return [...groups.values()]
    .sort((a, b) => {
      const [first, second] = [a, b].map((group) => (group.first.consequences === undefined ? 0 : 1));
      return second - first || b.count - a.count;
    })
    .map(({ count, first }) => {
      const { path, field, a, b, consequences = [] } = first;
      const place = `${count > 1 ? "first at" : "at"} ${path || "the network itself"}`;
      const value = (side: unknown) =>
        side === null ? "none" : typeof side === "string" ? side : JSON.stringify(side);
      const follow = consequences.length > 0 ? ` (${consequences.length} consequences)` : "";
      return `${count} ${field}: ${value(a)} | ${value(b)}${follow}, ${place}`;
    });
}

function layerText(layer: LayerDescription | null, width: number): string {
  if (layer === null) return "";
  const head = `${layer.notation} ${layer.outputShape.slice(1).join("x")} `;
  return head + cutPath(layer.name, Math.max(width - head.length, 8));
}

/** Units, or layers, side by side; `!` where they differ. */
function unfoldedLines({ parts, differences }: Comparison, grain: Grain, width: number): readonly string[] {
  const changed = new Set(
    differences.flatMap(({ path, pathInB }) => [path, ...(pathInB === undefined ? [] : [pathInB])]),
  );
  const cell = Math.floor((width - 4) / 2);
  const lines: string[] = [];
  for (const { a, b, units } of parts) {
    lines.push("", `${a?.label ?? b?.label}`);
    for (const unit of units) {
      const names = [unit.a, unit.b].map((side) => side?.block?.path ?? "");
      if (grain === "block" || names.some((name) => name !== "")) {
        const texts = [unit.a, unit.b].map((side, index) =>
          side === null ? ["-"] : wrap(`${names[index] === "" ? "" : `${names[index]}: `}${side.expression}`, cell),
        );
        const isSame = unit.a?.expression === unit.b?.expression;
        lines.push(...besides([[isSame ? " " : "!"], ...texts], [1, cell - 1, cell - 1]));
      }
      if (grain !== "layer") continue;
      for (const layer of unit.layers) {
        const differs = layer.a === null || layer.b === null || changed.has(layer.a.name);
        const texts = [layer.a, layer.b].map((side) => [`  ${layerText(side, cell - 3)}`]);
        lines.push(...besides([[differs ? "!" : " "], ...texts], [1, cell - 1, cell - 1]));
      }
    }
  }
  return lines;
}

function assemble(comparison: Comparison, options: ComparisonTextOptions, width: number, most: number): string[] {
  return [
    ...headLines(comparison, options, width),
    "",
    ...questionLines(comparison, width, most),
    "",
    ...countLines(comparison, width),
    "",
    ...partTable(comparison, options.times),
  ];
}

/** A comparison as lines; at stage grain at most 60 of the given width. */
export function comparisonText(comparison: Comparison, options: ComparisonTextOptions): readonly string[] {
  const { width = 100, grain = "stage" } = optionsArgument(
    "comparisonText",
    ["a", "b", "grain", "width", "times"],
    options,
  );
  const { differences } = resultArgument("comparisonText", "comparison", "compare", ["differences"], comparison);
  if (differences.length === 0) {
    return [
      ...headLines(comparison, options, width),
      "",
      "no differences",
      "",
      ...partTable(comparison, options.times),
    ];
  }
  let lines: string[] = [];
  for (let most = 4; most >= 1; most--) {
    lines = assemble(comparison, options, width, most);
    if (lines.length <= MAX_LINES - 6) break;
  }
  const folded = foldDifferences(differences);
  const shaping = differences.filter(({ consequences = [] }) => consequences.length > 0).length;
  lines.push(
    "",
    `${differences.length} differences of layers, ${shaping} with consequences, of ${folded.length} sorts:`,
  );
  const room = grain === "stage" ? Math.max(MAX_LINES - lines.length - 1, 0) : folded.length;
  const shown = folded.length <= room + 1 ? folded : folded.slice(0, room);
  lines.push(...shown.map((text) => cut(`  ${text}`, width)));
  if (shown.length < folded.length)
    lines.push(`  ... and ${folded.length - shown.length} more (--json has all, --grain layer shows where)`);
  if (grain !== "stage") lines.push(...unfoldedLines(comparison, grain, width));
  return lines.map((line) => cut(line, width));
}
