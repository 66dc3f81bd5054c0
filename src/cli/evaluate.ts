/** `xnorkit evaluate`: how many images of a data set a network names right. */
import { topIndices } from "../classify/probabilities.js";
import { XnorkitError } from "../errors.js";
import type { Graph } from "../graph/types.js";
import { elementCount, type Tensor } from "../tensor.js";
import { type LabelledImages, openDataset, type Split } from "./dataset_images.js";
import { MODEL_HELP, openModel } from "./load_model.js";
import {
  badUsage,
  checkPositionals,
  modelOptions,
  parseCommand,
  readCount,
  readThreads,
  requireOption,
} from "./options.js";
import {
  formatCount,
  type Io,
  type Progress,
  printJson,
  printLine,
  printNote,
  printNotes,
  progressBar,
} from "./output.js";
import { readResize } from "./prepare_image.js";
import { requirePreprocess } from "./preprocess.js";
import { openRunner, type Runner } from "./runner.js";
import { writeFileWhole } from "./write_file.js";

export const usage = `usage: xnorkit evaluate --data D [--model M] [--weights F] [options]

Counts how many images of a data set a network names right; without --model the embedded network for handwritten digits.

  -d, --data D         a folder of IDX files (MNIST; .gz too) or an images file, CIFAR's binary batches or .tar(.gz), or
                       a folder with a folder of PNG or JPEG pictures for each class
      --split S        test (default) or train, where D holds both
      --limit N        the first N images only
  -m, --model M        the network
  -w, --weights F      its parameters
      --labels F       class names, to find folders of classes
      --preprocess P   preprocessing of the pixels, for networks that state none; or --mean, --std
      --batch N        images a run (1)
      --predictions F  write [{ "index", "label", "prediction", "margin" }] as JSON to F: the margin is how far the
                       largest output is above the second, near ties have a small one
      --reference      compute with the slow f64 reference interpreter
      --threads N      compute in N threads, or auto: as many as the machine runs at once (1)
      --progress       show progress where stderr is no terminal, too
      --resize WAY     how pictures come to the network's size: torchvision, mxnet or rounded, which differ by a pixel;
                       digit (a digit as MNIST has them, the default for 28x28 and 32x32 in grey) or none
      --json           { "correct", "total", "accuracy", "msPerImage" }, with "skipped" where pictures could not be read

${MODEL_HELP}`;

export const options = {
  ...modelOptions,
  data: { type: "string", short: "d" },
  split: { type: "string" },
  limit: { type: "string" },
  labels: { type: "string" },
  batch: { type: "string" },
  predictions: { type: "string" },
  reference: { type: "boolean" },
  threads: { type: "string" },
  progress: { type: "boolean" },
  resize: { type: "string" },
} as const;

/** Batches of 4 to 32 digits took the same 0.69 ms an image as single ones, and more memory. */
const DEFAULT_BATCH = 1;

interface Prediction {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  /** Largest output less the second. */
  readonly margin: number;
}

function readSplit(value: string | undefined): Split {
  if (value === undefined || value === "test" || value === "train") return value ?? "test";
  throw badUsage(`--split is "${value}", expected test or train`);
}

/** Pictures that were read, and those that were not. */
interface Batch {
  readonly indices: readonly number[];
  readonly input: Tensor;
  readonly skipped: readonly XnorkitError[];
  /** The image after the last one that was looked at. */
  readonly next: number;
}

/**
 * Reads up to `count` images from `first` on; what cannot be decoded is passed over, so that one file does not end an
 * evaluation.
 */
async function loadBatch(
  images: LabelledImages,
  [first, end]: readonly [number, number],
  count: number,
  image: readonly number[],
): Promise<Batch> {
  const size = elementCount(image);
  const data = new Uint8Array(count * size);
  const indices: number[] = [];
  const skipped: XnorkitError[] = [];
  let next = first;
  for (; next < end && indices.length < count; next++) {
    try {
      data.set(await images.pixels(next), indices.length * size);
      indices.push(next);
    } catch (error) {
      if (!(error instanceof XnorkitError)) throw error;
      skipped.push(error);
    }
  }
  const shape = [indices.length, ...image];
  return { indices, input: { shape, data: data.subarray(0, indices.length * size) }, skipped, next };
}

