/** Two networks side by side, as `xnorkit compare --html` writes them, and the times of each. */

import { loadLayout } from "../../../src/cli/layout.js";
import { type Comparison, compare } from "../../../src/explain/compare.js";
import { comparisonBody } from "../../../src/explain/page/page.js";
import { comparisonStyles } from "../../../src/explain/page/styles.js";
import { type Times, timesOf } from "../../../src/explain/times.js";
import { describeClosest, quoteName } from "../../../src/graph/suggest.js";
import { createSession, type Graph, randomWeights, type Weights } from "../../../src/index.js";
import { allModelNames, getAnyModel } from "../../../src/models/catalog.js";
import { parseModelSpec } from "../../../src/models/model_spec.js";
import { randomStream } from "../../../src/models/random.js";
import { checkBuildable } from "../../../src/models/registry.js";
import { elementCount } from "../../../src/tensor.js";
import { readNetwork } from "./files.js";
import { meanProfile } from "./measure.js";

/** A network by its name with options, or the files that hold it. */
export type Choice = string | readonly File[];

export type SideName = "a" | "b";

export interface ComparisonView {
  /** What stands in a shadow root, and the styles of it. */
  readonly html: string;
  readonly styles: string;
  readonly differences: number;
  readonly names: readonly [string, string];
}

interface Chosen {
  readonly name: string;
  readonly graph: Graph;
  /** Null for networks by name. */
  readonly weights: Weights | null;
}

interface Shown {
  readonly chosen: Readonly<Record<SideName, Chosen>>;
  readonly comparison: Comparison;
  readonly times: Record<SideName, Times | null>;
}

const SEED = 1;

let shown: Shown | null = null;

/** Networks that need no more than a name. */
export function networkNames(): readonly string[] {
  return allModelNames().filter((name) => !name.endsWith("_flex"));
}

async function choose(choice: Choice): Promise<Chosen> {
  if (typeof choice !== "string") {
    const { name, graph, weights } = await readNetwork(choice);
    return { name, graph, weights };
  }
  const { name, options } = parseModelSpec(choice);
  if (name === "digits") {
    const { digitsModel } = await import("../../../src/models/digits.js");
    return { name, ...digitsModel() };
  }
  if (!allModelNames().includes(name)) {
    checkBuildable(name);
    throw new Error(
      `there is no network named ${quoteName(name)}: ${describeClosest(name, ["digits", ...allModelNames()])}`,
    );
  }
  return { name: choice.trim(), graph: getAnyModel(name, options), weights: null };
}

async function viewOf({ chosen, comparison, times }: Shown): Promise<ComparisonView> {
  const names = [chosen.a.name, chosen.b.name] as const;
  const hasTimes = times.a !== null || times.b !== null;
  const options = { a: names[0], b: names[1], layout: await loadLayout(), ...(hasTimes && { times }) };
  return {
    html: comparisonBody(comparison, options, 3),
    styles: comparisonStyles(":host"),
    differences: comparison.differences.length,
    names,
  };
}

/** @throws Error with one sentence if one of them cannot be read or built. */
export async function compareNetworks(a: Choice, b: Choice): Promise<ComparisonView> {
  const chosen = { a: await choose(a), b: await choose(b) };
  const comparison = compare(chosen.a.graph, chosen.b.graph);
  const next = { chosen, comparison, times: { a: null, b: null } };
  const view = await viewOf(next);
  shown = next;
  return view;
}

/** Runs one side on noise, its weights its own or random, and shows the times of its layers. */
export async function timeSide(side: SideName, budget: number): Promise<ComparisonView> {
  const compared = shown;
  if (compared === null) throw new Error("no networks are compared");
  const { graph, weights } = compared.chosen[side];
  const shape = compared.comparison[side].inputShape;
  const session = await createSession({ graph, weights: weights ?? randomWeights(graph, SEED) }, { inputShape: shape });
  try {
    const random = randomStream(SEED, "input");
    session.run({ shape, data: Float32Array.from({ length: elementCount(shape) }, () => random.normal()) });
    const steps = await meanProfile(session, budget, () => true);
    compared.times[side] = timesOf(compared.comparison[side], steps ?? []);
  } finally {
    session.dispose();
  }
  return viewOf(compared);
}
