/** What parameters a graph needs, by the names that its framework gives them, and whether given weights fit. */
import { describeArgument, kindOf, mapArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape, sameShape } from "../tensor.js";
import type { Weight, Weights } from "../weights.js";
import { modulesOf } from "./modules.js";
import { recordOf } from "./nodes/index.js";
import { checkBits, commonPacking } from "./packing.js";
import type { ParameterSpec } from "./parameter_spec.js";
import { inferShapes } from "./shapes.js";
import { closestNames } from "./suggest.js";
import type { Graph, Node } from "./types.js";

export type { NodeParameter, ParameterRole, ParameterSpec } from "./parameter_spec.js";

/** Stored beside the parameters by a framework although no layer of the network in inference reads them. */
const KNOWN_EXTRAS: readonly RegExp[] = [
  /(^|\.)num_batches_tracked$/, // torch's counter of every batch norm
  /^current_stage\./, // BMXNet's dense networks save their last stage twice
  /^auxiliary_(net|head)\./, // AWNAS's second classifier, used in training only
];

/** True for a stored name that needs no place in the graph: batch counters, BMXNet's aliases, auxiliary heads. */
export function isKnownExtra(name: string): boolean {
  return KNOWN_EXTRAS.some((pattern) => pattern.test(name));
}

function nodesInRegistrationOrder(graph: Graph): readonly Node[] {
  const order = new Map(modulesOf(graph).map(({ path }, index) => [path, index]));
  return [...graph.nodes].sort((a, b) => (order.get(a.module) ?? 0) - (order.get(b.module) ?? 0));
}

function nodeParameters(node: Node, shapes: ReadonlyMap<string, Shape>): readonly ParameterSpec[] {
  const { parameters } = recordOf(node);
  if (parameters === undefined) return [];
  return parameters(node, shapes.get(node.inputs[0])!).flatMap(
    ({ name, shape, role, packing = null, ignored = false }) =>
      name === null ? [] : [{ name, shape, role, binary: packing !== null, packing, node: node.name, ignored }],
  );
}

/** Of graphs whose parameters were asked for before: graphs are plain data that nobody changes. */
const specsOf = new WeakMap<Graph, readonly ParameterSpec[]>();

/**
 * The parameters of a graph in the framework's registration order (gluon's `save_parameters`), each name once.
 * @throws XnorkitError `bad-graph` if one name is used for parameters that differ, `bad-shape` if shapes do not fit.
 */
export function parameterSpecs(graph: Graph): readonly ParameterSpec[] {
  let specs = specsOf.get(graph);
  if (specs === undefined) {
    specs = collectSpecs(graph);
    specsOf.set(graph, specs);
  }
  return [...specs];
}

function collectSpecs(graph: Graph): readonly ParameterSpec[] {
  const shapes = inferShapes(graph);
  const specs = new Map<string, ParameterSpec>();
  for (const node of nodesInRegistrationOrder(graph)) {
    for (const spec of nodeParameters(node, shapes)) {
      const earlier = specs.get(spec.name);
      if (earlier === undefined) {
        specs.set(spec.name, spec);
      } else if (
        !sameShape(earlier.shape, spec.shape) ||
        earlier.role !== spec.role ||
        earlier.binary !== spec.binary
      ) {
        throw new XnorkitError(
          "bad-graph",
          `parameter ${spec.name} is a ${earlier.role} of ${formatShape(earlier.shape)} for layer ${earlier.node} ` +
            `and a ${spec.role}` +
            ` of ${formatShape(spec.shape)} for layer ${spec.node}: it can be shared only where both are the same`,
        );
      } else {
        const packing = commonPacking(earlier.packing, spec.packing);
        specs.set(spec.name, { ...earlier, packing, ignored: earlier.ignored && spec.ignored });
      }
    }
  }
  return [...specs.values()];
}

/**
 * Compares the names a file holds with those a graph needs, before any data is read.
 * @throws XnorkitError `missing-weight` or `surplus-weight` with the name. Names that a framework is known to save
 *   beside (`isKnownExtra`) are let pass.
 */
