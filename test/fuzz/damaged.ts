/** The damaged files of a target, each by its number: what is found can be made again. */
import { mutateBytes } from "./mutate/bytes.js";
import { randomOf } from "./random.js";
import type { Target, Victim } from "./target.js";

/** Input `index` of a target and a seed, the same in every run. */
export function damagedOf(target: Target, victims: readonly Victim[], seed: number, index: number): Uint8Array {
  const random = randomOf(seed, target.name, index);
  const victim = random.pick(victims);
  try {
    return target.mutate(victim, random, victims);
  } catch {
    // A file of the corpus has not the form that the mutator changes.
    return mutateBytes(victim, random, victims);
  }
}
