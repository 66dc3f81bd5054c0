/**
 * Answers about numbers: borders, the sign of zero, what a binary convolution returns, kernels, norms, activations,
 * pooling.
 */
import type { Node } from "../graph/types.js";
import { paddingSides } from "../graph/window.js";
import type { LayerDescription } from "./describe.js";
import { isSign } from "./notation.js";
import type { Answer, Questioned } from "./question.js";

function nodesOf({ outline }: Questioned): readonly Node[] {
  return outline.flow.live;
}

function binaryConvolutions(questioned: Questioned) {
  return nodesOf(questioned).flatMap((node) => (node.kind === "binaryConv2d" ? [node] : []));
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function border(questioned: Questioned): Answer {
  const { shapes } = questioned.outline;
  const padded = binaryConvolutions(questioned).filter((node) => {
    const [, , height, width] = shapes.get(node.inputs[0])!;
    return paddingSides(node, [height, width]).some((size) => size > 0);
  });
  const values = [...distinct<number>(padded.map(({ padValue }) => padValue))].sort((a, b) => a - b);
  const words = values.map((value) => (value === 0 ? "0, not counted" : `${value}, counted`));
  return { key: "border", question: "border of binary layers", text: words.join("; ") || "none", data: values };
}

/** What each way of taking signs makes of zero. */
const ZERO: Readonly<Record<string, number>> = { det_sign: 1, sign_approx_sign: 1, sign: 0, sign_greater: -1 };

function signOfZero(questioned: Questioned): Answer {
  const methods = nodesOf(questioned).flatMap((node) =>
    node.kind === "quantize" && isSign(node) ? [ZERO[node.method]] : [],
  );
  const values = [...distinct(methods)].sort((a, b) => a - b);
  const text = values.map((value) => (value > 0 ? "+1" : String(value))).join("; ");
  return { key: "signOfZero", question: "sign(0)", text: text || "no signs: activations are not 1 bit", data: values };
}

function convolutionOutput(questioned: Questioned): Answer {
  const live = nodesOf(questioned);
  const readers = questioned.outline.flow.readers;
  const facts = binaryConvolutions(questioned).map((node) => {
    const gates = (readers.get(node.name) ?? []).filter(({ kind }) => kind === "mul");
    const isGated = gates.length > 0 && live.some(({ kind }) => kind === "absMean");
    return { offset: node.offset, scaling: node.scaling, weights: node.quantizer, inputMagnitude: isGated };
  });
  const data = distinct(facts);
  const words = data.map(({ offset, scaling, weights, inputMagnitude }) => {
    const scales = { none: "", channel: " * mean|W| a channel", tensor: " * mean|W| of the tensor" };
    const clamped = weights === "sign" ? " (W clamped to [-1, 1])" : "";
    const base = offset ? "(dot + K) / 2" : `dot${scales[scaling]}${scaling === "none" ? "" : clamped}`;
    return `${base}${inputMagnitude ? " * mean|x|" : ""}`;
  });
  return {
    key: "convolutionOutput",
    question: "a binary layer returns",
    text: distinct(words).join("; ") || "none",
    data,
  };
}

function kernels(questioned: Questioned): Answer {
  const counts = new Map<string, number>();
  for (const { kernel } of binaryConvolutions(questioned)) {
    const size = kernel.join("x");
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  const data = Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? 1 : -1)));
  const text = Object.entries(data).map(([size, count]) => `${size} (${count})`);
  return { key: "kernels", question: "binary kernels", text: text.join(", ") || "none", data };
}

/** Where in a unit the batch norms stand, by what is before and after each. */
function batchNorms({ typical }: Questioned): Answer {
  const layers = (typical?.layers ?? []).filter(({ unused }) => !unused);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const found = layers
    .filter(({ kind }) => kind === "batchNorm")
    .map((layer) => {
      const before = byName.get(layer.reads[0])?.notation ?? "x";
      const after = layers.filter(({ reads }) => reads.includes(layer.name)).map(({ notation }) => notation);
      return { after: before, before: distinct(after) };
    });
  const words = found.map(({ after, before }) => `after ${after}, before ${before.join(" and ") || "the end"}`);
  return { key: "batchNorm", question: "batch norm in a unit", text: words.join("; ") || "none", data: found };
}

/** How many layers that `wanted` picks each part has, by notation. */
function countByPart(
  questioned: Questioned,
  wanted: (layer: LayerDescription) => boolean,
): Readonly<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (const { role, units } of questioned.description.parts) {
    const counts = new Map<string, number>();
    for (const { layers } of units) {
      for (const layer of layers) {
        if (!layer.unused && wanted(layer)) counts.set(layer.notation, (counts.get(layer.notation) ?? 0) + 1);
      }
    }
    const place = role === "stage" ? "stages" : role;
    const own = [...counts].map(([notation, count]) => `${count} ${notation}`).join(", ");
    if (own !== "") parts[place] = parts[place] === undefined ? own : mergeCounts(parts[place], own);
  }
  return parts;
}

function mergeCounts(a: string, b: string): string {
  const counts = new Map<string, number>();
  for (const entry of [...a.split(", "), ...b.split(", ")]) {
    const blank = entry.indexOf(" ");
    const notation = entry.slice(blank + 1);
    counts.set(notation, (counts.get(notation) ?? 0) + Number(entry.slice(0, blank)));
  }
  return [...counts].map(([notation, count]) => `${count} ${notation}`).join(", ");
}

function inParts(key: string, question: string, data: Readonly<Record<string, string>>): Answer {
  const text = Object.entries(data).map(([part, own]) => `${part}: ${own}`);
  return { key, question, text: text.join("; ") || "none", data };
}

const ACTIVATIONS: ReadonlySet<string> = new Set(["relu", "activation", "prelu", "clip", "softmax", "logSoftmax"]);
const POOLINGS: ReadonlySet<string> = new Set(["maxPool", "avgPool", "globalAvgPool"]);

export function arithmeticAnswers(questioned: Questioned): readonly Answer[] {
  return [
    batchNorms(questioned),
    kernels(questioned),
    border(questioned),
    signOfZero(questioned),
    convolutionOutput(questioned),
    inParts(
      "activation",
      "activations",
      countByPart(questioned, ({ kind }) => ACTIVATIONS.has(kind)),
    ),
    inParts(
      "pooling",
      "poolings",
      countByPart(questioned, ({ kind }) => POOLINGS.has(kind)),
    ),
  ];
}
