/** How pixels become what a network reads, for networks that do not say it, and numbers that look like a mistake. */
import { describeArgument, objectArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Preprocess } from "../graph/types.js";
import { PRESETS, type PresetName, presetsFor } from "../image/presets.js";
import { type Ports, planarShape } from "./port_layout.js";

/** The presets that fit a network, as messages list them. */
export function fittingPresets(graph: Ports): string {
  return presetsFor(planarShape(graph)[1]).join(", ");
}

/** The preset of this name if it fits the network, else null. */
export function fittingPreset(graph: Ports, name: string): Preprocess | null {
  const known = presetsFor(planarShape(graph)[1]).find((preset) => preset === name);
  return known === undefined ? null : PRESETS[known];
}

/**
 * What is wrong with numbers for a network, as a clause with them in it; null if nothing is.
 * @param sign What stands before the names of both, on the command line.
 */
export function preprocessProblem(graph: Ports, { mean, std }: Preprocess, sign = ""): string | null {
  const [, channels] = planarShape(graph);
  for (const [field, values] of Object.entries({ mean, std })) {
    if (values.length === 1 || values.length === channels) continue;
    const expected = `1 or ${channels}, one for each channel of ${graph.name}`;
    return `${sign}${field} has ${values.length} numbers, expected ${expected}`;
  }
  if (std.some((value) => !(value > 0))) return `${sign}std is ${std.join(",")}, expected numbers above 0`;
  const isFinite32 = (value: number) => Number.isFinite(Math.fround(value));
  if ([...mean, ...std.map((value) => 1 / value)].every(isFinite32)) return null;
  return `${sign}mean ${mean.join(",")} and ${sign}std ${std.join(",")} make numbers that float32 cannot hold`;
}

/** Times 255, without the last digits that this adds to decimals. */
const scaled = (values: readonly number[]) => values.map((value) => Number((255 * value).toPrecision(7)));

/**
 * The question whether numbers are meant for pixels of 0..1, with what they are for those of 0..255; null for numbers
 * that nobody would state for 0..1. Data sets of frameworks state theirs so: 0.485,0.456,0.406 by 0.229,0.224,0.225.
 */
export function questionScale({ mean, std }: Preprocess, sign = ""): string | null {
  const isUnit = [...mean, ...std].every((value) => Math.abs(value) <= 1);
  const isIdentity = mean.every((value) => value === 0) && std.every((value) => value === 1);
  if (!isUnit || isIdentity) return null;
  return (
    `${sign}mean ${mean.join(",")} and ${sign}std ${std.join(",")} look as if pixels were 0 to 1, but they are 0 to ` +
    `255: meant may be ${sign}mean ${scaled(mean).join(",")} and ${sign}std ${scaled(std).join(",")}`
  );
}

const EXPECTED = "the name of a preset, or { mean, std } with lists of numbers";

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number" && Number.isFinite(item));
}

/**
 * The preprocessing that a caller names, or the graph's own.
 * @throws XnorkitError `bad-option` if there is none, with the presets that fit; if a preset does not exist or fit; or
 *   if numbers are meant for pixels of 0..1.
 */
export function choosePreprocess(callee: string, graph: Ports, choice?: PresetName | Preprocess): Preprocess {
  if (choice === undefined) {
    if (graph.preprocess !== undefined) return graph.preprocess;
    throw new XnorkitError(
      "bad-option",
      `${graph.name} does not say how pixels become its input: name it by the option preprocess, one of ` +
        `${fittingPresets(graph)}, or { mean, std } on pixels of 0 to 255`,
    );
  }
  if (typeof choice === "string") {
    const preset = fittingPreset(graph, choice);
    if (preset !== null) return preset;
    throw new XnorkitError(
      "bad-option",
      `preprocess of ${callee} is ${describeArgument(choice)}, expected one that fits ${graph.name}: ` +
        fittingPresets(graph),
    );
  }
  const { mean, std } = objectArgument(callee, "preprocess", EXPECTED, choice);
  if (!isNumbers(mean) || !isNumbers(std)) refuseArgument(callee, "preprocess", EXPECTED, choice);
  const problem = preprocessProblem(graph, { mean, std });
  if (problem !== null) throw new XnorkitError("bad-option", `preprocess of ${callee}: ${problem}`);
  const question = questionScale({ mean, std });
  if (question === null) return { mean, std };
  throw new XnorkitError(
    "bad-option",
    `preprocess of ${callee}: ${question}; if it is as you mean it, state it in the graph's own preprocess`,
  );
}
