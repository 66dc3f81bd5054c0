/** The steps of a plan as they are measured, the same for sessions and programs. */

/** What is known of a step before it runs. */
export interface StepFacts {
  /** Module path of the layer. */
  readonly name: string;
  readonly kind: string;
  readonly binaryMacs: number;
  readonly floatMacs: number;
  /**
   * Of a layer with quantised weights that does not run on bits: why, as a clause ("it reads floats: ..."). Null for
   * all other steps.
   */
  readonly float: string | null;
  /** Bytes of activations and weights that the step reads and writes. */
  readonly bytes: number;
}

/** One step of the plan as it was measured. */
export interface StepProfile extends StepFacts {
  /** Median of the runs. */
  readonly milliseconds: number;
  /** Multiply-accumulates of both kinds a nanosecond. */
  readonly gmacPerSecond: number;
}

/** Times each step by itself, all of them `runs` times in their order. */
export function profileSteps(
  facts: readonly StepFacts[],
  runs: number,
  runStep: (index: number) => void,
): readonly StepProfile[] {
  const times = facts.map(() => [] as number[]);
  for (let run = 0; run < runs; run++) {
    for (let i = 0; i < facts.length; i++) {
      const start = performance.now();
      runStep(i);
      times[i].push(performance.now() - start);
    }
  }
  return facts.map(({ name, kind, binaryMacs, floatMacs, float, bytes }, i) => {
    const milliseconds = times[i].sort((a, b) => a - b)[times[i].length >> 1] ?? 0;
    const gmacPerSecond = milliseconds === 0 ? 0 : (binaryMacs + floatMacs) / (milliseconds * 1e6);
    return { name, kind, milliseconds, binaryMacs, floatMacs, float, bytes, gmacPerSecond };
  });
}
