/**
 * What a team's workers agree on through shared words: which tasks are left, how many are not finished, who sleeps.
 * Both sides use it, the caller (team_crew.ts) and the workers (team_worker.ts).
 *
 * A phase belongs to the steps that it is of, and so do the words that count it: a worker that has not heard of these
 * steps yet, or that comes late, takes none of their tasks and nobody waits for it. The caller waits for tasks, never
 * for workers.
 */

/** In the words of a crew: a cache line each, since some change while others are watched. */
export const Crew = {
  /** Grows when there may be something to do. Workers wait on it. */
  epoch: 0,
  /** Workers that wait, or are about to. */
  sleepers: 16,
  /** Identity of the steps that run. */
  current: 32,
  /** Messages that each worker was sent. */
  messages: 48,
  /** How the caller waits for the end of a phase (Waiting). */
  waiting: 64,
  /** 1 after a worker's kernel has failed. */
  failed: 80,
  /** Length and UTF-16 units of what the failure says. */
  text: 96,
} as const;

const textUnits = 240;

export const crewWords = Crew.text + 1 + textUnits;

/** In the words of prepared steps. */
export const Control = {
  /** Tasks of the phase that nobody has taken: the first in the low half, the end in the high half. */
  range: 0,
  /** Tasks that are not finished. The caller waits on it. */
  pending: 16,
  /** Which phase: index of the step, of the phase in it, whether of its alternative, and of the range's first task. */
  step: 32,
  phase: 33,
  alternative: 34,
  first: 35,
} as const;

export const controlWords = 48;

/** The most tasks that a range holds; a longer phase is several, one after the other. */
export const mostInRange = 0x7fff;

/** How the caller waits: it does not, in Atomics.wait, or for a message. */
export const Waiting = { not: 0, blocked: 1, message: 2 } as const;

/** Milliseconds of looking again and again before a wait that the operating system must end. */
export const spinTime = 0.05;

/**
 * The number of a task that is this thread's now; -1 if there is none. The caller takes from the front and workers from
 * alternating ends, so that a thread tends to meet the same part of every map.
 */
export function takeTask(control: Int32Array, fromFront: boolean): number {
  for (;;) {
    const range = Atomics.load(control, Control.range);
    const first = range & 0xffff;
    const end = range >>> 16;
    if (first >= end) return -1;
    const left = fromFront ? range + 1 : range - 0x10000;
    if (Atomics.compareExchange(control, Control.range, range, left) === range) return fromFront ? first : end - 1;
  }
}

export function hasTasks(control: Int32Array): boolean {
  const range = Atomics.load(control, Control.range);
  return (range & 0xffff) < range >>> 16;
}

/** Says that a kernel failed, the first time. */
export function reportFailure(crew: Int32Array, text: string): void {
  if (Atomics.compareExchange(crew, Crew.failed, 0, -1) !== 0) return;
  const length = Math.min(text.length, textUnits);
  crew[Crew.text] = length;
  for (let i = 0; i < length; i++) crew[Crew.text + 1 + i] = text.charCodeAt(i);
  Atomics.store(crew, Crew.failed, 1);
}

/** What a worker's failure says; null if there was none. The next failure is a new one. */
export function takeFailure(crew: Int32Array): string | null {
  if (Atomics.load(crew, Crew.failed) !== 1) return null;
  const text = String.fromCharCode(...crew.subarray(Crew.text + 1, Crew.text + 1 + crew[Crew.text]));
  Atomics.store(crew, Crew.failed, 0);
  return text;
}
