/**
 * Differences of two networks whose layers are paired: fields, wiring, layers that only one has. What changes shapes
 * comes first, and what follows from a difference (the shapes and costs of layers behind it) is folded beneath it.
 */
import { parameterSpecs } from "../graph/parameters.js";
import { inferNodeShape } from "../graph/shapes.js";
import type { Graph, Node } from "../graph/types.js";
import { canonicalPadding, paddingSides } from "../graph/window.js";
import { elementCount, type Shape, sameShape } from "../tensor.js";
import { isOneAffineInTwoForms, onlyReader } from "./affines.js";
import { fieldsOf } from "./describe.js";
import { expressionOf } from "./expression.js";
import { type Figures, figuresBy } from "./figures.js";
import { hasModuleTree } from "./modules.js";
import { notation } from "./notation.js";
import type { Outline, Unit } from "./outline.js";
import type { Pair, Pairing } from "./pairing.js";
import { type Shortcut, shortcutsOf } from "./shortcuts.js";

/** One difference of two networks, with what follows from it. */
export interface Difference {
  /** Name of the layer in `a`, or in `b` if only that has it; "" is the network itself. */
  readonly path: string;
  /** Its name in `b` if that is another one. */
  readonly pathInB?: string;
  /**
   * A field of the node, `kind`, `inputs`, or `layer` and `shortcut` for one that only one network has (null on the
   * other side). Among consequences also `outputShape` and the figures.
   */
  readonly field: string;
  readonly a: unknown;
  readonly b: unknown;
  /** What follows from it. */
  readonly consequences?: readonly Difference[];
}

interface Found {
  readonly difference: Difference;
  readonly consequences: Difference[];
  changesShapes: boolean;
}

/** One network of the two, with what the comparison looks up. */
interface Side {
  readonly outline: Outline;
  readonly positions: ReadonlyMap<string, number>;
  readonly figures: ReadonlyMap<string, Figures>;
  readonly parameters: ReadonlySet<string>;
  readonly shortcuts: ReadonlyMap<string, Shortcut>;
  /** Layers of which the other network has the partner. */
  readonly paired: Set<string>;
  /** Where each value comes from, of the values that are paired. */
  readonly sources: Map<string, string>;
  /** The difference that made the shape of a value another one. */
  readonly causes: Map<string, Found>;
}

function sideOf(outline: Outline): Side {
  const { graph } = outline.flow;
  const units = outline.parts.flatMap((part) => part.units);
  const found = units.flatMap(({ nodes, from }: Unit) => shortcutsOf(expressionOf(nodes, from), from));
  return {
    outline,
    positions: new Map(graph.nodes.map(({ name }, index) => [name, index])),
    figures: figuresBy(graph, ({ name }) => name, outline.inputShape),
    parameters: new Set(parameterSpecs(graph).map(({ name }) => name)),
    shortcuts: new Map(found.map((shortcut) => [shortcut.addedAt, shortcut])),
    paired: new Set(),
    sources: new Map(),
    causes: new Map(),
  };
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Fields of which several forms mean the same: borders in numbers, defaults written out. */
function plainFields(node: Node, input: Shape | undefined): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = { ...fieldsOf(node) };
  if ("padding" in node && input !== undefined) {
    fields.padding = canonicalPadding(paddingSides(node, [input[2], input[3]]));
  }
  // The numbers of one pixel have one order.
  if (node.kind === "flatten") fields.layout = isPixel(input) ? "NCHW" : (node.layout ?? "NCHW");
  if (node.kind === "crop") fields.bottom ??= 0;
  if (node.kind === "crop") fields.right ??= 0;
  return fields;
}

/** True for the shape of maps of one pixel. */
function isPixel(shape: Shape | undefined): boolean {
  return shape !== undefined && elementCount(shape.slice(2)) === 1;
}

/** True for TensorFlow's SAME. */
function isSame(node: Node): boolean {
  return "padding" in node && node.padding === "same";
}

/** Layers whose result does not depend on the order of what they read. */
function isCommutative(node: Node, reads: readonly Shape[]): boolean {
  return (node.kind === "add" || node.kind === "mul") && reads.every((shape) => sameShape(shape, reads[0]));
}

