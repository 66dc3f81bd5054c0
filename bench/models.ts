/** `bench models`: whole networks: time, steps, memory, time to load and to start. */
import type { BenchOptions, BenchReport, BenchResult, BenchTable } from "../src/cli/bench_report.js";
import { createSession, loadModel, type Session, saveModel, summarize } from "../src/index.js";
import { interleave, type Timing, timing } from "./support/measure.js";
import { caseName, type ModelCase, modelCases } from "./support/model_cases.js";
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
    session = await createSession(loadModel(bytes), { kernel, relaxed: model.relaxed, byteStem: model.byteStem });
    samples.push(performance.now() - start);
  }
  return { model, session: session!, creation: timing(samples) };
}

/**
 * Every step of a network, best and median of `runs`. Each profile follows a run, which gives the first step its input
 * again; the best tells what a step costs where a busy machine interrupts the long ones.
 */
function profileTable({ model, session }: Opened, runs: number): BenchTable {
  const profiles = Array.from({ length: runs }, () => {
    session.run(model.input);
    return session.profile(1);
  });
  const timings = profiles[0].map((_, step) => timing(profiles.map((profile) => profile[step].milliseconds)));
  const total = timings.reduce((sum, { bestMs }) => sum + bestMs, 0);
  return {
    title: `steps of ${caseName(model)}: ${total.toFixed(2)} ms`,
    head: ["step", "kind", "best ms", "median ms", "%", "M MACs", "GMAC/s", "kB"],
    rows: profiles[0].map(({ name, kind, binaryMacs, floatMacs, bytes }, step) => {
      const { bestMs, medianMs } = timings[step];
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
 * instead.
 */
export async function runModelBench(options: BenchOptions): Promise<BenchReport> {
  if (options.scale) return runScale(options);
  const { runs = 10, filter, kernel } = options;
  const starts = Math.min(runs, 5);
  const others = options.model !== undefined && filter === undefined ? modelCases().slice(0, 1) : modelCases(filter);
  const cases = [...others, ...(await ownCases(options))];
  const opened: Opened[] = [];
  for (const model of cases) opened.push(await open(model, starts, kernel));
  const timings = await interleave(
    opened.map(({ model, session }) => ({ name: caseName(model), run: () => session.run(model.input) })),
    { rounds: runs, repeats: 3 },
  );

  const results: BenchResult[] = opened.map(({ model }) => {
    const { binaryMacs, floatMacs, denseMacs } = summarize(model.graph).totals;
    const macs = binaryMacs + floatMacs + denseMacs;
    const { name, variant } = model;
    return benchResult({ suite: "models", name, variant, timing: timings.get(caseName(model))!, macs });
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
  const tables = [memory, ...(options.profile ? opened.map((each) => profileTable(each, 3 * runs)) : [])];
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
