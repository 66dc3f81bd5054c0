/** A .tflite file as a Graph with weights of its own, and notes that say what runs on bits and why not. */
import { bytesArgument, type FileBytes, optionsArgument } from "../../arguments.js";
import { XnorkitError } from "../../errors.js";
import { createAssembler } from "../../graph/assemble.js";
import { MAX_ELEMENTS } from "../../graph/limits.js";
import { checkWeights, parameterSpecs } from "../../graph/parameters.js";
import { PRESETS } from "../../image/presets.js";
import type { Model } from "../../model.js";
import { elementCount, formatShape } from "../../tensor.js";
import type { Weight } from "../../weights.js";
import { rowsOf } from "./forms.js";
import { createImporter, type Importer, inputName } from "./importer.js";
import { type Era, eraOf } from "./lce_options.js";
import { countLayers, type TfliteNote } from "./notes.js";
import { operatorName, unsupported } from "./operators.js";
import { findOperator, isLarqOperator } from "./ops.js";
import { readTflite, type TfliteFile, type TfliteOperator, type TfliteTensor } from "./schema.js";

/** What a .tflite file does not say; see `importTflite`. */
export interface TfliteImportOptions {
  /** Name of the graph, by default "tflite". */
  readonly name?: string;
  /**
   * Leave out a softmax at the end and return what it reads; by default the graph returns what the file's network
   * does.
   */
  readonly logits?: boolean;
}

/** A network that runs as its file says, and what a user should know of how that was read. */
export interface TfliteModel extends Model {
  /** The form of the file, its preprocessing, and of each layer whether it runs on bits: one line each. */
  readonly notes: readonly TfliteNote[];
}

const LARQ_NOTE: TfliteNote = {
  kind: "preprocess",
  text: "preprocessing is the preset larq, pixels / 127.5 - 1, by Larq's operators and an input of 224x224x3 floats",
};
const SCORES_NOTE: TfliteNote = { kind: "scores", text: "the softmax at the end is left out: scores are given" };

/** Refuses a file with operators that nothing here computes, naming all of them. */
function checkOperators({ operators }: TfliteFile): void {
  const counts = new Map<string, number>();
  for (const op of operators) {
    if (findOperator(op) !== null) continue;
    const name = operatorName(op);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`));
  const shown = names.slice(0, 12).join(", ");
  const others = names.length > 12 ? ` and ${names.length - 12} others` : "";
  throw new XnorkitError(
    "unsupported",
    `the .tflite file has operators that are not computed here: ${shown}${others}; convert a network without them`,
  );
}

/** The one tensor that the network reads, or gives. */
function onlyTensor(indices: readonly number[], what: string): number {
  if (indices.length === 1) return indices[0];
  throw new XnorkitError(
    "unsupported",
    `the .tflite file has ${indices.length} ${what}s, but networks of one are run here`,
  );
}

/** The tensor that the network reads: a map or rows of floats, or of int8. */
function inputOf(file: TfliteFile): TfliteTensor {
  const input = file.tensor(onlyTensor(file.inputs, "input"));
  const { shape, type } = input;
  if (type !== "f32" && type !== "i8") {
    throw new XnorkitError("unsupported", `the .tflite file's input is of type ${type}: f32 and int8 are read here`);
  }
  const isShape = (shape.length === 4 || shape.length === 2) && shape.every((size) => size >= 1);
  if (!isShape || elementCount(shape) > MAX_ELEMENTS) {
    throw new XnorkitError(
      "unsupported",
      `the .tflite file's input has the shape ${formatShape(shape)}:` +
        " [batch, height, width, channels] or [batch, features] is read here",
    );
  }
  return input;
}

/** These may have an output of another type than their inputs. */
const CONVERTERS: readonly string[] = ["QUANTIZE", "DEQUANTIZE", "SHAPE"];

/** Builtin operators compute float from float and int8 from int8. */
function checkTypes(importer: Importer, op: TfliteOperator): void {
  if (isLarqOperator(op) || CONVERTERS.includes(operatorName(op))) return;
  const { type } = importer.output(op);
  op.inputs.forEach((_, index) => {
    const found = importer.operand(op, index);
    if (found?.kind !== "map" || found.storage === type) return;
    const storage = found.storage === "bits" ? "bitpacked numbers" : found.storage;
    unsupported(op, `computes ${type} from ${storage}, which is not computed here`);
  });
}

