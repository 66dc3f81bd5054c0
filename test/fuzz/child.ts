/**
 * The process in which inputs are read. It gets jobs from scripts/fuzz.mjs, and before each input writes into a file
 * where it is: what kills or stops the process is known by that.
 */
import { openSync, writeSync } from "node:fs";
import { corpusOf } from "./corpus.js";
import { damagedOf } from "./damaged.js";
import { type Outcome, runInput } from "./run_input.js";
import type { Target, Victim } from "./target.js";
import { targets } from "./targets.js";

/** Inputs `from` on of a target until `count` are done or `milliseconds` are over; or one file. */
export interface Job {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  readonly milliseconds: number;
  /** The input `from` is wanted, not what comes of it. */
  readonly isOnlyMade?: boolean;
  /** Given files in place of mutations, base64. */
  readonly files?: readonly string[];
}

export interface Violation {
  readonly index: number;
  readonly what: string;
  /** The input, base64. */
  readonly bytes: string;
}

export interface JobResult {
  readonly next: number;
  readonly accepted: number;
  readonly worstMilliseconds: number;
  readonly worstIndex: number;
  readonly peakBytes: number;
  readonly peakIndex: number;
  readonly violations: readonly Violation[];
}

const progress = openSync(process.argv[2], "w");
const place = new Float64Array(2);
const opened = new Map<string, readonly Victim[]>();

/** Victims and corpus of a target. The first reads compile what all later ones run, and show that victims are read. */
async function open(target: Target): Promise<readonly Victim[]> {
  const known = opened.get(target.name);
  if (known !== undefined) return known;
  const victims = await target.victims();
  for (const { bytes } of victims) await runInput(target, bytes);
  const all = [...victims, ...corpusOf(target.name)].filter(({ bytes }) => bytes.length > 0);
  opened.set(target.name, all);
  return all;
}

async function work(job: Job): Promise<JobResult | Pick<Violation, "bytes">> {
  const { target: name, seed, from, count, milliseconds, files } = job;
  const target = targets.find((one) => one.name === name)!;
  const victims = await open(target);
  const inputAt = (index: number): Uint8Array => {
    if (files === undefined) return damagedOf(target, victims, seed, index);
    return Uint8Array.from(Buffer.from(files[index], "base64"));
  };
  if (job.isOnlyMade) return { bytes: Buffer.from(inputAt(from)).toString("base64") };
  const end = performance.now() + milliseconds;
  const violations: Violation[] = [];
  let [accepted, worstMilliseconds, worstIndex, peakBytes, peakIndex] = [0, 0, from, 0, from];
  let index = from;
  for (; index < from + count && violations.length === 0; index++) {
    place[1] = index + 1;
    writeSync(progress, new Uint8Array(place.buffer), 0, 16, 0);
    const bytes = inputAt(index);
    if (index % 256 === 0) globalThis.gc?.();
    const outcome: Outcome = await runInput(target, bytes);
    if (outcome.accepted) accepted++;
    if (outcome.milliseconds > worstMilliseconds) [worstMilliseconds, worstIndex] = [outcome.milliseconds, index];
    if (outcome.peakBytes > peakBytes) [peakBytes, peakIndex] = [outcome.peakBytes, index];
    if (outcome.violation !== null) {
      violations.push({ index, what: outcome.violation, bytes: Buffer.from(bytes).toString("base64") });
    }
    if (performance.now() > end) {
      index++;
      break;
    }
  }
  return { next: index, accepted, worstMilliseconds, worstIndex, peakBytes, peakIndex, violations };
}

process.on("message", (job: Job) => {
  work(job).then(
    (result) => process.send!(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// What may be asked for.
process.send?.(targets.map(({ name }) => name));
