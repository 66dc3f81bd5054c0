/** Random choices from a seed, the same in every run. */
import { seededRandom } from "../formats/support.js";

export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  /** From 0 to below `count`. */
  readonly below: (count: number) => number;
  readonly pick: <T>(values: ArrayLike<T>) => T;
  readonly chance: (share: number) => boolean;
}

/** FNV-1a of a text. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

/** The choices of one input: of a seed, a target and a number alone. */
export function randomOf(seed: number, target: string, index: number): Random {
  const next = seededRandom(hash(`${seed}/${target}/${index}`));
  const below = (count: number) => Math.floor(next() * count);
  return { next, below, pick: (values) => values[below(values.length)], chance: (share) => next() < share };
}
