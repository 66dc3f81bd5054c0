/** What a benchmark is asked and what it answers: the JSON form of `bench --json`. */
import type { KernelChoice } from "../compiler/choose_kernel.js";

/** A 3x3 convolution on height x width maps. */
export interface BenchShape {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** A product of signs: `rows` x `inputs` times `inputs` x `outputs`. */
export interface GemmShape {
  readonly rows: number;
  readonly outputs: number;
  readonly inputs: number;
}

export interface BenchOptions {
  readonly shape?: BenchShape;
  /** Only this product. */
  readonly gemm?: GemmShape;
  /** Only cases with this text in their name. */
  readonly filter?: string;
  readonly scale?: boolean;
  /** A network of the user's: a name or a file. */
  readonly model?: string;
  /** Its weights; without them it gets random ones. */
  readonly weights?: string;
  /** Its input, if it states none or is to have another. */
  readonly "input-shape"?: string;
  /** Also the time of every step of the networks. */
  readonly profile?: boolean;
  readonly kernel?: KernelChoice;
  /** How many threads everything runs in; one for each column of the models' suite. */
  readonly threads?: readonly number[];
  /** Files of pictures, of the suite that answers them. */
  readonly pictures?: readonly string[];
  /** Rounds of the measurement. */
  readonly runs?: number;
  /** Seconds for each kernel in a round. */
  readonly seconds?: number;
}

export interface BenchResult {
  readonly suite: string;
  readonly name: string;
  readonly variant: string;
  readonly bestMs: number;
  readonly medianMs: number;
  /** Multiply-accumulates a nanosecond at the best time; 0 if nothing is multiplied. */
  readonly gmacPerSecond: number;
  /** Time of a peer or prototype divided by ours in the same run. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface BenchTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface BenchReport {
  /** Runtime, processor, versions: what the figures depend on. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly results: readonly BenchResult[];
  /** What is not a time: memory, steps of a profile. */
  readonly tables?: readonly BenchTable[];
  /** What could not be measured, and why. */
  readonly notes?: readonly string[];
}