/** A shortcut in words. */
function shortcutText({ readsWhat, via, addedAfter, how }: Shortcut): string {
  const path = via === "" ? readsWhat : `${readsWhat}-${via}`;
  return how === "add" ? `${path}, added after ${addedAfter}` : `${path}, joined with ${addedAfter}`;
}

interface Comparison {
  readonly a: Side;
  readonly b: Side;
  readonly found: Found[];
  /** Names of values in `b` by those in `a`. */
  readonly partners: Map<string, string>;
  /** Names of parameters of `b` by those of `a`, and the other way. */
  readonly parametersAToB: Map<string, string>;
  readonly parametersBToA: Map<string, string>;
  readonly isSameSkeleton: boolean;
  /** Both networks have a module tree, or neither has one. */
  readonly areModulesAlike: boolean;
}

/** A node and the shapes that it reads. */
type Read = readonly [Node, readonly Shape[]];

function report(comparison: Comparison, difference: Difference): Found {
  const found: Found = { difference, consequences: [], changesShapes: false };
  comparison.found.push(found);
  return found;
}

/**
 * The paired value that each value comes from: itself, or what the layers read that only this network has. Of several
 * the one computed last, which lies on the longest branch.
 */
function resolveSources({ outline, positions, paired, sources }: Side): void {
  const { graph, input } = outline.flow;
  for (const { name, inputs } of graph.nodes) {
    const isOwn = name === input || paired.has(name);
    const own = isOwn ? [name] : inputs.map((read) => sources.get(read) ?? read);
    sources.set(
      name,
      own.reduce((last, read) => ((positions.get(read) ?? 0) > (positions.get(last) ?? 0) ? read : last)),
    );
  }
}

function source({ sources }: Side, value: string): string {
  return sources.get(value) ?? value;
}

function sameParameter(
  { parametersAToB, parametersBToA }: Comparison,
  a: string,
  b: string,
  sameName: boolean,
): boolean {
  // Under one name in both networks names must agree; else one stands for the other, always the same one.
  if (sameName) return a === b;
  const [known, back] = [parametersAToB.get(a), parametersBToA.get(b)];
  if (known === undefined && back === undefined) {
    parametersAToB.set(a, b);
    parametersBToA.set(b, a);
    return true;
  }
  return known === b && back === a;
}

function sameField(comparison: Comparison, [a, b]: readonly [Node, Node], one: unknown, other: unknown): boolean {
  if (
    typeof one === "string" &&
    typeof other === "string" &&
    comparison.a.parameters.has(one) &&
    comparison.b.parameters.has(other)
  ) {
    return sameParameter(comparison, one, other, a.name === b.name);
  }
  return equal(one, other);
}

/** What a convolution does to all numbers of a channel, as an affine after it would. */
const AFFINE_FIELDS: ReadonlySet<string> = new Set(["offset", "scaling"]);

/** True if the affines behind both layers hold what their fields differ in, having two forms. */
function isHeldBehind({ a, b, partners }: Comparison, first: Node, second: Node): boolean {
  const [one, other] = [onlyReader(a.outline.flow, first.name), onlyReader(b.outline.flow, second.name)];
  if (one === undefined || other === undefined) return false;
  return partners.get(one.name) === other.name && isOneAffineInTwoForms(one, other);
}

function inputsAgree(comparison: Comparison, [a, readsA]: Read, [b, readsB]: Read): boolean {
  const { partners } = comparison;
  const sources = a.inputs.map((input) => partners.get(source(comparison.a, input)) ?? null);
  const others = b.inputs.map((input) => source(comparison.b, input));
  if (equal(sources, others)) return true;
  // Two frameworks add in different orders; in two versions of one network the order is a difference like any other.
  if (comparison.isSameSkeleton || !isCommutative(a, readsA) || !isCommutative(b, readsB)) return false;
  return equal([...sources].sort(), [...others].sort());
}

function shapeWith(node: Node, inputs: readonly Shape[]): Shape | null {
  if (node.kind === "input") return null;
  try {
    return inferNodeShape(node, inputs);
  } catch {
    return null; // it fits no more: the shapes depend on what was changed
  }
}

