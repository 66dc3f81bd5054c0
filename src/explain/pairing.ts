/**
 * Which parts, units and layers of two networks stand for each other: parts by their role, channels and resolution,
 * units by what they do to the map and which layers they have, layers by kind, shape and the branch they lie on. Names
 * count for little, so that networks of two frameworks find each other.
 */
import type { Node } from "../graph/types.js";
import { type Shape, sameShape } from "../tensor.js";
import { type Aligned, align } from "./align.js";
import { expressionOf } from "./expression.js";
import { notation } from "./notation.js";
import type { Outline, Part, Unit } from "./outline.js";
import { shortcutNodes, shortcutsOf } from "./shortcuts.js";

export type Pair<T> = Aligned<T, T>;

export interface UnitPair {
  readonly unit: Pair<Unit>;
  readonly layers: readonly Pair<Node>[];
}

export interface PartPair {
  readonly part: Pair<Part>;
  readonly units: readonly UnitPair[];
}

export interface Pairing {
  readonly parts: readonly PartPair[];
  /** Layers that do not run. */
  readonly unused: readonly Pair<Node>[];
  /** Both networks have the same layers in the same order, so that they were paired one by one. */
  readonly isSameSkeleton: boolean;
}

/** Kinds that can stand for each other although they differ. */
const FAMILIES: readonly (readonly Node["kind"][])[] = [
  ["conv2d", "binaryConv2d"],
  ["dense", "binaryDense"],
  ["maxPool", "avgPool", "globalAvgPool"],
  ["relu", "activation", "clip", "prelu"],
  ["batchNorm", "scaleShift", "scale"],
  ["softmax", "logSoftmax"],
  ["add", "concat", "mul"],
];

function areRelated(a: Node["kind"], b: Node["kind"]): boolean {
  return FAMILIES.some((family) => family.includes(a) && family.includes(b));
}

function outputOf({ nodes }: Unit): string {
  return nodes[nodes.length - 1].name;
}

function scaleOf(shape: Shape, input: Shape): number {
  return shape.length === 4 && input.length === 4 ? Math.round(input[2] / shape[2]) : 0;
}

function partScore(a: Outline, b: Outline): (first: Part, second: Part) => number {
  const shapeOf = ({ shapes }: Outline, { units }: Part) => shapes.get(outputOf(units[units.length - 1]))!;
  return (first, second) => {
    if (first.role !== second.role) return 0;
    const [one, other] = [shapeOf(a, first), shapeOf(b, second)];
    const sameChannels = one[1] === other[1];
    const sameScale = scaleOf(one, a.shapes.get(a.flow.input)!) === scaleOf(other, b.shapes.get(b.flow.input)!);
    const counts = [first.units.length, second.units.length];
    return 0.2 + (sameChannels ? 0.3 : 0) + (sameScale ? 0.3 : 0) + (0.2 * Math.min(...counts)) / Math.max(...counts);
  };
}

/** What two bags of words have in common, 0 to 1. */
function likeness(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0;
  let all = 0;
  for (const word of new Set([...a.keys(), ...b.keys()])) {
    const counts = [a.get(word) ?? 0, b.get(word) ?? 0];
    common += Math.min(...counts);
    all += Math.max(...counts);
  }
  return all === 0 ? 1 : common / all;
}

function words({ nodes }: Unit): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(notation(node), (counts.get(notation(node)) ?? 0) + 1);
  return counts;
}

interface UnitFacts {
  readonly unit: Unit;
  readonly channels: number;
  readonly reduces: boolean;
  readonly words: ReadonlyMap<string, number>;
}

function unitFacts({ shapes }: Outline, unit: Unit): UnitFacts {
  const [read, given] = [shapes.get(unit.from)!, shapes.get(outputOf(unit))!];
  const reduces = read.length === given.length && !sameShape(read.slice(2), given.slice(2));
  return { unit, channels: given[1], reduces, words: words(unit) };
}

function unitScore(a: UnitFacts, b: UnitFacts): number {
  const sameBlock = a.unit.block !== null && a.unit.block === b.unit.block;
  return (
    0.1 +
    (a.reduces === b.reduces ? 0.3 : 0) +
    (a.channels === b.channels ? 0.2 : 0) +
    0.4 * likeness(a.words, b.words) +
    (sameBlock ? 0.02 : 0)
  );
}

interface LayerFacts {
  readonly node: Node;
  readonly shape: Shape;
  readonly word: string;
  readonly isOnShortcut: boolean;
  readonly hasShortcutLayers: boolean;
  /** It computes what the unit returns. */
  readonly isLast: boolean;
}

