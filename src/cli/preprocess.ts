/** `--preprocess`, `--mean` and `--std`: how pixels become what a network reads, for networks that do not say it. */
import type { Preprocess } from "../graph/types.js";
import { PRESETS, presetsFor } from "../image/presets.js";
import { badUsage, readNumbers } from "./options.js";
import { type Ports, planarShape } from "./port_layout.js";

export interface PreprocessChoice {
  readonly preprocess?: string;
  readonly mean?: string;
  readonly std?: string;
}

/** The presets that fit a network, as messages list them. */
function fittingPresets(graph: Ports): string {
  return presetsFor(planarShape(graph)[1]).join(", ");
}

function readPreset(graph: Ports, name: string): Preprocess {
  const known = presetsFor(planarShape(graph)[1]).find((preset) => preset === name);
  if (known !== undefined) return PRESETS[known];
  throw badUsage(`--preprocess is "${name}", expected one that fits ${graph.name}: ${fittingPresets(graph)}`);
}

/** What --preprocess names, or --mean and --std state, the absent one of both being 0 or 1; null without all three. */
export function readPreprocess(graph: Ports, { preprocess: preset, mean, std }: PreprocessChoice): Preprocess | null {
  if (preset !== undefined && (mean ?? std) !== undefined) {
    throw badUsage("--preprocess and --mean or --std exclude each other");
  }
  if (preset !== undefined) return readPreset(graph, preset);
  if (mean === undefined && std === undefined) return null;
  const preprocess = { mean: readNumbers("--mean", mean) ?? [0], std: readNumbers("--std", std) ?? [1] };
  const [, channels] = planarShape(graph);
  for (const [option, values] of Object.entries(preprocess)) {
    if (values.length === 1 || values.length === channels) continue;
    throw badUsage(
      `--${option} has ${values.length} numbers, expected 1 or ${channels}, one for each channel of ${graph.name}`,
    );
  }
  if (preprocess.std.some((value) => value <= 0)) throw badUsage(`--std is "${std}", expected numbers above 0`);
  const isFinite32 = (value: number) => Number.isFinite(Math.fround(value));
  if (![...preprocess.mean, ...preprocess.std.map((value) => 1 / value)].every(isFinite32)) {
    throw badUsage(`--mean ${mean ?? 0} and --std ${std ?? 1} make numbers that float32 cannot hold`);
  }
  return preprocess;
}

/** @throws XnorkitError `bad-usage`, with the presets that fit, if pictures are given to a network that states none. */
export function requirePreprocess(graph: Ports): void {
  if (graph.preprocess !== undefined) return;
  throw badUsage(
    `${graph.name} does not say how pixels become its input: name it by --preprocess ${fittingPresets(graph)} ` +
      "(or by --mean and --std)",
  );
}