export function matchWeights(specs: readonly ParameterSpec[], names: Iterable<string>): void {
  const found = new Set(names);
  const known = new Set(specs.map(({ name }) => name));
  const surplus = [...found].filter((name) => !known.has(name) && !isKnownExtra(name));
  const missing = specs.filter(({ name }) => !found.has(name));
  if (missing.length > 0) {
    const [{ name, shape, node }] = missing;
    const others = missing.length > 1 ? `, nor are ${missing.length - 1} others` : "";
    const hint =
      surplus.length > 0 ? `; among its surplus names "${closestNames(name, surplus, 1)[0]}" is the closest` : "";
    throw new XnorkitError(
      "missing-weight",
      `parameter ${name} (${formatShape(shape)}, for layer ${node}) is not in the weights${others}${hint}: is it the ` +
        "file of this network?",
    );
  }
  if (surplus.length > 0) {
    const others = surplus.length > 1 ? ` (and ${surplus.length - 1} others)` : "";
    throw new XnorkitError(
      "surplus-weight",
      `the weights hold ${surplus[0]}${others}, which the network does not know: is it the file of this network?`,
    );
  }
}

function place(index: number, shape: Shape): string {
  const indices: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${indices.join(", ")}]`;
}

const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function checkFloats(spec: ParameterSpec, data: Float32Array): void {
  if (data.length !== elementCount(spec.shape)) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${spec.name} of shape ${formatShape(spec.shape)} needs ${elementCount(spec.shape)} values, but has ` +
        `${data.length}`,
    );
  }
  if (spec.ignored) return;
  // The engine's own loops: one of ours would run before it is compiled, and networks have a million weights.
  if (notFinite.some((value) => data.includes(value))) {
    const i = data.findIndex((value) => !Number.isFinite(value));
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} is ${data[i]} at ${place(i, spec.shape)} (element ${i}), where a finite number is needed`,
    );
  }
  if (spec.role !== "variance") return;
  const negative = data.findIndex((value) => value < 0);
  if (negative >= 0) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} is ${data[negative]} at ${place(negative, spec.shape)}, but a variance cannot be ` +
        "negative",
    );
  }
}

/** What `readWeights` gives, for callers without types. */
function checkForm({ name }: ParameterSpec, weight: Weight): void {
  const kind: string | undefined = weight?.kind;
  const data = kindOf(weight?.data);
  const fits = (kind === "f32" && data === "Float32Array") || (kind === "bits" && data === "Uint8Array");
  if (fits && Array.isArray(weight.shape)) return;
  throw new XnorkitError(
    "bad-value",
    `parameter ${name} must be { kind: "f32", shape, data: Float32Array } or { kind: "bits", shape, data: ` +
      `Uint8Array }, found ${describeArgument(weight)}`,
  );
}

/**
 * Weights that fit what they were checked for last: like graphs, plain data that nobody changes. Only a buffer that was
 * transferred elsewhere is seen, by its length.
 */
const fitting = new WeakMap<Weight, { readonly spec: ParameterSpec; readonly length: number }>();

/**
 * Checks one parameter, once. Float values fit everywhere (binary layers take their signs), bits only if `packing` says
 * so and with what it needs beside them.
 * @throws XnorkitError `bad-shape` with both shapes, `bad-value` with the place of a NaN, an infinity, a negative
 *   variance or a stray bit, or if bits do not suffice. Values that are read past (`ignored`) may be anything.
 */
export function checkWeight(spec: ParameterSpec, weight: Weight): void {
  checkForm(spec, weight);
  const { length } = weight.data;
  const known = fitting.get(weight);
  if (known?.spec === spec && known.length === length) return;
  if (!sameShape(spec.shape, weight.shape)) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${spec.name} has shape ${formatShape(weight.shape)}, but layer ${spec.node} needs ` +
        `${formatShape(spec.shape)}`,
    );
  }
  if (weight.kind === "bits") checkBits(spec, weight);
  else checkFloats(spec, weight.data);
  fitting.set(weight, { spec, length });
}

/**
 * Checks that weights hold what a graph needs and nothing else.
 * @throws XnorkitError `missing-weight`, `surplus-weight`, `bad-shape` or `bad-value`, naming the parameter and the
 *   place.
 */
export function checkWeights(graph: Graph, weights: Weights): void {
  mapArgument("a model", "weights", "a Map of weights by name, as readWeights gives it", weights);
  const specs = parameterSpecs(graph);
  matchWeights(specs, weights.keys());
  for (const spec of specs) checkWeight(spec, weights.get(spec.name)!);
}
