/**
 * Timing of cases that take microseconds, by benchmark.js: each sample is the mean of as many runs as fill its clock.
 */
import benchmark from "benchmark";
import lodash from "lodash/lodash.min.js";
import { type Timed, type Timing, timing } from "./measure.js";

export interface SuiteOptions {
  /** The whole suite runs this often, so that every case meets the machine's busy and quiet moments. */
  readonly rounds: number;
  /** Seconds for a case in a round. */
  readonly seconds: number;
}

/** Seconds of a sample: long for the clock, short enough to fall between interruptions. */
const sampleSeconds = 0.002;

/** benchmark.js looks for lodash at run time; given it, both can be bundled. */
const Benchmark = benchmark.runInContext({ _: lodash }) as typeof benchmark;

/** Times synchronous cases; figures come from all samples of all rounds. */
export function measureSuite(cases: readonly Timed[], { rounds, seconds }: SuiteOptions): ReadonlyMap<string, Timing> {
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const suite = new Benchmark.Suite();
    for (const { name, run } of cases) {
      suite.add(name, run, { minTime: Math.min(sampleSeconds, seconds), maxTime: seconds, minSamples: 3 });
    }
    suite.run({ async: false });
    // A suite is a list of its benchmarks; its type calls them by any name.
    for (const { name, stats, error } of suite.slice(0, cases.length) as unknown as readonly benchmark[]) {
      if (error !== undefined) throw error;
      samples.get(name!)!.push(...stats.sample.map((each) => each * 1000));
    }
  }
  return new Map([...samples].map(([name, all]) => [name, timing(all)]));
}
