/** The parts of two networks in a table: maps, operations, and times as bars. */
import type { AlignedPart, Comparison } from "./compare.js";
import type { Description, PartDescription } from "./describe.js";
import { millions, table } from "./text.js";

/** Milliseconds of each part of both networks, by label. */
export interface PartTimes {
  readonly a: ReadonlyMap<string, number>;
  readonly b: ReadonlyMap<string, number>;
}

interface Column {
  readonly head: string;
  readonly align?: "right";
  readonly part: (part: PartDescription, time: number | undefined) => string;
  readonly total: (network: Description) => string;
}

/** More stages than these are left out, all but the last. */
const MAX_PARTS = 9;
const BAR = 8;

function columnsOf(longest: number | null): readonly Column[] {
  const macs: readonly Column[] = [
    {
      head: "binary",
      align: "right",
      part: ({ binaryMacs }) => millions(binaryMacs),
      total: ({ totals }) => millions(totals.binaryMacs),
    },
    {
      head: "float",
      align: "right",
      part: ({ floatMacs, denseMacs }) => millions(floatMacs + denseMacs),
      total: ({ totals }) => millions(totals.floatMacs + totals.denseMacs),
    },
  ];
  if (longest === null) {
    return [
      { head: "output", part: ({ outputShape }) => outputShape.slice(1).join("x"), total: () => "" },
      {
        head: "units",
        align: "right",
        part: ({ role, units }) => (role === "stage" ? String(units.length) : ""),
        total: () => "",
      },
      ...macs,
    ];
  }
  return [
    ...macs,
    { head: "ms", align: "right", part: (_, time) => time?.toFixed(2) ?? "", total: () => "" },
    {
      head: "",
      part: (_, time) => (time === undefined ? "" : "#".repeat(Math.max(1, Math.round((BAR * time) / longest)))),
      total: () => "",
    },
  ];
}

/** The parts as lines, a row a part and one for the whole; with times bars in place of shapes. */
export function partTable({ parts, a, b }: Comparison, times?: PartTimes): readonly string[] {
  const timeOf = (side: "a" | "b", part: AlignedPart) => times?.[side].get(part[side]?.label ?? "");
  const all = parts.flatMap((part) => [timeOf("a", part) ?? 0, timeOf("b", part) ?? 0]);
  const columns = columnsOf(times === undefined ? null : Math.max(...all, Number.MIN_VALUE));
  const shown = parts.length <= MAX_PARTS ? parts : [...parts.slice(0, MAX_PARTS - 1), parts[parts.length - 1]];
  const cells = (side: "a" | "b", row: AlignedPart) => {
    const part = row[side];
    return columns.map((column) => (part === null ? "-" : column.part(part, timeOf(side, row))));
  };
  const lines = table(
    [{ head: "MACs of a | of b" }, ...columns, { head: "|" }, ...columns],
    [
      ...shown.map((row) => [row.a?.label ?? row.b?.label ?? "", ...cells("a", row), "|", ...cells("b", row)]),
      ["all", ...columns.map(({ total }) => total(a)), "|", ...columns.map(({ total }) => total(b))],
    ],
  );
  const hidden = parts.length - shown.length;
  return hidden === 0 ? lines : [...lines, `(${hidden} stages are not shown)`];
}
