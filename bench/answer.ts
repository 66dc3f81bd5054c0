/**
 * `bench answer`: from picture files to answers, beside what decoding and the network take of it: how much all that
 * lies between costs.
 */
import { basename } from "node:path";
import { pictureInput } from "../src/classify/prepare.js";
import { createClassifier } from "../src/classify.js";
import type { BenchOptions, BenchReport, BenchResult, BenchTable } from "../src/cli/bench_report.js";
import { atPath, readBytes } from "../src/cli/files.js";
import { decodePicture } from "../src/decode/index.js";
import { createSession } from "../src/index.js";
import { interleave, type Timed, type Timing } from "./support/measure.js";
import { networkOf } from "./support/own_model.js";
import { benchResult, machineFacts } from "./support/report.js";

/** Networks that state no preprocessing get Larq's: its numbers take no time of their own. */
const PREPROCESS = { mean: [127.5], std: [127.5] };

interface Answered {
  readonly name: string;
  readonly size: string;
  readonly classify: Timing;
  readonly decode: Timing;
  readonly run: Timing;
}

type Figure = "bestMs" | "medianMs";

const sum = (all: readonly Answered[], part: "classify" | "decode" | "run", of: Figure) =>
  all.reduce((total, each) => total + each[part][of], 0);

const ratio = (all: readonly Answered[], of: Figure) =>
  Number((sum(all, "classify", of) / (sum(all, "decode", of) + sum(all, "run", of))).toFixed(3));

function ratioTable(all: readonly Answered[], network: string): BenchTable {
  const row = (name: string, size: string, some: readonly Answered[]) => [
    name,
    size,
    ...(["classify", "decode", "run"] as const).map((part) => Number(sum(some, part, "bestMs").toFixed(2))),
    ratio(some, "bestMs"),
    ratio(some, "medianMs"),
  ];
  return {
    title: `classify over decode and run, ${network}`,
    head: ["picture", "pixels", "classify ms", "decode ms", "run ms", "ratio of best", "of median"],
    rows: [...all.map((each) => row(each.name, each.size, [each])), row("all", "", all)],
  };
}

/**
 * Pictures by turns in `runs` (25) rounds: `classify` from the file's bytes, the decoder alone, `session.run` alone on
 * the input that comes of the picture. `model` names another network than the first of `bench models`.
 */
export async function runAnswerBench(options: BenchOptions): Promise<BenchReport> {
  const { runs = 25, kernel, pictures = [] } = options;
  const { name: network, graph: stated, weights } = await networkOf(options);
  const graph = { ...stated, preprocess: stated.preprocess ?? PREPROCESS };
  const classify = await createClassifier({ graph, weights }, { session: { kernel } });
  const session = await createSession({ graph, weights }, { kernel });
  const cases: Timed[] = [];
  const opened: { readonly name: string; readonly size: string }[] = [];
  for (const path of pictures) {
    const bytes = await readBytes(path);
    const decoded = await atPath(path, () => decodePicture(bytes));
    const input = await atPath(path, () => pictureInput([decoded], graph));
    cases.push({ name: `${path}: classify`, run: () => classify(bytes) });
    cases.push({ name: `${path}: decode`, run: () => decodePicture(bytes) });
    cases.push({ name: `${path}: run`, run: () => session.run(input) });
    opened.push({ name: path, size: `${decoded.width}x${decoded.height}` });
  }
  const timings = await interleave(cases, { rounds: runs });
  classify.dispose();
  session.dispose();
  const answered = opened.map(({ name: path, size }): Answered => {
    const [all, decode, run] = ["classify", "decode", "run"].map((part) => timings.get(`${path}: ${part}`)!);
    return { name: basename(path), size, classify: all, decode, run };
  });
  const results: BenchResult[] = answered.flatMap(({ name, classify: all, decode, run }) => [
    benchResult({ suite: "answer", name, variant: "classify", timing: all }),
    benchResult({ suite: "answer", name, variant: "decode", timing: decode }),
    benchResult({ suite: "answer", name, variant: "run", timing: run }),
  ]);
  return { machine: machineFacts(), results, tables: [ratioTable(answered, network)] };
}
