/** What the network says of the picture, and how long each of its steps takes. */

import { rowSoftmax, topIndices } from "../../../src/classify/probabilities.js";
import type { StepProfile } from "../../../src/index.js";
import { meanMilliseconds, meanProfile } from "./measure.js";
import { fitToNetwork } from "./picture.js";
import { currentNetwork, state } from "./state.js";

/** As many classes as fit beside the picture. */
const TOP = 5;

export interface ClassView {
  readonly label: string;
  /** All that the file says of it: synonyms, the number in WordNet. */
  readonly title: string;
  readonly probability: number;
}

export interface Answer {
  readonly picture: string;
  readonly classes: readonly ClassView[];
  /** Mean of a run; null if it was not measured. */
  readonly milliseconds: number | null;
}

/** `n01440764 tench, Tinca tinca` is a tench: its number in WordNet and its synonyms stay in the title. */
function classView(name: string, probability: number): ClassView {
  const words = name.replace(/^n\d{8}\s+/, "");
  return { label: words.split(",")[0], title: name, probability };
}

/**
 * What the network says of the picture, null if there is none.
 * @param budget Milliseconds of measuring a run, 0 for none.
 * @throws Error with one sentence if the network reads no pictures, or nobody said how their pixels become numbers.
 */
export function classify(budget: number): Answer | null {
  const { session } = currentNetwork();
  const { graph } = session;
  const { picture } = state;
  if (picture === null) return null;
  const pixels = fitToNetwork(picture, graph);
  if (graph.preprocess === undefined) {
    throw new Error(`${graph.name} does not say how pixels become its input: choose it under “Pixels”`);
  }
  const { shape, data } = session.run(pixels);
  if (shape.length !== 2) throw new Error(`${graph.name} gives ${shape.join("x")}, not one number a class`);
  const probabilities = rowSoftmax(data);
  return {
    picture: picture.name,
    classes: topIndices(probabilities, Math.min(TOP, probabilities.length)).map((i) =>
      classView(graph.labels?.[i] ?? `class ${i}`, probabilities[i]),
    ),
    milliseconds: budget === 0 ? null : meanMilliseconds(() => session.run(pixels), budget),
  };
}

/** Mean time of each step of the network's last run; null if another network came meanwhile. */
export function profile(budget: number): Promise<readonly StepProfile[] | null> {
  const { session } = currentNetwork();
  return meanProfile(session, budget, () => state.current?.session === session);
}
