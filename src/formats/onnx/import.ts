/** The road of an .onnx file: read, fold, one form for each thing, nodes of a graph (docs at importOnnx). */
import { bytesArgument, type FileBytes, objectArgument, optionsArgument, textArgument } from "../../arguments.js";
import { createAssembler } from "../../graph/assemble.js";
import { shapeInside } from "../../graph/layout.js";
import { checkWeights, parameterSpecs } from "../../graph/parameters.js";
import type { Graph } from "../../graph/types.js";
import type { Model } from "../../model.js";
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { cutAnswer } from "./answers.js";
import { removeBeforeSigns } from "./before_signs.js";
import { recognizeCompositions } from "./compositions.js";
import { createEmitter, type EmitterState } from "./emit/emitter.js";
import type { ValueOperand } from "./emit/operand.js";
import { emissionOf } from "./emit/table.js";
import { identityView, isIdentity, type View } from "./emit/view.js";
import type { ExternalData } from "./external_data.js";
import { foldConstants } from "./fold.js";
import { inputLayout } from "./layout.js";
import { lowerQuantizers } from "./lower_quantizers.js";
import { fail, list, show } from "./messages.js";
import { planNames } from "./names.js";
import { type InputDims, type Network, type OnnxNode, readers } from "./network.js";
import type { Rewritten } from "./network_edit.js";
import { fileNotes, layerNotes, type OnnxNote } from "./notes.js";
import { movePoolsBeforeGrids } from "./pools_before_grids.js";
import { statedPreprocess } from "./preprocess.js";
import { readModel } from "./read_model.js";
import { canonicalizeSigns } from "./signs.js";
import { mergeEqual } from "./simplify.js";
import { removeStraightThrough } from "./straight_through.js";

/** What a caller may say of a file. */
export interface OnnxImportOptions {
  /**
   * The shape of the input in the file's order of axes, batch included; needed if the file leaves an axis beside the
   * batch open.
   */
  readonly inputShape?: Shape;
  /** The files beside the model that hold its tensors, by the names that the model gives them (`NAME.onnx.data`). */
  readonly externalData?: ExternalData;
  /** The graph's name, by default the one in the file. */
  readonly name?: string;
  /**
   * Leave out a softmax at the end and return what it reads; by default the graph returns what the file's network
   * does.
   */
  readonly logits?: boolean;
}

/** A network that runs as its file says, and what a user should know of how that was read. */
export interface OnnxImport extends Model {
  /**
   * First what the file does not say as a graph does: an answer cut off, the range of its pixels, a sign that may be
   * lost, how many layers run on bits. Then of each convolution and dense layer whether it runs on bits, and if not
   * why.
   */
  readonly notes: readonly OnnxNote[];
}

const SCORES_NOTE: OnnxNote = { kind: "scores", text: "the softmax at the end is left out: scores are given" };

const OPTIONS = ["inputShape", "externalData", "name", "logits"];

const MAX_AXIS = 1 << 20;
const NHWC_VIEW: View = [[0], [2], [3], [1]];

/** The shape that shapes are inferred with, and the batch that the graph states. */
function inputShapes(
  dims: InputDims | null,
  given: Shape | undefined,
  input: string,
): { readonly shape: Shape; readonly batch: number } {
  const stated = dims ?? given?.map(() => null);
  if (stated === undefined) {
    return fail("bad-option", `the file does not state the shape of its input ${show(input)}: give inputShape`);
  }
  const wanted: readonly (number | null)[] = given ?? stated.map((size, axis) => size ?? (axis === 0 ? 1 : null));
  if (!Array.isArray(wanted) || wanted.length !== stated.length || (stated.length !== 4 && stated.length !== 2)) {
    const shown = stated.map((size) => size ?? "?").join("x");
    const what = given === undefined ? "" : ` and inputShape has ${Array.isArray(given) ? given.length : "no"} axes`;
    return fail(
      stated.length === 4 || stated.length === 2 ? "bad-option" : "unsupported",
      `input ${show(input)} is ${shown}${what}: expected pictures of four axes or features of two, batch first`,
    );
  }
  const shape = wanted.map((size, axis) => {
    if (size === null) {
      return fail("bad-option", `axis ${axis} of the input ${show(input)} is open in the file: give inputShape`);
    }
    if (Number.isSafeInteger(size) && size >= 1 && size <= MAX_AXIS) return size;
    return fail(
      "bad-shape",
      `axis ${axis} of the input ${show(input)} has size ${String(size).slice(0, 40)}, which is none`,
    );
  });
  if (elementCount(shape) > 2 ** 30)
    fail("bad-shape", `an input of ${formatShape(shape)} is more than memory can hold`);
  const [batch, ...rest] = shape;
  // Exporters freeze the batch into Reshape and Where: shapes are inferred with the file's, runs may have any other.
  return { shape: [stated[0] ?? batch, ...rest], batch };
}

/** Everything in one form: what is left is what nodes are made of. */
function canonicalize(network: Network, inputShape: Shape, fileBytes: number): Rewritten {
  const folded = foldConstants(network, inputShape, fileBytes);
  const plain = removeStraightThrough(mergeEqual(folded.network), folded.shapes);
  const lowered = lowerQuantizers(plain, folded.shapes);
  const signed = canonicalizeSigns(mergeEqual(lowered.network), lowered.shapes);
  const composed = recognizeCompositions(mergeEqual(signed.network), signed.shapes);
  return movePoolsBeforeGrids({ ...composed, network: mergeEqual(removeBeforeSigns(composed.network)) });
}