/** True if a field alone makes the shape another one. */
function changesShape(a: Node, b: Node, field: string, { outline }: Side): boolean {
  const { shapes, flow } = outline;
  if (field === "kind" || field === "module") return false;
  const changed = { ...a, [field]: b[field as keyof Node] } as Node;
  const before = a.inputs.map((name) => shapes.get(name)!);
  const after = field === "inputs" ? null : shapeWith(changed, before);
  return flow.byName.has(a.name) && (after === null || !sameShape(after, shapes.get(a.name)!));
}

/** The difference that made what a layer reads another shape. */
function causeOf({ a, b }: Comparison, first: Node, second: Node): Found | null {
  for (const [side, node] of [
    [a, first],
    [b, second],
  ] as const) {
    for (const input of node.inputs) {
      const cause = side.causes.get(input);
      if (cause !== undefined) return cause;
    }
  }
  return null;
}

const FIGURES = ["parameters", "packedBytes", "binaryMacs", "floatMacs", "denseMacs"] as const;

/** What of a pair's shape and costs differs. */
function derived({ a, b }: Comparison, first: Node, second: Node, where: Pick<Difference, "path" | "pathInB">) {
  const [one, other] = [a.outline.shapes.get(first.name)!, b.outline.shapes.get(second.name)!];
  const shape: Difference[] = sameShape(one, other) ? [] : [{ ...where, field: "outputShape", a: one, b: other }];
  const [costs, others] = [a.figures.get(first.name), b.figures.get(second.name)];
  const figures = FIGURES.flatMap((field): readonly Difference[] => {
    const [from, to] = [costs?.[field] ?? 0, others?.[field] ?? 0];
    return from === to ? [] : [{ ...where, field, a: from, b: to }];
  });
  return { shape, figures };
}

function comparePair(comparison: Comparison, a: Node, b: Node): void {
  const where = a.name === b.name ? { path: a.name } : { path: a.name, pathInB: b.name };
  const shapesOf = ({ outline }: Side, node: Node) => node.inputs.map((name) => outline.shapes.get(name)!);
  const [readsA, readsB] = [shapesOf(comparison.a, a), shapesOf(comparison.b, b)];
  const [fieldsA, fieldsB] = [plainFields(a, readsA[0]), plainFields(b, readsB[0])];
  const own: Found[] = [];
  const isAffineInTwoForms = isOneAffineInTwoForms(a, b);
  if (a.kind !== b.kind && !isAffineInTwoForms)
    own.push(report(comparison, { ...where, field: "kind", a: a.kind, b: b.kind }));
  for (const field of new Set([...Object.keys(fieldsA), ...Object.keys(fieldsB)])) {
    // A field of one kind alone says nothing that the kinds do not.
    if (a.kind !== b.kind && !(field in fieldsA && field in fieldsB)) continue;
    // SAME in both: its sides follow from the kernel and the input, whose difference is told already.
    if (field === "padding" && isSame(a) && isSame(b)) continue;
    // The same order in both: whether it orders anything follows from the input as well.
    if (a.kind === "flatten" && b.kind === "flatten" && field === "layout" && a.layout === b.layout) continue;
    if (sameField(comparison, [a, b], fieldsA[field], fieldsB[field])) continue;
    if (AFFINE_FIELDS.has(field) && isHeldBehind(comparison, a, b)) continue;
    const [one, other] = [a, b].map((node) => (node as unknown as Readonly<Record<string, unknown>>)[field] ?? null);
    own.push(report(comparison, { ...where, field, a: one, b: other }));
  }
  if (comparison.areModulesAlike && a.name === b.name && a.module !== b.module) {
    own.push(report(comparison, { ...where, field: "module", a: a.module, b: b.module }));
  }
  if (!inputsAgree(comparison, [a, readsA], [b, readsB])) {
    own.push(report(comparison, { ...where, field: "inputs", a: a.inputs, b: b.inputs }));
  }

  const { shape, figures } = derived(comparison, a, b, where);
  const sameReads = readsA.length === readsB.length && readsA.every((read, index) => sameShape(read, readsB[index]));
  const shaping = own.filter(({ difference }) => changesShape(a, b, difference.field, comparison.a));
  const cause = shaping[0] ?? (shape.length > 0 && sameReads ? own[0] : undefined) ?? causeOf(comparison, a, b);
  if (shape.length > 0) {
    for (const found of shaping) found.changesShapes = true;
    const blamed = cause ?? report(comparison, shape[0]);
    blamed.changesShapes = true;
    if (cause !== null) blamed.consequences.push(...shape);
    comparison.a.causes.set(a.name, blamed);
    comparison.b.causes.set(b.name, blamed);
  }
  // Costs follow from the maps that a layer reads, if they differ, else from its own fields.
  if (isAffineInTwoForms) return;
  const costly = sameReads ? own[0] : (causeOf(comparison, a, b) ?? cause ?? own[0]);
  costly?.consequences.push(...figures);
}

