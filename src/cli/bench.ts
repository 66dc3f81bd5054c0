/** `xnorkit bench`: finds the benchmark, which lives in bench/, and prints its figures. */
import type { KernelChoice } from "../compiler/choose_kernel.js";
import type { BenchOptions, BenchReport, BenchResult, BenchShape, GemmShape } from "./bench_report.js";
import {
  badUsage,
  checkPositionals,
  parseCommand,
  readCount,
  readNames,
  readNumbers,
  readShape,
  readThreads,
} from "./options.js";
import { type Io, printJson, printLine, printNote, printTable } from "./output.js";

export const usage = `usage: xnorkit bench kernels|models|peers|start|answer [PICTURE...] [options]

  kernels  packing, im2col, GEMM and convolutions at the shapes of ResNet-18
  models   whole networks: time, memory, start
  start    from the start of a process to its first result: session, program, and onnxruntime-web on floats
  answer   from PNG and JPEG files to answers: classify beside decoding and the network alone, and the ratio
  peers    the same network in other libraries, interleaved in one process (they are development dependencies)

      --shape S    only the 3x3 convolution on HxW maps from Cin to Cout channels, like 56x56x64x64 (kernels)
      --gemm MxNxK only the product of M rows and N columns of K signs, and the same in float, like 784x128x1152
                   (kernels)
      --filter T   only what has T in its name
      --model M    a network of yours, a name or a file as other commands take them (all but kernels); models measures
                   it beside resnet18_e1 alone, if no --filter names others
      --weights F  its parameters; without them they are random, which takes the same time
      --input-shape S  its input, like 1,3,224,224
      --scale      time a multiply-accumulate over input sizes and batches (models)
      --profile    also the time of every step (models)
      --kernel K   table, popcount or auto, the default (all but kernels)
      --threads L  numbers of threads: 1,2 measures a few networks with each (models), 2 measures all that have threads
                   with 2 (peers)
      --runs N     rounds of the measurement; every round runs every case
      --seconds S  seconds for each case in a round (kernels)
      --json       { "machine", "results": [{ "suite", "name", "variant", "bestMs", "medianMs", "gmacPerSecond",
                   "ratios" }], "tables", "notes" }

A ratio is the other's time divided by ours in the same run, best against best. All runs in one thread unless --threads
says otherwise; figures are steadier when the process keeps to one core: taskset -c 1 npx xnorkit bench kernels
`;

export const options = {
  shape: { type: "string" },
  filter: { type: "string" },
  gemm: { type: "string" },
  model: { type: "string", short: "m" },
  weights: { type: "string", short: "w" },
  "input-shape": { type: "string" },
  scale: { type: "boolean" },
  profile: { type: "boolean" },
  kernel: { type: "string" },
  threads: { type: "string" },
  seconds: { type: "string" },
  runs: { type: "string" },
} as const;

type Bench = (options: BenchOptions) => Promise<BenchReport>;

/** Benchmarks load their own dependencies, which no other command needs. */
const suites: ReadonlyMap<string, () => Promise<Bench>> = new Map([
  ["kernels", async () => (await import("../../bench/kernels.js")).runKernelBench],
  ["models", async () => (await import("../../bench/models.js")).runModelBench],
  ["start", async () => (await import("../../bench/start.js")).runStartBench],
  ["answer", async () => (await import("../../bench/answer.js")).runAnswerBench],
  ["peers", async () => (await import("../../bench/peers.js")).runPeerBench],
]);

function readBenchShape(value: string | undefined): BenchShape | undefined {
  const sizes = readShape("--shape", value);
  if (sizes === undefined) return undefined;
  if (sizes.length !== 4) throw badUsage(`--shape is "${value}", expected HxWxCinxCout, like 56x56x64x64`);
  const [height, width, inputs, outputs] = sizes;
  return { height, width, inputs, outputs };
}

/** Of each size, so that no address leaves the memory. */
const MAX_GEMM = 1 << 20;
const MAX_GEMM_BYTES = 2 ** 30;

function readGemm(value: string | undefined): GemmShape | undefined {
  const sizes = readShape("--gemm", value);
  if (sizes === undefined) return undefined;
  if (sizes.length !== 3) throw badUsage(`--gemm is "${value}", expected MxNxK, like 784x128x1152`);
  const [rows, outputs, inputs] = sizes;
  const bytes = 4 * (rows * inputs + outputs * inputs + rows * outputs);
  if (sizes.some((size) => size > MAX_GEMM) || bytes > MAX_GEMM_BYTES) {
    throw badUsage(`--gemm ${value} needs ${Math.ceil(bytes / 2 ** 20)} MiB as floats: at most 1024 are measured`);
  }
  return { rows, outputs, inputs };
}

