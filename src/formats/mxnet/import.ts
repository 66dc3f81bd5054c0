/** A `-symbol.json` and its `.params` as a Graph with weights of its own. */
import { type FileBytes, mapArgument, optionsArgument, textArgument } from "../../arguments.js";
import { type ErrorCode, XnorkitError } from "../../errors.js";
import { type Assembler, type AssemblyOptions, createAssembler } from "../../graph/assemble.js";
import { checkWeights, parameterSpecs } from "../../graph/parameters.js";
import { checkInputShape } from "../../graph/shapes.js";
import { quoteName } from "../../graph/suggest.js";
import type { Model } from "../../model.js";
import type { Shape } from "../../tensor.js";
import type { Weight } from "../../weights.js";
import type { RawTensor } from "../dtypes.js";
import { integersAttribute, MAX_CHANNELS } from "./attributes.js";
import { createImporter, decodeRequirement, type Requirement } from "./importer.js";
import { findMissing, missingParameter } from "./missing.js";
import { findOperator } from "./ops.js";
import { readMxnetParams } from "./params.js";
import { knownPreprocess } from "./preprocess.js";
import { type MxnetSymbol, parseMxnetSymbol, type SymbolNode } from "./symbol.js";

/** What a symbol file does not say; see `importMxnet`. */
export interface MxnetImportOptions {
  /** Name of the graph, by default "mxnet". */
  readonly name?: string;
  /**
   * [N, C, H, W], or [N, features]. A symbol does not hold it: by default the `__shape__` of the input where it has
   * one, else batch 1, the channels that the first layer's parameters have, and the first square of 224, 32, 28 and
   * then 1 to 512 pixels that fits all parameters.
   */
  readonly inputShape?: Shape;
  /**
   * Leave out a softmax at the end and return what it reads; by default the graph returns what the symbol's head
   * computes.
   */
  readonly logits?: boolean;
  /** Name of the operator to return instead of the symbol's head. */
  readonly output?: string;
}

/** A model and what was decided of it. */
export interface MxnetModel extends Model {
  /** Sentences: what is known of the network beyond its file. */
  readonly notes: readonly string[];
}

const LIKELY_SIZES = [224, 32, 28];
const MAX_SIZE = 512;
/** Nodes placed in all tries of input sizes together; bounds the time that a hostile file takes. */
const MAX_PLACED = 2_000_000;

/** The tensors by the names of the symbol's variables, without `arg:` and `aux:`. */
export function stripPrefixes(tensors: ReadonlyMap<string, RawTensor>): ReadonlyMap<string, RawTensor> {
  mapArgument("mapMxnetNames", "tensors", "the Map that readMxnetParams gives", tensors);
  const stripped = new Map<string, RawTensor>();
  for (const [name, raw] of tensors) {
    const bare = name.replace(/^(arg|aux):/, "");
    if (stripped.has(bare)) {
      throw new XnorkitError("bad-file", `the .params file holds ${quoteName(bare)} both as arg: and as aux:`);
    }
    stripped.set(bare, raw);
  }
  return stripped;
}

/** The variable that the network reads: `data`, or the only one that a layer reads first and no file binds. */
function findInput({ nodes }: MxnetSymbol, tensors: ReadonlyMap<string, RawTensor>): SymbolNode {
  const read = nodes.flatMap(({ inputs }) => (inputs.length > 0 ? [inputs[0].node] : []));
  const unbound = [...new Set(read)].filter(({ op, name }) => op === "null" && !tensors.has(name));
  const found = unbound.find(({ name }) => name === "data") ?? (unbound.length === 1 ? unbound[0] : undefined);
  if (found !== undefined) return found;
  const names = unbound.map(({ name }) => quoteName(name));
  throw new XnorkitError(
    "bad-graph",
    unbound.length === 0
      ? "the symbol has no input: the parameters hold every variable that it reads"
      : `the symbol has no input "data", and of ${names.slice(0, 8).join(", ")} any could be it: ` +
          "are these parameters missing from the .params file?",
  );
}

