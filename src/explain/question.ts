/** The form of an answer, and what answers are found from. */
import type { Description, UnitDescription } from "./describe.js";
import type { Outline } from "./outline.js";

/** What one network answers to a question. */
export interface Answer {
  readonly key: string;
  readonly question: string;
  readonly text: string;
  /** Equal in two networks that agree. */
  readonly data: unknown;
}

/** What all answers are found from. */
export interface Questioned {
  readonly outline: Outline;
  readonly description: Description;
  /**
   * The unit that most units of the stages are like, of those that keep the map's size; null in a network without
   * stages.
   */
  readonly typical: UnitDescription | null;
  /** All units like it. */
  readonly alike: readonly UnitDescription[];
  /** The same of units that reduce it. */
  readonly reducing: UnitDescription | null;
}