function layerFacts({ shapes }: Outline, { nodes, from }: Unit): readonly LayerFacts[] {
  const onShortcut = shortcutNodes(shortcutsOf(expressionOf(nodes, from), from));
  return nodes.map((node, index) => ({
    node,
    shape: shapes.get(node.name)!,
    word: notation(node),
    isOnShortcut: onShortcut.has(node.name),
    hasShortcutLayers: onShortcut.size > 0,
    isLast: index === nodes.length - 1,
  }));
}

function layerScore(a: LayerFacts, b: LayerFacts): number {
  const sameKind = a.node.kind === b.node.kind;
  if (!sameKind && !areRelated(a.node.kind, b.node.kind)) return 0;
  const likeness =
    (sameKind ? 1 : 0.4) +
    (a.word === b.word ? 0.3 : 0) +
    (sameShape(a.shape, b.shape) ? 0.3 : 0) +
    (a.isLast && b.isLast ? 0.3 : 0) +
    (a.node.name === b.node.name ? 0.2 : 0);
  if (a.isOnShortcut === b.isOnShortcut) return likeness;
  // A layer of the shortcut stands for one of the main branch only if the other unit has no shortcut with layers.
  return a.hasShortcutLayers && b.hasShortcutLayers ? 0 : 0.3 * likeness;
}

function alignLayers(a: Outline, b: Outline, unit: Pair<Unit>): readonly Pair<Node>[] {
  const first = unit.a === null ? [] : layerFacts(a, unit.a);
  const second = unit.b === null ? [] : layerFacts(b, unit.b);
  return align(first, second, layerScore).map(
    (pair): Pair<Node> =>
      pair.a === null
        ? { a: null, b: pair.b.node }
        : pair.b === null
          ? { a: pair.a.node, b: null }
          : { a: pair.a.node, b: pair.b.node },
  );
}

function alignUnits(a: Outline, b: Outline, part: Pair<Part>): readonly UnitPair[] {
  const first = part.a?.units.map((unit) => unitFacts(a, unit)) ?? [];
  const second = part.b?.units.map((unit) => unitFacts(b, unit)) ?? [];
  return align(first, second, unitScore).map((pair) => {
    const unit = { a: pair.a?.unit ?? null, b: pair.b?.unit ?? null } as Pair<Unit>;
    return { unit, layers: alignLayers(a, b, unit) };
  });
}

/** How much of the wiring must be the same for networks of the same layers to be paired one by one. */
const SAME_WIRING = 0.5;

function isSameSkeleton(a: Outline, b: Outline): boolean {
  const [first, second] = [a.flow.graph.nodes, b.flow.graph.nodes];
  if (first.length !== second.length || first.some(({ kind }, index) => kind !== second[index].kind)) return false;
  const [placesA, placesB] = [first, second].map((nodes) => new Map(nodes.map(({ name }, index) => [name, index])));
  let same = 0;
  let all = 0;
  first.forEach(({ inputs }, index) => {
    const others = second[index].inputs;
    all += Math.max(inputs.length, others.length);
    same += inputs.filter((input, position) => placesA.get(input) === placesB.get(others[position])).length;
  });
  return same >= SAME_WIRING * all;
}

/** Layers one by one; the parts of the first network are those of both. */
function pairSkeletons(a: Outline, b: Outline): Pairing {
  const partners = new Map(a.flow.graph.nodes.map(({ name }, index) => [name, b.flow.graph.nodes[index]]));
  const pairOf = (node: Node): Pair<Node> => ({ a: node, b: partners.get(node.name)! });
  const parts = a.parts.map((part): PartPair => {
    const units = part.units.map((unit): UnitPair => {
      const nodes = unit.nodes.map((node) => partners.get(node.name)!);
      const from = partners.get(unit.from)?.name ?? unit.from;
      return { unit: { a: unit, b: { nodes, from, block: unit.block } }, layers: unit.nodes.map(pairOf) };
    });
    return { part: { a: part, b: { ...part, units: units.map(({ unit }) => unit.b!) } }, units };
  });
  const unused = a.flow.unused.map(pairOf);
  return { parts, unused, isSameSkeleton: true };
}

/** Pairs parts, then the units of paired parts, then the layers of paired units. */
export function pairNetworks(a: Outline, b: Outline): Pairing {
  if (isSameSkeleton(a, b)) return pairSkeletons(a, b);
  const parts = align(a.parts, b.parts, partScore(a, b)).map(
    (part): PartPair => ({ part, units: alignUnits(a, b, part) }),
  );
  const unused = align(
    a.flow.unused,
    b.flow.unused,
    (one, other) => (one.kind === other.kind ? 1 : 0) + (one.name === other.name ? 0.5 : 0),
  );
  return { parts, unused, isSameSkeleton: false };
}
