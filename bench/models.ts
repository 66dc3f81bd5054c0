/** `bench models`: whole networks: time, steps, memory, time to load and to start. */
import type { BenchOptions, BenchReport, BenchResult, BenchTable } from "../src/cli/bench_report.js";
import {
  createSession,
  loadModel,
  type Session,
  type StepProfile,
  saveModel,
  summarize,
  XnorkitError,
} from "../src/index.js";
import { interleave, type Timing, timing } from "./support/measure.js";
import { caseName, inThreads, type ModelCase, modelCases, threadedCases, threadsName } from "./support/model_cases.js";
import { ownCases } from "./support/own_model.js";
import { benchResult, machineFacts, reasonOf } from "./support/report.js";
import { runScale } from "./support/scale.js";
import { startCold } from "./support/start_cold.js";

const megabytes = (bytes: number) => Number((bytes / 1e6).toFixed(1));

interface Opened {
  readonly model: ModelCase;
  readonly session: Session;
  /** From the bytes of the packed file to a session that can run. */
  readonly creation: Timing;
}

/** Opens a session several times and keeps the last one. */
async function open(model: ModelCase, runs: number, kernel: BenchOptions["kernel"]): Promise<Opened> {
  const bytes = saveModel(model);
  const samples: number[] = [];
  let session: Session | undefined;
  for (let run = 0; run < runs; run++) {
    session?.dispose();
    const start = performance.now();
    const { relaxed, byteStem, threads } = model;
    session = await createSession(loadModel(bytes), { kernel, relaxed, byteStem, threads });
    samples.push(performance.now() - start);
    if (threads !== undefined && session.threads !== threads) {
      throw new XnorkitError("unsupported", `this host has ${session.threads} of the ${threads} threads of --threads`);
    }
  }
  return { model, session: session!, creation: timing(samples) };
}

/**
 * Every step of a network, best and median of `runs`. Each profile follows a run, which gives the first step its input
 * again; the best tells what a step costs where a busy machine interrupts the long ones.
 */
function stepTimes({ model, session }: Opened, runs: number): readonly (StepProfile & Timing)[] {
  const profiles = Array.from({ length: runs }, () => {
    session.run(model.input);
    return session.profile(1);
  });
  return profiles[0].map((step, i) => ({ ...step, ...timing(profiles.map((profile) => profile[i].milliseconds)) }));
}

function profileTable(opened: Opened, runs: number): BenchTable {
  const { model } = opened;
  const steps = stepTimes(opened, runs);
  const total = steps.reduce((sum, { bestMs }) => sum + bestMs, 0);
  return {
    title: `steps of ${caseName(model)}: ${total.toFixed(2)} ms`,
    head: ["step", "kind", "best ms", "median ms", "%", "M MACs", "GMAC/s", "kB"],
    rows: steps.map(({ name, kind, binaryMacs, floatMacs, bytes, bestMs, medianMs }) => {
      const macs = binaryMacs + floatMacs;
      return [
        name,
        kind,
        Number(bestMs.toFixed(4)),
        Number(medianMs.toFixed(4)),
        Number(((100 * bestMs) / total).toFixed(1)),
        Number((macs / 1e6).toFixed(1)),
        // A clock that is too coarse for a step gives no rate.
        bestMs === 0 ? 0 : Number((macs / (bestMs * 1e6)).toFixed(1)),
        Math.round(bytes / 1000),
      ];
    }),
  };
}

/** The time of each kind of step with each number of threads, best of each step, and how many times faster it gets. */
function scalingTable(cases: readonly Opened[], runs: number): BenchTable {
  const kinds = new Map<string, number[]>();
  cases.forEach((each, column) => {
    for (const { kind, bestMs } of stepTimes(each, runs)) {
      const times = kinds.get(kind) ?? cases.map(() => 0);
      times[column] += bestMs;
      kinds.set(kind, times);
    }
  });
  const [first, ...others] = cases.map(({ model }) => threadsName(model.threads ?? 1));
  return {
    title: `kinds of steps of ${cases[0].model.name}`,
    head: ["kind", `${first} ms`, ...others.flatMap((name) => [`${name} ms`, "x"])],
    rows: [...kinds].map(([kind, [one, ...more]]) => [
      kind,
      Number(one.toFixed(3)),
      ...more.flatMap((time) => [Number(time.toFixed(3)), Number((one / (time || 1)).toFixed(2))]),
    ]),
  };
}

