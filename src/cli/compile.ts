/** `xnorkit compile`: any network that the command line reads, compiled for one input into a program or a module. */
import { compileProgram } from "../runtime/compile_program.js";
import { formatShape } from "../tensor.js";
import { MODEL_HELP, openModel } from "./load_model.js";
import { badUsage, checkPositionals, modelOptions, parseCommand, readCount, readNames, readShape } from "./options.js";
import { formatCount, type Io, printJson, printLine, printNotes } from "./output.js";
import { type ModuleHost, readModuleHost, writeModule } from "./program_module.js";
import { writeFileWhole } from "./write_file.js";

export const usage = `usage: xnorkit compile IN OUT [--input-shape 1,3,224,224] [--type u8] [options]
       xnorkit compile IN --module OUT.mjs [--host workerd] [options]

Compiles a network for one input shape and type: weights in the kernels' order, and every call of a kernel. A program is
ready to run in a few milliseconds, gives the bits of the session, and runs on the kernels of this release alone: keep
the model to compile it again. xnorkit/program runs it, and so do run and classify.

  -w, --weights F          the parameters: safetensors or a packed model
      --random-weights N   random parameters from seed N instead, for benchmarks
      --input-shape S      the one shape that it runs on; by default the network's
      --type T             f32, the default: numbers as the network reads them; u8: pixels 0..255
      --kernel K           table, popcount or auto, the default: what computes binary convolutions
      --byte-stem          16-bit weights in the first convolution of pixels, where that is faster
      --threads N          cut its steps for so many threads; it runs on one, too
      --taps a,b           modules or layers whose output tap gives
      --module F           write an ES module that exports load(): runner, kernels and program in one file
      --host workerd       of the module: kernels and program are files beside it, as hosts want that compile no bytes
      --preprocess P       preprocessing of pixels, for networks that state none; or --mean, --std
      --labels F           class names: a file with one a line, or names with commas between
      --json               print { "output", "bytes", "inputShape", "type" } as JSON

IN is an M:
${MODEL_HELP}`;

const { model: _, ...inputOptions } = modelOptions;
export const options = {
  ...inputOptions,
  "random-weights": { type: "string" },
  type: { type: "string" },
  kernel: { type: "string" },
  "byte-stem": { type: "boolean" },
  taps: { type: "string" },
  threads: { type: "string" },
  module: { type: "string" },
  host: { type: "string" },
  labels: { type: "string" },
} as const;

function readChoice<T extends string>(option: string, choices: readonly T[], value: string | undefined): T | undefined {
  const found = choices.find((choice) => choice === value);
  if (value === undefined || found !== undefined) return found;
  throw badUsage(`${option} is "${value}", expected one of ${choices.join(", ")}`);
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, values.module === undefined ? "IN OUT" : "IN", 1, values.module === undefined ? 2 : 1);
  const [input, output = values.module] = positionals;
  if (output === undefined) throw badUsage("the file to write is missing: expected IN OUT, or IN --module OUT.mjs");
  if (values.host !== undefined && values.module === undefined) throw badUsage("--host is given without --module");
  const host: ModuleHost = readModuleHost(values.host);
  const inputType = readChoice("--type", ["f32", "u8"], values.type) ?? "f32";
  const kernel = readChoice("--kernel", ["table", "popcount", "auto"], values.kernel);
  const threads = readCount("--threads", values.threads);
  const taps = readNames("--taps", values.taps);
  const inputShape = readShape("--input-shape", values["input-shape"]);

  const { notes, ...model } = await openModel({ ...values, model: input });
  printNotes(io, notes);
  const compiled = { inputShape, inputType, kernel, taps, byteStem: values["byte-stem"], threads };
  const bytes = await compileProgram(model, compiled);
  const files =
    values.module === undefined
      ? [{ path: output, bytes: bytes.length }]
      : await writeModule(output, bytes, { host, name: model.graph.name });
  if (values.module === undefined) await writeFileWhole(output, (write) => write(bytes));
  const shape = model.graph.inputShape;
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (values.json) {
    printJson(io, { output, bytes: total, inputShape: inputShape ?? shape, type: inputType });
    return;
  }
  for (const file of files) printLine(io, `${file.path}: ${formatCount(file.bytes)} bytes`);
  printLine(io, `${model.graph.name} on ${formatShape(inputShape ?? shape)}, ${inputType}`);
}