function readPredictions({ shape, data }: Tensor, images: LabelledImages, { indices }: Batch): readonly Prediction[] {
  const [, outputs] = shape;
  return indices.map((index, i) => {
    const logits = data.subarray(i * outputs, (i + 1) * outputs);
    const [best, second] = topIndices(logits, 2);
    const margin = second === undefined ? 0 : logits[best] - logits[second];
    return { index, label: images.label(index), prediction: best, margin };
  });
}

interface Evaluation {
  readonly predictions: readonly Prediction[];
  readonly skipped: readonly XnorkitError[];
  /** Time in the network alone, without reading and decoding. */
  readonly milliseconds: number;
}

async function evaluate(
  runner: Runner,
  graph: Graph,
  images: LabelledImages,
  { total, batch, progress }: { readonly total: number; readonly batch: number; readonly progress: Progress },
): Promise<Evaluation> {
  const image = graph.inputShape.slice(1);
  const predictions: Prediction[] = [];
  const skipped: XnorkitError[] = [];
  let milliseconds = 0;
  for (let first = 0; first < total; ) {
    const loaded = await loadBatch(images, [first, total], batch, image);
    for (const error of loaded.skipped) skipped.push(error);
    first = loaded.next;
    if (loaded.indices.length > 0) {
      const start = performance.now();
      const output = runner.run(loaded.input);
      milliseconds += performance.now() - start;
      for (const prediction of readPredictions(output, images, loaded)) predictions.push(prediction);
    }
    progress.update(first);
    // The bar is drawn by a timer, which a loop without a pause would starve.
    await new Promise(setImmediate);
  }
  if (predictions.length === 0 && skipped.length > 0) throw skipped[0];
  return { predictions, skipped, milliseconds };
}

/** How many were not read, and why the first of them was not. */
function describeSkipped(skipped: readonly XnorkitError[]): string {
  const others = skipped.length > 1 ? ` and ${skipped.length - 1} others` : "";
  return `${skipped.length} pictures could not be read and are not counted: ${skipped[0].message}${others}`;
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "", 0, 0);
  const data = requireOption("--data", values.data);
  const split = readSplit(values.split);
  const limit = readCount("--limit", values.limit);
  const resize = readResize(values.resize);
  const { notes, ...model } = await openModel(values);
  printNotes(io, notes);
  requirePreprocess(model.graph);
  const batch = readCount("--batch", values.batch) ?? DEFAULT_BATCH;
  const threads = readThreads(values.threads);

  const images = await openDataset(data, model.graph, split, resize);
  const count = Math.min(images.count, limit ?? images.count);
  const runner = await openRunner(model, { reference: values.reference, threads });
  const progress = progressBar(io, count, "images", values.progress === true);
  const evaluated = evaluate(runner, model.graph, images, { total: count, batch, progress });
  const { predictions, skipped, milliseconds } = await evaluated.finally(() => {
    progress.stop();
    runner.dispose();
  });
  if (skipped.length > 0) printNote(io, describeSkipped(skipped));
  const total = predictions.length;

  const predictionsPath = values.predictions;
  if (predictionsPath !== undefined) {
    const text = `[\n${predictions.map((prediction) => JSON.stringify(prediction)).join(",\n")}\n]\n`;
    await writeFileWhole(predictionsPath, (write) => write(new TextEncoder().encode(text)));
  }
  const correct = predictions.filter(({ label, prediction }) => label === prediction).length;
  const result = {
    correct,
    total,
    accuracy: correct / total,
    msPerImage: milliseconds / total,
    ...(skipped.length > 0 && { skipped: skipped.length }),
  };
  if (values.json) {
    printJson(io, result);
    return;
  }
  const percent = (100 * result.accuracy).toFixed(2);
  printLine(
    io,
    `${formatCount(correct)} of ${formatCount(total)} correct (${percent} %), ` +
      `${result.msPerImage.toFixed(3)} ms an image`,
  );
}
