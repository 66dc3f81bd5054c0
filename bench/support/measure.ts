/**
 * Timing of cases that take milliseconds: interleaved, so that a busy or slow moment of the machine meets all of them
 * alike.
 */

export interface Timed {
  readonly name: string;
  readonly run: () => unknown;
}

/** Times of one case, ascending. */
export interface Timing {
  readonly bestMs: number;
  readonly medianMs: number;
  readonly samples: readonly number[];
}

export interface MeasureOptions {
  /** Every round runs every case. */
  readonly rounds: number;
  /**
   * Runs of a case in a round, each a sample: the first finds the caches as the others left them, the next ones its
   * own.
   */
  readonly repeats?: number;
  /** Unmeasured runs of each case before the first round: compilers tier up, memory grows. */
  readonly warmUp?: number;
}

export function timing(samples: readonly number[]): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length === 0) throw new RangeError("a timing needs at least one sample");
  const middle = sorted.length >> 1;
  const medianMs = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { bestMs: sorted[0], medianMs, samples: sorted };
}

/** Runs cases by turns; a case may be asynchronous. */
export async function interleave(
  cases: readonly Timed[],
  { rounds, repeats = 1, warmUp = 3 }: MeasureOptions,
): Promise<ReadonlyMap<string, Timing>> {
  for (const { run } of cases) for (let i = 0; i < warmUp; i++) await run();
  const samples = cases.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of cases.entries()) {
      for (let i = 0; i < repeats; i++) {
        const start = performance.now();
        const result = run();
        // A synchronous case ends here; an await would add a turn of the event loop to it.
        if (result instanceof Promise) await result;
        samples[index].push(performance.now() - start);
      }
    }
  }
  return new Map(cases.map(({ name }, index) => [name, timing(samples[index])]));
}
