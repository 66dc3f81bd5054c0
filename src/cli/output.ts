/** What commands print: results on stdout, progress and remarks on stderr. */
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { MAX_MESSAGE } from "../errors.js";
import { escapeText, printable } from "../printable.js";

/** Where a command prints; tests hand in streams of their own. */
export interface Io {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** A line of text, made fit to print: it may hold names from files. */
export function printLine(io: Io, text: string): void {
  io.stdout.write(`${escapeText(text)}\n`);
}

/** What JSON leaves as it is and terminals or readers of lines do not. */
const UNPRINTED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The only thing that `--json` lets a command write to stdout. */
export function printJson(io: Io, value: unknown): void {
  const text = JSON.stringify(value, null, 2).replace(
    UNPRINTED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  io.stdout.write(`${text}\n`);
}

/** A remark beside the result, on stderr so that it never mixes with what is piped on. */
export function printNote(io: Io, text: string): void {
  io.stderr.write(`note: ${printable(text, MAX_MESSAGE)}\n`);
}

export function printNotes(io: Io, notes: readonly string[]): void {
  for (const note of notes) printNote(io, note);
}

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

const NO_BORDERS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Longest text of a cell; names of layers and classes are shorter. */
const MAX_CELL = 120;

/** A text column is not cut below this many characters; numbers are never cut. */
const NARROWEST_CELL = 8;
const GAP = NO_BORDERS.middle.length;

/**
 * The widths of a table's columns on a terminal of `width` characters: the widest texts give way first, numbers and
 * heads keep all of theirs. Null if nothing need be cut.
 */
function fittedWidths(width: number, columns: readonly Column[], rows: readonly (readonly string[])[]) {
  const widths = columns.map(({ head }, i) => rows.reduce((most, row) => Math.max(most, row[i].length), head.length));
  const least = columns.map(({ head, align }, i) =>
    align === "right" ? widths[i] : Math.min(widths[i], Math.max(NARROWEST_CELL, head.length)),
  );
  let surplus = widths.reduce((sum, each) => sum + each, GAP * (columns.length - 1)) - width;
  if (surplus <= 0) return null;
  for (; surplus > 0; surplus--) {
    const widest = widths.reduce(
      (best, each, i) => (each > least[i] && (best < 0 || each > widths[best]) ? i : best),
      -1,
    );
    if (widest < 0) break;
    widths[widest]--;
  }
  return widths;
}

/**
 * Columns aligned by blanks alone: readable, and easy to cut apart by other programs. On a terminal texts are cut so
 * that a row is a line; in a file or a pipe they are whole.
 */
export function printTable(io: Io, columns: readonly Column[], cells: readonly (readonly string[])[]): void {
  const rows = cells.map((row) => row.map((cell) => printable(cell, MAX_CELL)));
  const widths = io.stdout.isTTY === true && io.stdout.columns ? fittedWidths(io.stdout.columns, columns, rows) : null;
  const table = new Table({
    ...(widths !== null && { colWidths: widths, truncate: "..." }),
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align ?? "left"),
    chars: NO_BORDERS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  for (const line of table.toString().split("\n")) printLine(io, line.trimEnd());
}

/** 11,689,512 */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Three significant digits with a unit: 1.81 G, 58.2 M, 640. */
export function formatLarge(count: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e12, " T"],
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ];
  const unit = units.find(([size]) => count >= size);
  return unit === undefined ? formatCount(count) : `${(count / unit[0]).toPrecision(3)}${unit[1]}`;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A progress bar on stderr where that is a terminal or `wanted`; elsewhere nothing. */
export function progressBar(io: Io, total: number, unit: string, wanted: boolean): Progress {
  const isTerminal = io.stderr.isTTY === true;
  if (!isTerminal && !wanted) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    stream: io.stderr,
    format: `{bar} {percentage}% {value}/{total} ${unit}, {eta_formatted} left`,
    noTTYOutput: !isTerminal,
    clearOnComplete: isTerminal,
    // What the terminal is like stays as it is, so that an interrupt needs no repair; the bar's own handler swallows
    // one.
    hideCursor: null,
    linewrap: null,
    gracefulExit: false,
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
