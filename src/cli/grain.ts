/** How far commands unfold a network, and how wide they print. */
import type { Grain } from "../explain/comparison_text.js";
import { badUsage } from "./options.js";
import type { Io } from "./output.js";

/** The grains, coarse to fine. */
export const GRAINS: readonly Grain[] = ["stage", "block", "layer"];

/** @throws XnorkitError `bad-usage` for a grain that does not exist. */
export function readGrain(value: string | undefined): Grain | undefined {
  if (value === undefined) return undefined;
  const grain = GRAINS.find((known) => known === value);
  if (grain === undefined) throw badUsage(`--grain is "${value}", expected ${GRAINS.join(", ")}`);
  return grain;
}

const WIDTH = 100;
const NARROWEST = 60;

/** Columns to fill: the terminal's, or 100 in a file or a pipe. */
export function columnsOf({ stdout }: Io): number {
  const { columns } = stdout;
  return columns === undefined ? WIDTH : Math.max(columns, NARROWEST);
}
