/** What a benchmark is asked and what it answers: the JSON form of `bench --json`. */

/** A 3x3 convolution on height x width maps. */
export interface BenchShape {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface BenchOptions {
  readonly shape?: BenchShape;
  /** Only cases with this text in their name. */
  readonly filter?: string;
  readonly scale?: boolean;
  readonly runs?: number;
}

export interface BenchResult {
  readonly suite: string;
  readonly name: string;
  readonly variant: string;
  readonly bestMs: number;
  readonly medianMs: number;
  /** Multiply-accumulates a nanosecond at the best time; 0 where nothing is multiplied. */
  readonly gmacPerSecond: number;
  /** Time of a peer or prototype divided by ours in the same run. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface BenchReport {
  /** Runtime, processor, versions: what the figures depend on. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly results: readonly BenchResult[];
}
