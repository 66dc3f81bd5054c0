/** `--preprocess`, `--mean` and `--std`: how pixels become what a network reads, for networks that do not say it. */
import type { Ports } from "../classify/port_layout.js";
import { fittingPreset, fittingPresets, preprocessProblem, questionScale } from "../classify/preprocess.js";
import type { Preprocess } from "../graph/types.js";
import { badUsage, readNumbers } from "./options.js";

export interface PreprocessChoice {
  readonly preprocess?: string;
  readonly mean?: string;
  readonly std?: string;
}

/** What was chosen, and the question whether it is meant. */
export interface ChosenPreprocess {
  readonly preprocess: Preprocess | null;
  readonly notes: readonly string[];
}

function readPreset(graph: Ports, name: string): Preprocess {
  const known = fittingPreset(graph, name);
  if (known !== null) return known;
  throw badUsage(`--preprocess is "${name}", expected one that fits ${graph.name}: ${fittingPresets(graph)}`);
}

/** What --preprocess names, or --mean and --std state, the absent one of both being 0 or 1; null without all three. */
export function readPreprocess(graph: Ports, { preprocess: preset, mean, std }: PreprocessChoice): ChosenPreprocess {
  if (preset !== undefined && (mean ?? std) !== undefined) {
    throw badUsage("--preprocess and --mean or --std exclude each other");
  }
  if (preset !== undefined) return { preprocess: readPreset(graph, preset), notes: [] };
  if (mean === undefined && std === undefined) return { preprocess: null, notes: [] };
  const preprocess = { mean: readNumbers("--mean", mean) ?? [0], std: readNumbers("--std", std) ?? [1] };
  const problem = preprocessProblem(graph, preprocess, "--");
  if (problem !== null) throw badUsage(problem);
  const question = questionScale(preprocess, "--");
  return { preprocess, notes: question === null ? [] : [question] };
}

/** @throws XnorkitError `bad-usage`, with the presets that fit, if pictures are given to a network that states none. */
export function requirePreprocess(graph: Ports): void {
  if (graph.preprocess !== undefined) return;
  throw badUsage(
    `${graph.name} does not say how pixels become its input: name it by --preprocess ${fittingPresets(graph)} ` +
      "(or by --mean and --std)",
  );
}
