/** `xnorkit classify`: what pictures show. */
import type { Ports } from "../classify/port_layout.js";
import type { PictureResize } from "../classify/prepare.js";
import { type Guess, topGuesses } from "../classify/probabilities.js";
import { XnorkitError } from "../errors.js";
import type { ThreadChoice } from "../runtime/open_kernels.js";
import { elementCount, type Tensor } from "../tensor.js";
import { isFolder } from "./files.js";
import { FALLBACK_NOTE, MODEL_HELP, type ModelChoice, openModel } from "./load_model.js";
import { checkPositionals, modelOptions, parseCommand, readCount, readThreads } from "./options.js";
import { type Io, printJson, printNote, printNotes, printTable } from "./output.js";
import { listPictures, readPicture, readResize } from "./prepare_image.js";
import { requirePreprocess } from "./preprocess.js";
import { openProgram, portsOf } from "./program_file.js";
import { openRunner, type Runner } from "./runner.js";

export const usage = `usage: xnorkit classify IMAGE... [--model M] [--weights F] [--labels F] [--top K] [options]

Decodes PNG and JPEG pictures (a folder means all in it), runs a network on them and prints what it takes them for.
Without --model the embedded network reads one handwritten digit a picture, dark on light or light on dark.
Networks that read 28x28 or 32x32 in grey get the digit centred and scaled as MNIST does; others get the short side
resized to 8/7 of their input and the middle cut out.

  -m, --model M       the network, or a program that compile wrote with --type u8
  -w, --weights F     its parameters
  -l, --labels F      class names: a file with one a line, or names with commas between
  -k, --top K         how many classes to list (3)
      --preprocess P  preprocessing of the pixels, for networks that state none; or --mean, --std
      --reference     compute with the slow f64 reference interpreter
      --threads N     compute in N threads, or auto: as many as the machine runs at once (1)
      --resize WAY    how pictures come to the network's size: torchvision, mxnet or rounded, which differ by a pixel;
                      digit (a digit as MNIST has them, the default for 28x28 and 32x32 in grey) or none
      --json          [{ "file", "top": [{ "index", "label", "probability" }], "ms" }]

${MODEL_HELP}`;

export const options = {
  ...modelOptions,
  labels: { type: "string", short: "l" },
  top: { type: "string", short: "k" },
  resize: { type: "string" },
  reference: { type: "boolean" },
  threads: { type: "string" },
} as const;

const DEFAULT_TOP = 3;

interface Classification {
  readonly file: string;
  readonly top: readonly Guess[];
  readonly ms: number;
}

async function expandFolders(paths: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(paths.map(async (path) => ((await isFolder(path)) ? listPictures(path) : [path])));
  return lists.flat();
}

interface ClassifyOptions {
  readonly top: number;
  readonly resize: PictureResize | undefined;
}

async function classify(
  file: string,
  ports: Ports,
  runner: Runner,
  { top, resize }: ClassifyOptions,
): Promise<Classification> {
  const input = await readPicture(file, ports, resize);
  const start = performance.now();
  const output = runner.run(input);
  const ms = performance.now() - start;
  return { file, top: topGuesses(ports, output, top)[0], ms };
}

function percent(probability: number): string {
  return `${(100 * probability).toFixed(1)} %`;
}

function printResults(io: Io, results: readonly Classification[]): void {
  printTable(
    io,
    [
      { head: "file" },
      { head: "prediction" },
      { head: "probability", align: "right" },
      { head: "next" },
      { head: "ms", align: "right" },
    ],
    results.map(({ file, top: [best, ...others], ms }) => [
      file,
      best.label,
      percent(best.probability),
      others.map(({ label, probability }) => `${label} ${percent(probability)}`).join(", "),
      ms.toFixed(2),
    ]),
  );
}

/** The kernels plan an input type when it first comes: done on black, so that no picture is charged for it. */
function warmUp(runner: Runner, { inputShape }: Ports): void {
  const shape: Tensor["shape"] = [1, ...inputShape.slice(1)];
  runner.run({ shape, data: new Uint8Array(elementCount(shape)) });
}

interface Classifier {
  readonly ports: Ports;
  readonly runner: Runner;
}

type Values = ModelChoice & { readonly reference?: boolean };

/** The program or the network that reads pictures. */
async function openClassifier(values: Values, threads: ThreadChoice | undefined, io: Io): Promise<Classifier> {
  const program = await openProgram(values, threads);
  if (program !== null) {
    if (program.inputType === "u8") return { ports: portsOf(program), runner: program };
    throw new XnorkitError(
      "unsupported",
      `${values.model}: the program reads numbers, not pixels: compile ${program.name} with --type u8`,
    );
  }
  const { notes, ...model } = await openModel(values);
  printNotes(io, notes);
  requirePreprocess(model.graph);
  return { ports: model.graph, runner: await openRunner(model, { reference: values.reference, threads }) };
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "IMAGE...", 1, Number.POSITIVE_INFINITY);
  const top = readCount("--top", values.top) ?? DEFAULT_TOP;
  const resize = readResize(values.resize);
  const threads = readThreads(values.threads);

  const { ports, runner } = await openClassifier(values, threads, io);
  const results: Classification[] = [];
  try {
    const files = await expandFolders(positionals);
    if (!values.reference) warmUp(runner, ports);
    for (const file of files) results.push(await classify(file, ports, runner, { top, resize }));
  } finally {
    runner.dispose();
  }
  if (values.json) printJson(io, results);
  else printResults(io, results);
  if (values.model === undefined) printNote(io, FALLBACK_NOTE);
}
