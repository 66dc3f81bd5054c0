/**
 * The soak: for a time, or a number of steps, networks are opened in every way, run on every shape, and disposed of;
 * worker threads are ended now and then. Every answer is compared, bit for bit, with the first one of its network,
 * kernel and input, and the process's memory is watched.
 */
import { strict as assert } from "node:assert";
import type { Worker } from "node:worker_threads";
import { XnorkitError } from "../../src/errors.js";
import { randomStream } from "../../src/models/random.js";
import { elementCount, formatShape, type Shape, sameShape, type Tensor } from "../../src/tensor.js";
import { type SoakNetwork, soakNetworks } from "./networks.js";
import { type Runner, type Way, ways } from "./runners.js";

/** How long, and from which seed. */
export interface SoakOptions {
  readonly seed: number;
  /** Until this many milliseconds have passed. */
  readonly milliseconds?: number;
  /** Or until so many steps are done. */
  readonly steps?: number;
}

/** What happened. */
export interface SoakReport {
  readonly seed: number;
  readonly seconds: number;
  readonly steps: number;
  readonly opened: Readonly<Record<string, number>>;
  readonly runs: number;
  /** Answers that were compared with an earlier one. */
  readonly compared: number;
  readonly workersEnded: number;
  /** Runs that ended with `worker-failed` after that. */
  readonly failedRuns: number;
  /** Resident when nothing is alive: the least of the middle third and of the last third, and the most of all. */
  readonly residentMB: { readonly middle: number; readonly end: number; readonly most: number };
}

/** Runners that are alive at once. */
const ALIVE = 4;
/** Inputs of each shape. */
const INPUTS = 2;
/** Memory is looked at so many times, when nothing is alive and garbage is gone. */
const SAMPLES = 24;
/** A step that takes longer hangs. */
const STEP_MILLISECONDS = 120_000;
/** Workers of what was disposed of have ended by then. */
const END_MILLISECONDS = 20_000;

interface Alive {
  readonly network: SoakNetwork;
  readonly way: Way;
  readonly shape: Shape;
  readonly runner: Runner;
  /** A worker was ended while it lived: it may be one of its own. */
  suspect: boolean;
}

function inputOf(shape: Shape, number: number, type: "f32" | "u8"): Tensor {
  const random = randomStream(number, formatShape(shape));
  const size = elementCount(shape);
  const data =
    type === "u8"
      ? Uint8Array.from({ length: size }, () => random.bits() >>> 24)
      : Float32Array.from({ length: size }, random.normal);
  return { shape, data };
}

