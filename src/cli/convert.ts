/** `xnorkit convert`: any network that the command line reads, written as a packed model file. */
import { stat } from "node:fs/promises";
import { isPackedModel } from "../formats/packed_layout.js";
import { loadModel, saveModel } from "../formats/packed_model.js";
import { packStream, readSafetensorsHeader } from "../formats/stream.js";
import { summarize } from "../graph/cost.js";
import type { Graph } from "../graph/types.js";
import { randomStream } from "../models/random.js";
import { elementCount, type Tensor } from "../tensor.js";
import { atPath, isFile, readBytes, withFile } from "./files.js";
import { findModel, MODEL_HELP, readModelWeights } from "./load_model.js";
import type { FoundModel } from "./model_file.js";
import { badUsage, checkPositionals, modelOptions, parseCommand } from "./options.js";
import { formatCount, type Io, printJson, printLine, printNote, printNotes, progressBar } from "./output.js";
import { openRunner } from "./runner.js";
import { type Write, writeFileWhole } from "./write_file.js";

export const usage = `usage: xnorkit convert IN OUT [--weights F] [--f16] [options]

Writes a packed model file: the graph, 1 bit a binary weight (scales and exact zeros beside the bits), float parameters
and weights of more bits as they are. Float files are read tensor by tensor, so that they may be larger than the memory.

  -w, --weights F     the parameters: safetensors or a packed model
      --f16           store float weights as float16, and print what that does to the outputs for one random input
      --preprocess P  preprocessing to store in the file; or --mean, --std
      --labels F      class names to store: a file with one a line, or names with commas between
      --name N        name of the network to store
      --progress      show progress where stderr is no terminal, too
      --json          print { "output", "bytes", "f16" } as JSON

IN is an M:
${MODEL_HELP}`;

const { model: _, ...inputOptions } = modelOptions;
export const options = {
  ...inputOptions,
  f16: { type: "boolean" },
  labels: { type: "string" },
  name: { type: "string" },
  progress: { type: "boolean" },
} as const;

/** Beyond these the float network is not run to measure f16: its float file in memory, seconds of computing. */
const MAX_MEASURED_BYTES = 512 * 2 ** 20;
const MAX_MEASURED_MACS = 50e9;

const RANDOM_INPUT_SEED = 1;

interface ConvertOptions {
  readonly f16: boolean;
  readonly progress: boolean;
}

/** The path of a float file to be streamed; null if the weights are packed already. */
async function floatFile({ weights }: FoundModel): Promise<string | null> {
  if (weights.kind !== "file") return null;
  const { metadata } = await withFile(weights.path, readSafetensorsHeader);
  return isPackedModel(metadata) ? null : weights.path;
}

/** Writes the file and gives its size in bytes. */
async function writePacked(
  io: Io,
  found: FoundModel,
  output: string,
  { f16, progress }: ConvertOptions,
): Promise<number> {
  const path = await floatFile(found);
  if (path === null) {
    const { weights, notes } = await readModelWeights(found);
    printNotes(io, notes);
    const bytes = saveModel({ graph: found.graph, weights }, { f16 });
    await writeFileWhole(output, (write) => write(bytes));
    return bytes.length;
  }
  let written = 0;
  const sink = (write: Write) => ({
    write(bytes: Uint8Array) {
      written += bytes.length;
      return write(bytes);
    },
  });
  const onNote = (note: string) => printNote(io, note);
  await withFile(path, async (source) => {
    const bar = progressBar(io, source.size, "bytes", progress);
    // Some tensors are read twice: the bar shows the share of the work as a share of the file.
    const onProgress = (read: number, total: number) => bar.update(Math.round((read / total) * source.size));
    try {
      await writeFileWhole(output, (write) =>
        packStream(found.graph, source, sink(write), { f16, onProgress, onNote }),
      );
    } finally {
      bar.stop();
    }
  });
  return written;
}

/** What storing weights as float16 did to the outputs for one random input. */
interface F16Effect {
  readonly largestDifference: number;
  readonly largestOutput: number;
}

/** About normal numbers, the same for every run. */
function randomInput(graph: Graph): Tensor {
  const shape = [1, ...graph.inputShape.slice(1)];
  const random = randomStream(RANDOM_INPUT_SEED, "input");
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => random.normal()) };
}

/** Why the network is too large to be run twice, or null. */
async function whyNotMeasured({ graph, weights }: FoundModel): Promise<string | null> {
  const bytes = weights.kind === "file" ? (await stat(weights.path)).size : 0;
  if (bytes > MAX_MEASURED_BYTES) return `the network is large, the float file has ${formatCount(bytes)} bytes`;
  const { binaryMacs, floatMacs } = summarize(graph, [1, ...graph.inputShape.slice(1)]).totals;
  const macs = binaryMacs + floatMacs;
  return macs > MAX_MEASURED_MACS
    ? `the network is large, a run takes ${formatCount(macs)} multiply-accumulates`
    : null;
}

async function measureF16(found: FoundModel, output: string): Promise<F16Effect | string> {
  const reason = (await isFile(output)) ? await whyNotMeasured(found) : `${output} is no file that can be read again`;
  if (reason !== null) return reason;
  const input = randomInput(found.graph);
  const bytes = await readBytes(output);
  const halves = await openRunner(await atPath(output, () => loadModel(bytes)), { inputShape: input.shape });
  const floats = await openRunner(
    { graph: found.graph, weights: (await readModelWeights(found)).weights },
    { inputShape: input.shape },
  );
  const expected = floats.run(input).data;
  const actual = halves.run(input).data;
  let largestDifference = 0;
  let largestOutput = 0;
  for (let i = 0; i < expected.length; i++) {
    largestDifference = Math.max(largestDifference, Math.abs(actual[i] - expected[i]));
    largestOutput = Math.max(largestOutput, Math.abs(expected[i]));
  }
  return { largestDifference, largestOutput };
}

function describeF16(effect: F16Effect | string): string {
  if (typeof effect === "string") return `float16: its effect on the outputs was not measured (${effect})`;
  const { largestDifference, largestOutput } = effect;
  return (
    `float16: outputs of one random input move by ${largestDifference.toPrecision(3)} at most (largest output ` +
    `${largestOutput.toPrecision(3)})`
  );
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "IN OUT", 2, 2);
  const [input, output] = positionals;
  const f16 = values.f16 === true;
  const found = await findModel({ ...values, model: input });
  if (found.weights.kind === "none") {
    throw badUsage(`${input} is a network without weights: name their file with --weights F`);
  }
  const named = values.name === undefined ? found : { ...found, graph: { ...found.graph, name: values.name } };
  printNotes(io, found.notes);
  const bytes = await writePacked(io, named, output, { f16, progress: values.progress === true });
  const effect = f16 ? await measureF16(named, output) : null;

  if (values.json) {
    const measured = typeof effect === "string" ? { notMeasured: effect } : effect;
    printJson(io, { output, bytes, ...(measured !== null && { f16: measured }) });
    return;
  }
  printLine(io, `${output}: ${formatCount(bytes)} bytes, ${named.graph.name}`);
  if (effect !== null) printLine(io, describeF16(effect));
}