function addOperators(importer: Importer, era: Era): void {
  for (const op of importer.file.operators) {
    checkTypes(importer, op);
    findOperator(op)!(importer, op, era);
  }
}

/** The graph's value of the network's output; rows where the file has rows. */
function findOutput(importer: Importer): string {
  const index = onlyTensor(importer.file.outputs, "output");
  const found = importer.defined(index);
  if (found?.kind !== "map") {
    throw new XnorkitError("bad-file", `the .tflite file's output is tensor ${index}, which no operator computes`);
  }
  const { operators } = importer.file;
  const last = operators[operators.length - 1];
  const isRows = found.shape.length === 2 && last !== undefined;
  return isRows ? rowsOf(importer, last, found) : found.node;
}

/** What a softmax at the end reads, past its rounding to int8. */
function beforeSoftmax(importer: Importer, output: string): string {
  const last = importer.node(output);
  const softmax = last.kind === "fakeQuantize" ? importer.node(last.inputs[0]) : last;
  return softmax.kind === "softmax" ? softmax.inputs[0] : output;
}

/**
 * Larq's networks for ImageNet are trained on pixels of -1 to 1; the file does not say so, its operators and input
 * do.
 */
function hasLarqPreprocess(file: TfliteFile): boolean {
  const { shape, type } = file.tensor(file.inputs[0]);
  const isImage = formatShape(shape.slice(1)) === "224x224x3" && type === "f32";
  return isImage && file.operators.some(isLarqOperator);
}

function formNote(importer: Importer, era: Era): TfliteNote {
  const { file } = importer;
  const customs = file.operators.filter(isLarqOperator);
  if (customs.length === 0) return { kind: "form", text: "no operator of Larq is in the file" };
  const isLegacy = customs.some((op) => /^(Bsign|Lqce|LceBsign)/.test(operatorName(op)));
  const form = isLegacy
    ? "of 2019 or early 2020"
    : era === "2020"
      ? "of mid 2020 (padding 1 is SAME)"
      : "of LCE 0.4 or later";
  return { kind: "form", text: `Larq's operators are in the form ${form}` };
}

/**
 * Imports a TensorFlow Lite file, above all one that Larq Compute Engine's converter wrote, as a model of its own:
 * binary convolutions run on bits, what is float or int8 in the file is computed as there. The graph's ports are
 * NHWC, as the file's are; an int8 tensor is given as the real numbers that it stands for. Layers keep the names of
 * the file's tensors, so that taps by these names work.
 *
 * int8 layers are computed in real numbers and rounded to the steps of their output, halves away from zero: within
 * one step of TensorFlow Lite's kernels. Sources: TensorFlow Lite's schema and reference kernels,
 * larq/compute-engine.
 *
 * @throws XnorkitError `bad-file` (no TensorFlow Lite file, damaged, or operators that do not fit their tensors),
 *   `unsupported` (operators or forms of them that are not computed here; operators all at once, by name),
 *   `bad-shape`, `bad-value`; each names the operator or the byte offset.
 */
export function importTflite(contents: FileBytes, options: TfliteImportOptions = {}): TfliteModel {
  const bytes = bytesArgument("importTflite", "bytes", contents);
  const { name = "tflite", logits = false } = optionsArgument("importTflite", ["name", "logits"], options);
  const file = readTflite(bytes);
  checkOperators(file);
  const input = inputOf(file);
  const assembler = createAssembler({
    name,
    inputShape: input.shape,
    layout: "NHWC",
    input: inputName(input),
    takenNames: "number",
  });
  const importer = createImporter(file, bytes.length, input, assembler);
  const era = eraOf(file);
  addOperators(importer, era);
  const found = findOutput(importer);
  const output = logits ? beforeSoftmax(importer, found) : found;
  const isLarq = hasLarqPreprocess(file);
  const graph = assembler.finish({
    output,
    prune: true,
    typeOf: (path) => (path === "" ? "TFLite" : importer.types.get(path)),
    ...(isLarq && { preprocess: PRESETS.larq }),
  });
  const weights = new Map<string, Weight>();
  for (const spec of parameterSpecs(graph)) weights.set(spec.name, importer.weights.get(spec.name)!);
  checkWeights(graph, weights);
  const notes = [
    formNote(importer, era),
    ...(isLarq ? [LARQ_NOTE] : []),
    ...(output === found ? [] : [SCORES_NOTE]),
    countLayers(importer.notes),
    ...importer.notes,
  ];
  return { graph, weights, notes };
}
