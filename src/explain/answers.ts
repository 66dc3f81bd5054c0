/**
 * The questions that people ask of two networks, answered for one from its graph: what the stem is, what a printed
 * block holds, in which order its layers stand, what its shortcuts read, how a stage is reduced, what its numbers are.
 * Each answer has data and words.
 */
import { arithmeticAnswers } from "./answers_arithmetic.js";
import { blockAnswers } from "./answers_blocks.js";
import type { Description, PartDescription, UnitDescription } from "./describe.js";
import type { Outline } from "./outline.js";
import type { Answer, Questioned } from "./question.js";

function mostFrequent(units: readonly UnitDescription[]): UnitDescription | null {
  const counts = new Map<string, number>();
  for (const { expression } of units) counts.set(expression, (counts.get(expression) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return units.find(({ expression }) => counts.get(expression) === most) ?? null;
}

function partOf({ parts }: Description, role: PartDescription["role"]): PartDescription | undefined {
  return parts.find((part) => part.role === role);
}

function stemAnswer({ outline, description }: Questioned): Answer {
  const stem = partOf(description, "stem");
  const input = outline.shapes.get(outline.flow.input)!;
  const shape = stem?.outputShape ?? input;
  const scale = stem !== undefined && shape.length === 4 ? Math.round(input[2] / shape[2]) : 1;
  const text = stem?.units[0].expression ?? "none";
  return {
    key: "stem",
    question: "stem",
    text: stem === undefined ? text : `${text}: 1/${scale} of the size`,
    data: { layers: text, scale },
  };
}

function endAnswer({ description }: Questioned): Answer {
  const stages = description.parts.filter(({ role }) => role === "stage");
  const last = stages.at(-1)?.units.at(-1)?.expression ?? null;
  const head = partOf(description, "head")?.units[0].expression ?? "none";
  return {
    key: "end",
    question: "end",
    text: last === null ? head : `${last}, then ${head}`,
    data: { lastUnit: last, head },
  };
}

/** All answers for a network, in the order in which people ask. */
export function answersFor(outline: Outline, description: Description): readonly Answer[] {
  const units = description.parts.flatMap((part) => (part.role === "stage" ? part.units : []));
  const withWeights = units.filter(({ layers }) => layers.some(({ precision }) => precision !== null));
  const typical = mostFrequent(withWeights.filter(({ reduces }) => !reduces)) ?? mostFrequent(withWeights);
  const questioned: Questioned = {
    outline,
    description,
    typical,
    alike: withWeights.filter(({ expression }) => expression === typical?.expression),
    reducing: mostFrequent(withWeights.filter(({ reduces }) => reduces)),
  };
  return [stemAnswer(questioned), ...blockAnswers(questioned), ...arithmeticAnswers(questioned), endAnswer(questioned)];
}