const bytesOf = ({ data }: Tensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

/**
 * What a step gives, within its time. The timer keeps the process alive too: workers that are being ended do not.
 * @throws Error that says how long it took.
 */
async function within<T>(milliseconds: number, what: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the soak. @throws AssertionError for an answer that is not the first one's, and what runs throw by mistake. */
export async function soak({
  seed,
  milliseconds = Number.POSITIVE_INFINITY,
  steps = Number.POSITIVE_INFINITY,
}: SoakOptions) {
  const random = randomStream(seed, "soak");
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random.uniform() * choices.length)];
  const networks = soakNetworks();
  const first = new Map<string, { readonly output: Tensor; readonly taps: readonly Tensor[] }>();
  const alive: Alive[] = [];
  const opened: Record<string, number> = {};
  const counts = { runs: 0, compared: 0, workersEnded: 0, failedRuns: 0 };
  const samples: { readonly bytes: number }[] = [];

  const workers = new Set<Worker>();
  const onWorker = (worker: Worker) => {
    workers.add(worker);
    worker.once("exit", () => workers.delete(worker));
  };
  process.on("worker", onWorker);

  async function open(): Promise<void> {
    const [network, way] = [pick(networks), pick(ways)];
    const shape = pick(network.shapes);
    const runner = await way.open(network, shape, random);
    opened[way.name] = (opened[way.name] ?? 0) + 1;
    alive.push({ network, way, shape, runner, suspect: false });
  }

  function close(index: number): void {
    const [gone] = alive.splice(index, 1);
    gone.runner.dispose();
  }

  function check({ network, runner, way }: Alive, key: string, output: Tensor): void {
    const taps = network.taps.map((name) => runner.tap(name));
    const known = first.get(key);
    if (known === undefined) {
      first.set(key, { output, taps });
      return;
    }
    counts.compared++;
    for (const [i, tensor] of [output, ...taps].entries()) {
      const expected = [known.output, ...known.taps][i];
      const same = sameShape(tensor.shape, expected.shape) && Buffer.compare(bytesOf(tensor), bytesOf(expected)) === 0;
      assert.ok(same, `${way.name}: ${i === 0 ? "the output" : network.taps[i - 1]} of ${key} is another`);
    }
  }

  async function run(one: Alive): Promise<void> {
    const { network, way, runner } = one;
    const shape = way.takesAllShapes ? pick(network.shapes) : one.shape;
    const either = network.model.graph.preprocess !== undefined && random.uniform() < 0.5 ? "u8" : "f32";
    const type = runner.inputType ?? either;
    const number = Math.floor(random.uniform() * INPUTS);
    counts.runs++;
    try {
      check(
        one,
        `${network.name} ${formatShape(shape)} ${type} ${number} ${runner.kernel}`,
        await runner.run(inputOf(shape, number, type)),
      );
    } catch (error) {
      // Without the worker that was ended there is no answer; a wrong one is never given.
      if (!(one.suspect && error instanceof XnorkitError && error.code === "worker-failed")) throw error;
      counts.failedRuns++;
      if (alive.includes(one)) close(alive.indexOf(one));
    }
  }

  /** Ends a thread, of which one of those alive is short then: in the middle of a run, if it has one under way. */
  async function endWorker(): Promise<void> {
    const [worker] = [...workers].slice(Math.floor(random.uniform() * workers.size));
    if (worker === undefined) return;
    counts.workersEnded++;
    const threaded = alive.filter(({ way }) => way.hasWorkers);
    for (const one of threaded) one.suspect = true;
    const running = threaded.map(run);
    await worker.terminate();
    await Promise.all(running);
  }

  /** Disposes of all, waits for their workers to end, and looks at what is resident then (node --expose-gc). */
  async function sample(): Promise<void> {
    while (alive.length > 0) close(0);
    await within(END_MILLISECONDS, "the workers of what was disposed of", async () => {
      while (workers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    globalThis.gc?.();
    await new Promise(setImmediate);
    globalThis.gc?.();
    samples.push({ bytes: process.memoryUsage().rss });
  }

  async function step(): Promise<void> {
    const act = random.uniform();
    if (alive.length === 0 || (act < 0.2 && alive.length < ALIVE)) await open();
    else if (act < 0.33) close(Math.floor(random.uniform() * alive.length));
    else if (act < 0.35) await endWorker();
    else if (act < 0.42) await Promise.all(alive.map(run));
    else await run(pick(alive));
  }

  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const part = () => Math.max(elapsed() / milliseconds, done / steps);
  let done = 0;
  try {
    for (; done < steps && elapsed() < milliseconds; done++) {
      await within(STEP_MILLISECONDS, `step ${done}`, step);
      if (part() * SAMPLES > samples.length) await sample();
    }
    await sample();
  } finally {
    while (alive.length > 0) close(0);
    process.off("worker", onWorker);
  }
  const seconds = elapsed() / 1000;
  const third = Math.ceil(samples.length / 3);
  const least = (of: readonly { readonly bytes: number }[]) => Math.min(...of.map(({ bytes }) => bytes));
  const report: SoakReport = {
    seed,
    seconds: Math.round(10 * seconds) / 10,
    steps: done,
    opened,
    ...counts,
    residentMB: {
      middle: megabytes(least(samples.slice(-2 * third, -third))),
      end: megabytes(least(samples.slice(-third))),
      most: megabytes(Math.max(...samples.map(({ bytes }) => bytes))),
    },
  };
  return report;
}