/**
 * The axes of an input of unknown size: channels of a map, or the features of a dense layer that reads the input
 * itself.
 */
interface InputAxes {
  readonly count: number;
  readonly isMap: boolean;
}

/** From the parameters of the first layer that has some; operators without any pass the input on. */
function findInputAxes(symbol: MxnetSymbol, input: SymbolNode, tensors: ReadonlyMap<string, RawTensor>): InputAxes {
  const { nodes } = symbol;
  const same = new Set([input]);
  let features: InputAxes | null = null;
  let channels: InputAxes | null = null;
  for (const node of nodes) {
    if (node.inputs.length === 0 || !same.has(node.inputs[0].node)) continue;
    const raw = node.inputs.length > 1 ? tensors.get(node.inputs[1].node.name) : undefined;
    if (raw === undefined) {
      same.add(node);
    } else if (/Convolution/.test(node.op) && raw.shape.length === 4) {
      const groups = Number(node.attributes.get("num_group") ?? 1);
      return { count: raw.shape[1] * (Number.isSafeInteger(groups) ? groups : 1), isMap: true };
    } else if (/BatchNorm/.test(node.op)) {
      channels ??= { count: raw.shape[0], isMap: true };
      same.add(node);
    } else if (node.op === "FullyConnected") {
      features ??= { count: raw.shape[1], isMap: false };
    }
  }
  const found = channels ?? features;
  const missing = findMissing(symbol, tensors);
  if (found === null && missing !== null) throw missingParameter(symbol, tensors.keys())(...missing);
  if (found !== null && found.count >= 1 && found.count <= MAX_CHANNELS) return found;
  throw new XnorkitError(
    "bad-option",
    "the symbol does not tell how many channels its input has: give inputShape ([batch, channels, height, width])",
  );
}

interface Built {
  readonly assembler: Assembler;
  readonly output: string;
  readonly requirements: ReadonlyMap<string, Requirement>;
}

type Attempt = { readonly built: Built } | { readonly error: XnorkitError; readonly placed: number };

/** What another input shape may mend. */
const MISFITS: readonly ErrorCode[] = ["bad-shape", "unsupported"];

/** Builds the network on an input of this shape; a shape that does not fit is no exception. */
function attempt(
  symbol: MxnetSymbol,
  graph: Pick<AssemblyOptions, "name" | "input" | "inputShape">,
  tensors: ReadonlyMap<string, RawTensor>,
): Attempt {
  const assembler = createAssembler({ ...graph, takenNames: "number", layersAreModules: true });
  const importer = createImporter(assembler, tensors, missingParameter(symbol, tensors.keys()));
  let placed = 0;
  try {
    for (const node of symbol.nodes) {
      placed++;
      if (node.op === "null") continue;
      const outputs = findOperator(node)(node, importer);
      importer.define(node, "kind" in outputs ? [outputs] : outputs);
    }
    const output = importer.output(symbol.head);
    return { built: { assembler, output, requirements: importer.requirements } };
  } catch (error) {
    if (error instanceof XnorkitError && MISFITS.includes(error.code)) return { error, placed };
    throw error;
  }
}

/** The network on an input of a shape that is known. */
function ofShape(...args: Parameters<typeof attempt>): Built {
  const tried = attempt(...args);
  if ("built" in tried) return tried.built;
  throw tried.error;
}

