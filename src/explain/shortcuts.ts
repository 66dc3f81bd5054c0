/** Shortcuts: branches that are added to, or joined with, the branch that does the work. */
import type { Node } from "../graph/types.js";
import { type Expression, formatExpression, mainBranch, nodesOf, type Step } from "./expression.js";
import { isWeighted } from "./flow.js";
import { notation } from "./notation.js";

/** What an adding or joining layer reads past the layers of its branch. */
export interface Shortcut {
  /** Name of the value that it starts at. */
  readonly reads: string;
  /** In words: `x` is what the unit reads; else the layer within the unit whose output it reads. */
  readonly readsWhat: string;
  /** Name of the node where it arrives. */
  readonly addedAt: string;
  readonly how: "add" | "concat";
  /** The layer that ends the branch beside it: it is added after this one. */
  readonly addedAfter: string;
  /** Without layers; with layers that have no weights (pooling); with a convolution of its own. */
  readonly kind: "identity" | "parameterFree" | "projection";
  /** Its layers, "" for an identity. */
  readonly via: string;
  /** The names of its layers. */
  readonly layers: readonly string[];
}

function lastWord(expression: Expression): string {
  const step = expression[expression.length - 1];
  if (step === undefined) return "x";
  return notation(step.kind === "tangle" ? step.nodes[step.nodes.length - 1] : step.node);
}

function ofMerge(step: Extract<Step, { kind: "merge" }>, label: (value: string) => string): readonly Shortcut[] {
  const { node, branches, from } = step;
  const main = mainBranch(branches);
  if (main === null || (node.kind !== "add" && node.kind !== "concat")) return [];
  const how = node.kind;
  return branches.flatMap((branch, index): readonly Shortcut[] => {
    const layers = nodesOf(branch);
    const hasWeights = layers.some(isWeighted);
    // Convolutions that are joined are halves of one layer; only what carries values past them is a shortcut.
    if (index === main || (how === "concat" && hasWeights)) return [];
    return [
      {
        reads: from,
        readsWhat: label(from),
        addedAt: node.name,
        how,
        addedAfter: lastWord(branches[main]),
        kind: layers.length === 0 ? "identity" : hasWeights ? "projection" : "parameterFree",
        via: formatExpression(branch, label),
        layers: layers.map(({ name }) => name),
      },
    ];
  });
}

/**
 * The shortcuts of a unit, inner ones first.
 * @param from the value that the unit reads.
 */
export function shortcutsOf(expression: Expression, from: string): readonly Shortcut[] {
  const words = new Map([[from, "x"]]);
  const collect = (steps: Expression): readonly Shortcut[] =>
    steps.flatMap((step) => {
      if (step.kind === "tangle") return [];
      words.set(step.node.name, notation(step.node));
      if (step.kind === "layer") return [];
      return [...step.branches.flatMap(collect), ...ofMerge(step, (value) => words.get(value) ?? value)];
    });
  return collect(expression);
}

/** The nodes of a unit that lie on its shortcuts. */
export function shortcutNodes(shortcuts: readonly Shortcut[]): ReadonlySet<Node["name"]> {
  return new Set(shortcuts.flatMap(({ layers }) => layers));
}