/** A layer that one network has alone. */
function reportAlone(comparison: Comparison, node: Node, isInA: boolean): void {
  const side = isInA ? comparison.a : comparison.b;
  const shortcut = side.shortcuts.get(node.name);
  const text = shortcut === undefined ? notation(node) : shortcutText(shortcut);
  const field = shortcut === undefined ? "layer" : "shortcut";
  const found = report(comparison, { path: node.name, field, a: isInA ? text : null, b: isInA ? null : text });
  const { shapes } = side.outline;
  if (sameShape(shapes.get(node.inputs[0])!, shapes.get(node.name)!)) {
    const cause = node.inputs.map((input) => side.causes.get(input)).find((known) => known !== undefined);
    if (cause !== undefined) side.causes.set(node.name, cause);
  } else {
    found.changesShapes = true;
    side.causes.set(node.name, found);
  }
}

function compareGraphs(comparison: Comparison, a: Graph, b: Graph): void {
  const whole = (graph: Graph): Readonly<Record<string, unknown>> => {
    const { inputShape, preprocess = null, labels = null } = graph;
    return { inputShape, layout: (graph as { layout?: string }).layout ?? "NCHW", preprocess, labels };
  };
  const [one, other] = [whole(a), whole(b)];
  for (const field of Object.keys(one)) {
    if (equal(one[field], other[field])) continue;
    const found = report(comparison, { path: "", field, a: one[field], b: other[field] });
    if (field !== "inputShape" && field !== "layout") continue;
    comparison.a.causes.set(comparison.a.outline.flow.input, found);
    comparison.b.causes.set(comparison.b.outline.flow.input, found);
  }
}

function compareOutputs(comparison: Comparison, a: Graph, b: Graph): void {
  if (comparison.partners.get(source(comparison.a, a.output)) === source(comparison.b, b.output)) return;
  report(comparison, { path: "", field: "output", a: a.output, b: b.output });
}

/** In the order in which the layers are computed in `b`, those of `a` alone where they would stand. */
function pairsInOrder({ parts, unused }: Pairing): readonly Pair<Node>[] {
  return [...parts.flatMap(({ units }) => units.flatMap(({ layers }) => layers)), ...unused];
}

/** The differences of two paired networks; none if both compute the same in the same way. */
export function differencesOf(a: Outline, b: Outline, pairing: Pairing): readonly Difference[] {
  const [first, second] = [sideOf(a), sideOf(b)];
  const comparison: Comparison = {
    a: first,
    b: second,
    found: [],
    partners: new Map([[a.flow.input, b.flow.input]]),
    parametersAToB: new Map(),
    parametersBToA: new Map(),
    isSameSkeleton: pairing.isSameSkeleton,
    areModulesAlike: hasModuleTree(a.flow.graph) === hasModuleTree(b.flow.graph),
  };
  const pairs = pairsInOrder(pairing);
  for (const pair of pairs) {
    if (pair.a === null || pair.b === null) continue;
    comparison.partners.set(pair.a.name, pair.b.name);
    first.paired.add(pair.a.name);
    second.paired.add(pair.b.name);
  }
  for (const side of [first, second]) resolveSources(side);
  compareGraphs(comparison, a.flow.graph, b.flow.graph);
  for (const { a: one, b: other } of pairs) {
    if (one !== null && other !== null) comparePair(comparison, one, other);
    else reportAlone(comparison, (one ?? other)!, one !== null);
  }
  compareOutputs(comparison, a.flow.graph, b.flow.graph);

  const listed = comparison.found.map(({ difference, consequences, changesShapes }) => ({
    changesShapes,
    difference: consequences.length === 0 ? difference : { ...difference, consequences },
  }));
  return [...listed.filter((found) => found.changesShapes), ...listed.filter((found) => !found.changesShapes)].map(
    ({ difference }) => difference,
  );
}