/** Tries input sizes until one fits. The error is that of the size with which most of the network could be built. */
function findSize(
  symbol: MxnetSymbol,
  name: string,
  input: SymbolNode,
  tensors: ReadonlyMap<string, RawTensor>,
): Built {
  const { count, isMap } = findInputAxes(symbol, input, tensors);
  const sizes = isMap ? [...LIKELY_SIZES, ...Array.from({ length: MAX_SIZE }, (_, index) => index + 1)] : [1];
  let best: { readonly error: XnorkitError; readonly placed: number; readonly shape: Shape } | null = null;
  let placed = 0;
  for (const size of sizes) {
    const shape = isMap ? [1, count, size, size] : [1, count];
    const tried = attempt(symbol, { name, input: input.name, inputShape: shape }, tensors);
    if ("built" in tried) return tried.built;
    if (best === null || tried.placed > best.placed) best = { ...tried, shape };
    placed += tried.placed;
    if (placed > MAX_PLACED) break;
  }
  if (best!.error.code === "unsupported") throw best!.error;
  throw new XnorkitError(
    "bad-shape",
    `no square input of up to ${MAX_SIZE} pixels fits the parameters (with ${best!.shape.join("x")}: ` +
      `${best!.error.message}): give inputShape`,
    { cause: best!.error },
  );
}

/** The shape that a variable states in `__shape__`, one image where the batch is open. */
function statedShape(input: SymbolNode): Shape | null {
  const stated = integersAttribute(input, "__shape__", [-1, MAX_CHANNELS]);
  if (stated === null || (stated.length !== 4 && stated.length !== 2)) return null;
  const [batch, ...rest] = stated;
  return rest.every((size) => size > 0) ? [Math.max(batch, 1), ...rest] : null;
}

/**
 * Imports a trained MXNet network (BMXNet v1 and v2, binary layers packed or not, and the float operators around them)
 * as a model of its own. Layers keep the symbol's names, so that taps by these names work; parameters keep theirs
 * without `arg:` and `aux:`.
 *
 * A symbol ends in SoftmaxOutput as a rule, so the graph returns probabilities unless `logits` is set. It does not say
 * how pixels go in: BMXNet v1's LeNet and ResNets are known and get their `preprocess`, which a note says (mean 123.68,
 * 116.779, 103.939 for ResNets, std 255 for LeNet); give it to the graphs of others.
 *
 * @param symbolText Text of the `-symbol.json`.
 * @param paramsBytes Bytes of the `.params`.
 * @throws XnorkitError `bad-graph` (no symbol, a cycle), `bad-file` (see `readMxnetParams`), `unsupported` (an operator
 *   or attribute that is not computed here), `missing-weight`, `bad-shape` (parameters, packed words or input that do
 *   not fit their layer), `bad-value`; each names the node or the byte offset.
 */
export function importMxnet(symbolText: string, paramsBytes: FileBytes, options: MxnetImportOptions = {}): MxnetModel {
  optionsArgument("importMxnet", ["name", "inputShape", "logits", "output"], options);
  if (options.inputShape !== undefined) checkInputShape(options.inputShape, "the network");
  const symbol = parseMxnetSymbol(textArgument("importMxnet", "symbolText", symbolText), options.output);
  for (const node of symbol.nodes) if (node.op !== "null") findOperator(node);
  const tensors = stripPrefixes(readMxnetParams(paramsBytes));
  const input = findInput(symbol, tensors);
  const given = options.inputShape ?? statedShape(input);
  const name = options.name ?? "mxnet";
  const { assembler, output, requirements } =
    given === null
      ? findSize(symbol, name, input, tensors)
      : ofShape(symbol, { name, input: input.name, inputShape: given }, tensors);
  const last = assembler.node(output);
  const operators = new Map(symbol.nodes.map(({ name, op }) => [name, op]));
  const built = assembler.finish({
    output: options.logits && last.kind === "softmax" ? last.inputs[0] : output,
    prune: true,
    typeOf: (path) => (path === "" ? "Symbol" : operators.get(path)),
  });
  const known = knownPreprocess(symbol.nodes, built);
  const graph = known === null ? built : { ...built, preprocess: known.preprocess };
  const weights = new Map<string, Weight>();
  for (const { name } of parameterSpecs(graph)) weights.set(name, decodeRequirement(name, requirements.get(name)!));
  checkWeights(graph, weights);
  return { graph, weights, notes: known === null ? [] : [known.note] };
}