function readSeconds(value: string | undefined): number | undefined {
  const seconds = readNumbers("--seconds", value);
  if (seconds === undefined) return undefined;
  if (seconds.length !== 1 || seconds[0] <= 0) throw badUsage(`--seconds is "${value}", expected a number above 0`);
  return seconds[0];
}

function readKernel(value: string | undefined): KernelChoice | undefined {
  if (value === undefined || value === "table" || value === "popcount" || value === "auto") return value;
  throw badUsage(`--kernel is "${value}", expected table, popcount or auto`);
}

/** Numbers of threads with commas between. */
function readThreadList(value: string | undefined, suite: string): readonly number[] | undefined {
  if (value === undefined) return undefined;
  const counts = readNames("--threads", value).map((part) => readThreads(part));
  if (suite === "kernels" || !counts.every((count) => typeof count === "number") || counts.length === 0) {
    throw badUsage(`--threads is "${value}": models and peers take numbers, like 1,2`);
  }
  if (suite === "peers" && counts.length > 1) throw badUsage(`--threads is "${value}": peers take one number, like 2`);
  return counts;
}

const right = (head: string) => ({ head, align: "right" }) as const;

/** Kernels take microseconds, networks milliseconds. */
function printResults(io: Io, results: readonly BenchResult[]): void {
  const [unit, factor] = results[0]?.suite === "kernels" ? (["us", 1000] as const) : (["ms", 1] as const);
  const ratios = [...new Set(results.flatMap((result) => Object.keys(result.ratios)))];
  // One yardstick is a column; many would make the lines too long, and get a table of their own.
  const columns = ratios.length === 1 ? ratios : [];
  printTable(
    io,
    [
      { head: "name" },
      { head: "variant" },
      right(`best ${unit}`),
      right(`median ${unit}`),
      right("GMAC/s"),
      ...columns.map((peer) => right(`${peer} x`)),
    ],
    results.map(({ name, variant, bestMs, medianMs, gmacPerSecond, ratios: own }) => [
      name,
      variant,
      (factor * bestMs).toFixed(2),
      (factor * medianMs).toFixed(2),
      gmacPerSecond === 0 ? "" : gmacPerSecond.toFixed(1),
      ...columns.map((peer) => own[peer]?.toFixed(2) ?? ""),
    ]),
  );
  if (ratios.length < 2) return;
  const ours = results.filter((result) => Object.keys(result.ratios).length > 0);
  printLine(io, "");
  printTable(
    io,
    [{ head: "time divided by ours" }, ...ours.map(({ variant }) => right(variant))],
    ratios.map((peer) => [peer, ...ours.map((result) => result.ratios[peer]?.toFixed(2) ?? "")]),
  );
}

function printReport(io: Io, { machine, results, tables = [] }: BenchReport): void {
  printLine(
    io,
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(", "),
  );
  printLine(io, "");
  printResults(io, results);
  for (const { title, head, rows } of tables) {
    printLine(io, "");
    printLine(io, title);
    const isNumber = (column: number) => rows.every((row) => typeof row[column] === "number");
    printTable(
      io,
      head.map((name, column) => (isNumber(column) ? right(name) : { head: name })),
      rows.map((row) => row.map(String)),
    );
  }
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  const [suite, ...pictures] = positionals;
  const isAnswer = suite === "answer";
  const expected = isAnswer ? "answer PICTURE..." : [...suites.keys()].join("|");
  checkPositionals(positionals, expected, isAnswer ? 2 : 1, isAnswer ? Number.POSITIVE_INFINITY : 1);
  const load = suites.get(suite);
  if (load === undefined) throw badUsage(`there is no benchmark "${suite}": expected ${[...suites.keys()].join(", ")}`);
  if (values.shape !== undefined && values.gemm !== undefined) {
    throw badUsage("--shape and --gemm exclude each other");
  }
  if (values.model === undefined && (values.weights ?? values["input-shape"]) !== undefined) {
    throw badUsage("--weights and --input-shape go with --model");
  }
  const benchOptions: BenchOptions = {
    shape: readBenchShape(values.shape),
    gemm: readGemm(values.gemm),
    filter: values.filter,
    model: values.model,
    weights: values.weights,
    "input-shape": values["input-shape"],
    scale: values.scale === true,
    profile: values.profile === true,
    kernel: readKernel(values.kernel),
    threads: readThreadList(values.threads, suite),
    seconds: readSeconds(values.seconds),
    runs: readCount("--runs", values.runs),
    pictures,
  };
  const bench = await load();
  const report = await bench(benchOptions);
  if (values.json) printJson(io, report);
  else printReport(io, report);
  for (const note of report.notes ?? []) printNote(io, note);
}
