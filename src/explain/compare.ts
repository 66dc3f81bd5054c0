/**
 * Two networks side by side: their parts aligned, the questions that people ask answered for both, and all differences.
 */
import { optionsArgument } from "../arguments.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import { answersFor } from "./answers.js";
import { type Counts, countsOf } from "./counts.js";
import {
  type Description,
  describeOutline,
  type LayerDescription,
  type PartDescription,
  type UnitDescription,
} from "./describe.js";
import { type Difference, differencesOf } from "./differences.js";
import { type Outline, outlineOf } from "./outline.js";
import { type Pairing, pairNetworks } from "./pairing.js";
import type { Answer } from "./question.js";

/** Both networks' element of one place; null if one has none there. */
export interface Side<T> {
  readonly a: T | null;
  readonly b: T | null;
}

/** Two units of one place, layer by layer. */
export interface AlignedUnit extends Side<UnitDescription> {
  readonly layers: readonly Side<LayerDescription>[];
}

/** Two parts of one role, unit by unit. */
export interface AlignedPart extends Side<PartDescription> {
  readonly units: readonly AlignedUnit[];
}

/** One question about networks, answered for both. */
export interface QuestionAnswered {
  readonly key: string;
  readonly question: string;
  readonly a: Pick<Answer, "text" | "data">;
  readonly b: Pick<Answer, "text" | "data">;
  readonly isSame: boolean;
}

/** What `compare` finds: both descriptions, their parts aligned, answers, counts and differences. */
export interface Comparison {
  readonly a: Description;
  readonly b: Description;
  readonly counts: { readonly a: Counts; readonly b: Counts };
  readonly parts: readonly AlignedPart[];
  readonly questions: readonly QuestionAnswered[];
  readonly differences: readonly Difference[];
}

interface Described {
  readonly outline: Outline;
  readonly description: Description;
}

function describedBy(graph: Graph, inputShape: Shape | undefined): Described {
  const outline = outlineOf(graph, inputShape);
  return { outline, description: describeOutline(outline) };
}

/**
 * The paired parts with their descriptions in place of nodes. A unit that only one division has is described on its
 * side.
 */
function alignedParts({ parts }: Pairing, a: Description, b: Description): readonly AlignedPart[] {
  const partsOf = ({ parts: all }: Description) => new Map(all.map((part) => [part.label, part]));
  const unitsOf = ({ parts: all }: Description) =>
    new Map(all.flatMap(({ units }) => units).map((unit) => [unit.layers[0]?.name, unit]));
  const layersOf = ({ parts: all }: Description) =>
    new Map(all.flatMap(({ units }) => units.flatMap(({ layers }) => layers)).map((layer) => [layer.name, layer]));
  const [aParts, bParts] = [partsOf(a), partsOf(b)];
  const [aUnits, bUnits] = [unitsOf(a), unitsOf(b)];
  const [aLayers, bLayers] = [layersOf(a), layersOf(b)];
  const found = <T>(map: ReadonlyMap<string | undefined, T>, key: string | undefined): T | null =>
    (key === undefined ? undefined : map.get(key)) ?? null;
  return parts.map(({ part, units }) => ({
    a: found(aParts, part.a?.label),
    b: found(bParts, part.b?.label),
    units: units.map(({ unit, layers }) => ({
      a: found(aUnits, unit.a?.nodes[0].name),
      b: found(bUnits, unit.b?.nodes[0].name),
      layers: layers.map((layer) => ({ a: found(aLayers, layer.a?.name), b: found(bLayers, layer.b?.name) })),
    })),
  }));
}

function questionsFor(a: Described, b: Described): readonly QuestionAnswered[] {
  const others = new Map(answersFor(b.outline, b.description).map((answer) => [answer.key, answer]));
  return answersFor(a.outline, a.description).map(({ key, question, text, data }) => {
    const other = others.get(key)!;
    return {
      key,
      question,
      a: { text, data },
      b: { text: other.text, data: other.data },
      isSame: JSON.stringify(data) === JSON.stringify(other.data),
    };
  });
}

/**
 * Compares two networks. Their layers are paired by an alignment of parts, units and layers; names play hardly a role.
 *
 * Each difference says where (the layer's name), which field, and the values of both sides. Those that change shapes
 * come first, with what follows from them beneath. Names of layers and of parameters are no differences between
 * networks that name them differently.
 * @param options.inputShape another input than the graphs' own, for both.
 * @throws XnorkitError `bad-shape` if a network cannot read the shape.
 */
export function compare(first: Graph, second: Graph, options: { readonly inputShape?: Shape } = {}): Comparison {
  const { inputShape } = optionsArgument("compare", ["inputShape"], options);
  const [a, b] = [first, second].map((graph) => describedBy(graph, inputShape));
  const pairing = pairNetworks(a.outline, b.outline);
  return {
    a: a.description,
    b: b.description,
    counts: { a: countsOf(a.outline, a.description), b: countsOf(b.outline, b.description) },
    parts: alignedParts(pairing, a.description, b.description),
    questions: questionsFor(a, b),
    differences: differencesOf(a.outline, b.outline, pairing),
  };
}
