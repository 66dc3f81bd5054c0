/**
 * What is fuzzed: a reader, files that it reads, and what damages them. A new reader is a row in targets.ts: a name,
 * its files, a mutator of mutate/ that knows their form, and what reads them.
 */
import type { Random } from "./random.js";

/** A file that a reader reads, whole: what mutations start from. */
export interface Victim {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A damaged copy of a file; `others` are all files of its target. */
export type Mutate = (victim: Victim, random: Random, others: readonly Victim[]) => Uint8Array;

export interface Target {
  readonly name: string;
  readonly victims: () => readonly Victim[] | Promise<readonly Victim[]>;
  readonly mutate: Mutate;
  /** Reads a file and looks at what comes of it. @throws XnorkitError if it is refused. */
  readonly read: (bytes: Uint8Array) => unknown;
  /** What it may take beside 10 times the file and 64 MB. */
  readonly extraBytes?: number;
}
