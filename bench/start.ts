/**
 * `bench start`: from the start of a process to its first result, all from bytes on disk: a session from a packed
 * model, a program, and onnxruntime-web with the float network of the same picture size.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchOptions, BenchReport, BenchResult, BenchTable } from "../src/cli/bench_report.js";
import { compileProgram } from "../src/compile.js";
import { saveModel } from "../src/index.js";
import { resnet18 } from "./peers/resnet18.js";
import { floatOnnx } from "./peers/resnet18_onnx.js";
import { timing } from "./support/measure.js";
import type { ModelCase } from "./support/model_cases.js";
import { networkOf } from "./support/own_model.js";
import { benchResult, machineFacts, reasonOf } from "./support/report.js";
import { START_PARTS, type Start, type StartKind, startOnce, withFolder } from "./support/start_cold.js";

const SEED = 1;

interface Case {
  readonly kind: Exclude<StartKind, "empty">;
  readonly file: string;
  readonly type: "f32" | "u8";
  readonly bytes: Uint8Array;
}

async function casesOf(model: ModelCase, { kernel }: BenchOptions): Promise<readonly Case[]> {
  const type = model.input.data instanceof Uint8Array ? "u8" : "f32";
  const program = await compileProgram(model, { inputType: type, byteStem: model.byteStem, kernel });
  return [
    { kind: "session", file: "model.xnorkit", type, bytes: saveModel(model) },
    { kind: "program", file: "model.xnorprog", type, bytes: program },
    { kind: "onnxruntime-web", file: "float.onnx", type: "f32", bytes: floatOnnx(resnet18({ seed: SEED })) },
  ];
}

/** Best and median of a part over the starts of one case. */
function partsTable(
  measured: ReadonlyMap<Case, readonly Start[]>,
  title: string,
  of: "bestMs" | "medianMs",
): BenchTable {
  return {
    title,
    head: ["start of", ...START_PARTS.map((part) => (part === "run" ? "first run" : part)), "load + create"],
    rows: [...measured].map(([{ kind }, starts]) => {
      const figure = (value: (start: Start) => number) => Number(timing(starts.map(value))[of].toFixed(1));
      return [
        kind,
        ...START_PARTS.map((part) => figure(({ parts }) => parts![part])),
        figure(({ parts }) => parts!.load + parts!.create),
      ];
    }),
  };
}

/**
 * Fresh processes by turns, `runs` (20) rounds of an empty one and one of each case; the empty one's time is taken off,
 * best from best and median from median. `model` names another network.
 */
export async function runStartBench(options: BenchOptions): Promise<BenchReport> {
  const { runs = 20 } = options;
  const model = await networkOf(options);
  const notes: string[] = [];
  const measured = new Map<Case, Start[]>();
  const empty: Start[] = [];
  const cases = await casesOf(model, options);
  await withFolder(async (folder) => {
    const start = ({ kind, file, type }: Case) => startOnce(kind, join(folder, file), type);
    for (const each of cases) {
      writeFileSync(join(folder, each.file), each.bytes);
      try {
        await start(each); // files come into the system's cache
        measured.set(each, []);
      } catch (error) {
        if (each.kind !== "onnxruntime-web") throw error;
        notes.push(`${each.kind} is not measured: ${reasonOf(error)}`);
      }
    }
    for (let run = 0; run < runs; run++) {
      empty.push(await startOnce("empty"));
      for (const [each, starts] of measured) starts.push(await start(each));
    }
  });
  const nothing = timing(empty.map(({ ms }) => ms));
  const totals = new Map(
    [...measured].map(([each, starts]) => {
      const { bestMs, medianMs } = timing(starts.map(({ ms }) => ms));
      const best = Math.max(0, bestMs - nothing.bestMs);
      return [each, { bestMs: best, medianMs: Math.max(best, medianMs - nothing.medianMs) }] as const;
    }),
  );
  const ofProgram = Object.fromEntries(
    [...totals]
      .filter(([{ kind }, { bestMs }]) => kind !== "program" && bestMs > 0)
      .map(([{ kind }, total]) => [kind, total]),
  );
  const results: BenchResult[] = [...totals].map(([{ kind }, total]) => {
    const network = kind === "onnxruntime-web" ? "float ResNet-18 224x224" : model.name;
    return benchResult({
      suite: "start",
      name: `${network}: process start to first result`,
      variant: kind,
      timing: total,
      // On a busy machine an empty process may take as long, which leaves nothing to compare with.
      ...(kind === "program" && total.bestMs > 0 && { others: ofProgram }),
    });
  });
  const files: BenchTable = {
    title: "processes with their first result",
    head: ["start of", "file MB", "resident MB"],
    rows: [...measured].map(([{ kind, bytes }, starts]) => [
      kind,
      Number((bytes.length / 1e6).toFixed(2)),
      Number((Math.max(...starts.map(({ rssBytes }) => rssBytes)) / 1e6).toFixed(1)),
    ]),
  };
  const { bestMs, medianMs } = nothing;
  notes.push(`an empty process takes ${bestMs.toFixed(1)} ms, median ${medianMs.toFixed(1)}, which is taken off`);
  const tables = [
    partsTable(measured, "parts, best ms", "bestMs"),
    partsTable(measured, "parts, median ms", "medianMs"),
    files,
  ];
  return { machine: machineFacts(), results, tables, notes };
}