/** @throws XnorkitError `unsupported` once, with all operators that become no node. */
function checkOperators(nodes: readonly OnnxNode[]): void {
  const found = new Map<string, string>();
  for (const node of nodes) {
    if (emissionOf(node) !== null) continue;
    const domain = node.domain === "" ? "" : `${node.domain}::`;
    const operator = `${domain}${node.op}`.slice(0, 60);
    const shown = /^[\w.:]+$/.test(operator) ? operator : show(operator);
    const key = `${shown}-${node.version}`;
    if (!found.has(key)) found.set(key, `${key} (${show(node.name || node.outputs[0])})`);
  }
  if (found.size === 0) return;
  fail("unsupported", `the file has operators that are not computed here: ${list([...found.values()])}`);
}

function emit(network: Network, state: EmitterState): void {
  const { emitter } = state;
  for (const node of network.nodes) {
    if (emitter.isDone(node)) continue;
    const made = emissionOf(node)!(node, emitter);
    const outputs = "kind" in made ? [made] : made;
    for (const [index, output] of outputs.entries()) {
      const name = node.outputs[index] ?? "";
      if (name !== "") emitter.alias(name, output);
    }
  }
}

/** The value that the graph returns: with nothing left to do, and with as many axes as in the file. */
function finishOutput(network: Network, { emitter, output }: EmitterState, isNhwc: boolean): string {
  const found = output(network.output);
  const last = network.nodes[network.nodes.length - 1];
  if (found.kind === "constant") return fail("unsupported", "the network's output is a constant");
  const whole: ValueOperand = emitter.finish(last, found);
  const shape = emitter.shape(whole.value);
  if (shape.length === 2) return whole.value;
  const isSmall = shape[2] === 1 && shape[3] === 1;
  if (whole.view.length !== 4 && isSmall) return emitter.vector(last, whole).value;
  const wanted = isNhwc ? NHWC_VIEW : identityView(4);
  const isAsGiven = isIdentity(whole.view, 4) && !isNhwc;
  if (isAsGiven || isSmall || whole.view.flat().join() === wanted.flat().join()) return whole.value;
  return fail(
    "unsupported",
    `the output ${show(network.output)} is a map whose axes are not in the order of the input's`,
  );
}

/**
 * Imports the network of an .onnx file: whatever way its signs, estimators, scales and borders are spelled, layers
 * whose inputs are signs and whose weights are two-valued come out as binary ones. What the file's exporter wrote and
 * what it means: docs/onnx.md.
 *
 * Operator sets 7 to 23, IR versions 3 to 11; one input (pictures of four axes, or features) and one output.
 * Model-local functions are inlined; QONNX's and FINN's operators are known. The batch is free whatever the file
 * states. Numbers are those of the file's arithmetic in float32, but for estimators: (s - c) + c is s.
 *
 * @param bytes The .onnx file.
 * @throws XnorkitError `bad-file` (damaged, no model, a file beside it is missing), `unsupported` (versions, operators
 *   with their versions and first names, axes that are not computed here), `bad-graph` (cycles, values that nobody
 *   computes), `bad-shape`, `bad-option` (an open axis without inputShape), `bad-value`, `out-of-memory` (constants
 *   beyond all measure).
 */
export function importOnnx(bytes: FileBytes, options: OnnxImportOptions = {}): OnnxImport {
  const content = bytesArgument("importOnnx", "bytes", bytes);
  const { name, externalData } = optionsArgument("importOnnx", OPTIONS, options);
  if (name !== undefined) textArgument("importOnnx", "name", name);
  if (externalData !== undefined) {
    objectArgument("importOnnx", "externalData", "an object or a Map of files by name", externalData);
  }
  const model = readModel(content, externalData);
  const cut = cutAnswer(model.network);
  const { shape, batch } = inputShapes(model.inputDims, options.inputShape, cut.network.input);
  const fileBytes = content.length + model.externalBytes;
  const { network, shapes } = canonicalize(cut.network, shape, fileBytes);
  checkOperators(network.nodes);
  if (network.nodes.length === 0) return fail("unsupported", "the file computes nothing: its output is its input");

  const names = planNames(network);
  const layout = inputLayout(network, shape, shapes);
  const isNhwc = layout === "NHWC";
  const assembler = createAssembler({
    name: name ?? (network.name === "" ? "onnx" : network.name.slice(0, 200)),
    inputShape: shape,
    ...(isNhwc && { layout }),
    input: names.input,
    takenNames: "number",
  });
  const view = isNhwc ? NHWC_VIEW : identityView(shapeInside(shape, layout).length);
  const state = createEmitter(network, readers(network.nodes), assembler, names, view, fileBytes);
  emit(network, state);
  const end = assembler.node(finishOutput(network, state, isNhwc));
  const isCut = options.logits === true && end.kind === "softmax";
  const output = isCut ? end.inputs[0] : end.name;
  const made = assembler.finish({ output, prune: true, typeOf: names.typeOf });
  const [, ...rest] = made.inputShape;
  const plain: Graph = { ...made, inputShape: [batch, ...rest] };
  const wanted = new Set(parameterSpecs(plain).map(({ name }) => name));
  const used = new Map([...state.weights].filter(([name]) => wanted.has(name)));
  const stated = statedPreprocess(plain, used, model.metadata);
  const graph = stated === null ? plain : { ...plain, preprocess: stated.preprocess };
  checkWeights(graph, used);
  const notes: readonly OnnxNote[] = [
    ...cut.notes,
    ...(isCut ? [SCORES_NOTE] : []),
    ...(stated === null ? [] : [stated.note]),
    ...fileNotes(state.layers),
    ...state.notes,
    ...layerNotes(state.layers),
  ];
  return { graph, weights: used, notes };
}
