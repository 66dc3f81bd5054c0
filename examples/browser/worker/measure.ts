/** Times of runs and of layers under the coarse clock of a browser. */
import type { Session, StepProfile } from "../../../src/index.js";

/** Lets the worker take its next message before a long computation goes on. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * Mean milliseconds of a run, over as many runs as fill `budget` milliseconds. Browsers round the clock, to 100 µs in
 * most pages: a single run of a small network would be 0.1 ms or nothing.
 */
export function meanMilliseconds(run: () => void, budget: number): number {
  const start = performance.now();
  let elapsed = 0;
  let runs = 0;
  while (elapsed < budget) {
    run();
    runs++;
    elapsed = performance.now() - start;
  }
  return elapsed / runs;
}

/** Longest time that a measurement keeps the worker from its next message, milliseconds. */
const SLICE = 12;

/** Runs of one slice: how many, and the milliseconds of each step over all of them. */
interface Slice {
  readonly runs: number;
  readonly sums: readonly number[];
}

function profileSlice(session: Session): Slice {
  const sums: number[] = [];
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < SLICE) {
    session.profile(1).forEach(({ milliseconds }, i) => {
      sums[i] = (sums[i] ?? 0) + milliseconds;
    });
    runs++;
  }
  return { runs, sums };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/**
 * Mean time of each step of the network's last run, over about `budget` milliseconds in slices, of which the faster
 * half counts: in the others the machine did something else. Means of single profiles, not `profile(runs)`, whose
 * median of rounded times would be 0 for steps shorter than the clock's tick.
 * @returns null if `wanted` turned false meanwhile.
 */
export async function meanProfile(
  session: Session,
  budget: number,
  wanted: () => boolean,
): Promise<readonly StepProfile[] | null> {
  const steps = session.profile(1);
  const slices: Slice[] = [];
  const start = performance.now();
  while (performance.now() - start < budget || slices.length < 5) {
    slices.push(profileSlice(session));
    await nextTask();
    if (!wanted()) return null;
  }
  const quiet = slices
    .sort((a, b) => total(a.sums) / a.runs - total(b.sums) / b.runs)
    .slice(0, Math.ceil(slices.length / 2));
  const runs = total(quiet.map((slice) => slice.runs));
  return steps.map((step, i) => {
    const milliseconds = total(quiet.map(({ sums }) => sums[i])) / runs;
    const macs = step.binaryMacs + step.floatMacs;
    return { ...step, milliseconds, gmacPerSecond: milliseconds === 0 ? 0 : macs / (milliseconds * 1e6) };
  });
}
