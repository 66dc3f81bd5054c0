/** `xnorkit run`: a tensor file in, a tensor file out. */
import { MAX_MESSAGE } from "../errors.js";
import { rawFloat32 } from "../formats/dtypes.js";
import { type RawTensor, writeSafetensors } from "../formats/safetensors.js";
import { printable } from "../printable.js";
import type { StepProfile } from "../runtime/session.js";
import { formatShape, type Tensor } from "../tensor.js";
import { atPath } from "./files.js";
import { readInput } from "./input_tensor.js";
import { MODEL_HELP, openModel } from "./load_model.js";
import {
  badUsage,
  checkPositionals,
  modelOptions,
  parseCommand,
  readNames,
  readThreads,
  requireOption,
} from "./options.js";
import { type Io, printJson, printLine, printNotes, printTable } from "./output.js";
import { openProgram } from "./program_file.js";
import { openRunner, type Runner } from "./runner.js";
import { writeFileWhole } from "./write_file.js";

export const usage = `usage: xnorkit run --model M [--weights F] --input X.safetensors --output Y.safetensors [options]

Runs a network on the tensor "input" of X (NCHW; F32, F16, BF16 or F64 goes in as it is, U8 is pixels 0..255) and writes
the tensor "output" and, for every tap, "tap:<name>" to Y, in F32.

  -m, --model M            the network, or a program that compile wrote
  -w, --weights F          its parameters: safetensors or a packed model
      --random-weights N   random parameters from seed N instead, for benchmarks
  -i, --input X            safetensors file with the tensor "input"
  -o, --output Y           safetensors file to write
      --taps a,b           modules or layers whose output is written too (features.3.0.body.0)
      --profile            also the time of each step, the median of 20 runs, and why a layer runs in float
      --reference          compute with the slow f64 reference interpreter instead of the kernels, to compare both
      --threads N          compute in N threads, or auto: as many as the machine runs at once (1)
      --preprocess P       preprocessing of U8 input; or --mean, --std
      --input-shape S      input of a network that states none, like 1,3,224,224; by default that of X
      --json               print { "output", "shape", "taps", "ms" } as JSON; with --profile also "profile", a list of
                           { "name", "kind", "milliseconds", "binaryMacs", "floatMacs", "float", "bytes",
                           "gmacPerSecond" }

${MODEL_HELP}`;

export const options = {
  ...modelOptions,
  "random-weights": { type: "string" },
  input: { type: "string", short: "i" },
  output: { type: "string", short: "o" },
  taps: { type: "string" },
  profile: { type: "boolean" },
  reference: { type: "boolean" },
  threads: { type: "string" },
} as const;

function toRaw({ shape, data }: Tensor): RawTensor {
  return rawFloat32(shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

function printProfile(io: Io, profile: readonly StepProfile[]): void {
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  printLine(io, "");
  printTable(
    io,
    [
      { head: "step" },
      { head: "kind" },
      ...["ms", "%", "M MACs", "GMAC/s", "kB"].map((head) => ({ head, align: "right" as const })),
    ],
    profile.map(({ name, kind, milliseconds, binaryMacs, floatMacs, bytes, gmacPerSecond }) => [
      name,
      kind,
      milliseconds.toFixed(3),
      ((100 * milliseconds) / (total || 1)).toFixed(1),
      ((binaryMacs + floatMacs) / 1e6).toFixed(1),
      gmacPerSecond.toFixed(1),
      (bytes / 1000).toFixed(0),
    ]),
  );
  for (const { name, float } of profile) {
    if (float !== null) printLine(io, printable(`${name} runs in float: ${float}`, MAX_MESSAGE));
  }
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "", 0, 0);
  requireOption("--model", values.model);
  const inputPath = requireOption("--input", values.input);
  const outputPath = requireOption("--output", values.output);
  const taps = readNames("--taps", values.taps);
  const threads = readThreads(values.threads);
  if (values.profile && values.reference) throw badUsage("--profile and --reference exclude each other");

  let read: Promise<Tensor> | undefined;
  const inputOf = () => {
    read ??= readInput(inputPath);
    return read;
  };
  const openNetwork = async () => {
    const { notes, ...model } = await openModel({ ...values, likelyShape: async () => (await inputOf()).shape });
    printNotes(io, notes);
    return openRunner(model, { reference: values.reference, taps, threads });
  };
  const runner: Runner = (await openProgram(values, threads)) ?? (await openNetwork());
  const input = await inputOf();
  const measured = atPath(inputPath, () => {
    const start = performance.now();
    const output = runner.run(input);
    const ms = performance.now() - start;
    const profile = values.profile ? runner.profile?.() : undefined;
    const tapped = taps.map((name): readonly [string, Tensor] => [name, runner.tap(name)]);
    return { output, ms, profile, tapped };
  });
  const { output, ms, profile, tapped } = await measured.finally(() => runner.dispose());
  const tensors = new Map([["output", toRaw(output)]]);
  for (const [name, tap] of tapped) tensors.set(`tap:${name}`, toRaw(tap));
  await writeFileWhole(outputPath, (write) => write(writeSafetensors(tensors)));

  if (values.json) {
    const shapes = Object.fromEntries(tapped.map(([name, { shape }]) => [name, shape]));
    printJson(io, { output: outputPath, shape: output.shape, taps: shapes, ms, ...(profile && { profile }) });
    return;
  }
  const more = tapped.length === 0 ? "" : ` and ${tapped.length} taps`;
  printLine(io, `${outputPath}: output ${formatShape(output.shape)}${more}, ${ms.toFixed(1)} ms`);
  if (profile !== undefined) printProfile(io, profile);
}