/** Process start to first result of a packed model, in children of this runtime. */
async function coldStart(model: ModelCase, runs: number) {
  const type = model.input.data instanceof Uint8Array ? "u8" : "f32";
  const cold = await startCold(model, type, runs);
  const { name, variant } = model;
  const result = benchResult({
    suite: "models",
    name: `${name}: process start to first result`,
    variant,
    timing: cold.timing,
  });
  const table: BenchTable = {
    title: `a process with its first result of ${caseName(model)}`,
    head: ["resident MB", "packed file MB"],
    rows: [[megabytes(cold.rssBytes), megabytes(cold.fileBytes)]],
  };
  return { result, table };
}

/**
 * Every network by turns in `runs` rounds (10) of three runs; then sessions opened from packed bytes, memory, and a
 * fresh process for the first network at 224x224. `model` names one of the user's, which is measured beside the
 * first alone unless `filter` names others; `profile` adds the steps of each, `scale` measures sizes and batches
 * instead. `threads` measures a few networks with each of these numbers of threads.
 */
export async function runModelBench(options: BenchOptions): Promise<BenchReport> {
  if (options.scale) return runScale(options);
  const { runs = 10, filter, kernel, threads } = options;
  const starts = Math.min(runs, 5);
  const known = threads === undefined ? modelCases : threadedCases;
  const others = options.model !== undefined && filter === undefined ? known().slice(0, 1) : known(filter);
  const all = [...others, ...(await ownCases(options))];
  const cases = threads === undefined ? all : inThreads(all, threads);
  const opened: Opened[] = [];
  for (const model of cases) opened.push(await open(model, starts, kernel));
  const timings = await interleave(
    opened.map(({ model, session }) => ({ name: caseName(model), run: () => session.run(model.input) })),
    { rounds: runs, repeats: 3 },
  );

  /** The same network with the number of threads that was named first. */
  const firstThreads = ({ name, graph }: ModelCase, count: number | undefined) => {
    if (threads === undefined || count === threads[0]) return {};
    const first = cases.find((each) => each.name === name && each.graph === graph)!;
    return { [threadsName(threads[0])]: timings.get(caseName(first))! };
  };
  const results: BenchResult[] = opened.map(({ model }) => {
    const { binaryMacs, floatMacs, denseMacs } = summarize(model.graph).totals;
    // Of the graph's own batch; a case may run a larger one.
    const macs = ((binaryMacs + floatMacs + denseMacs) * model.input.shape[0]) / model.graph.inputShape[0];
    const { name, variant, threads: count } = model;
    const time = timings.get(caseName(model))!;
    return benchResult({ suite: "models", name, variant, timing: time, macs, others: firstThreads(model, count) });
  });
  for (const { model, creation } of opened) {
    const { name, variant } = model;
    results.push(benchResult({ suite: "models", name: `${name}: packed bytes to session`, variant, timing: creation }));
  }
  const memory: BenchTable = {
    title: "memory of the sessions",
    head: ["network", "variant", "wasm MB"],
    rows: opened.map(({ model, session }) => [model.name, model.variant, megabytes(session.memoryBytes)]),
  };
  const tables = [memory];
  if (options.profile) {
    tables.push(...opened.map((each) => profileTable(each, 3 * runs)));
    for (let i = 0; threads !== undefined && threads.length > 1 && i < opened.length; i += threads.length) {
      tables.push(scalingTable(opened.slice(i, i + threads.length), 3 * runs));
    }
  }
  const notes: string[] = [];
  const first = cases.find(({ input }) => input.shape[2] === 224);
  if (first !== undefined) {
    try {
      const { result, table } = await coldStart(first, starts);
      results.push(result);
      tables.push(table);
    } catch (error) {
      notes.push(`the start of a process is not measured: ${reasonOf(error)}`);
    }
  }
  for (const { session } of opened) session.dispose();
  return { machine: machineFacts(), results, tables, notes };
}
