/** `xnorkit bench`: finds the benchmark, which lives in bench/, and prints its figures. */
import { XnorkitError } from "../errors.js";
import type { BenchOptions, BenchReport, BenchShape } from "./bench_report.js";
import { badUsage, checkPositionals, parseCommand, readCount, readShape } from "./options.js";
import { type Io, printJson, printLine, printTable } from "./output.js";

export const usage = `usage: xnorkit bench kernels|models|peers [--shape HxWxCinxCout] [options]

  kernels  packing, im2col, GEMM and convolutions at the shapes of ResNet-18
  models   whole networks: time, memory, start
  peers    the same network in other libraries, interleaved in one process (they are development dependencies)

      --shape S   only the 3x3 convolution on HxW maps from Cin to Cout channels, like 56x56x64x64 (kernels)
      --filter T  only what has T in its name
      --scale     time a multiply-accumulate over input sizes and batches (models)
      --runs N    runs of each case
      --json      { "machine", "results": [{ "suite", "name", "variant", "bestMs", "medianMs", "gmacPerSecond", "ratios" }] }

A ratio is the other's time divided by ours in the same run.
`;

const options = {
  shape: { type: "string" },
  filter: { type: "string" },
  scale: { type: "boolean" },
  runs: { type: "string" },
} as const;

/** The exported function of each file in bench/. */
const suites: ReadonlyMap<string, string> = new Map([
  ["kernels", "runKernelBench"],
  ["models", "runModelBench"],
  ["peers", "runPeerBench"],
]);

type Bench = (options: BenchOptions) => Promise<BenchReport>;

/** Benchmarks load their own dependencies, which no other command needs: they are imported by their place. */
async function loadBench(suite: string, name: string): Promise<Bench> {
  const module = (await import(new URL(`../../bench/${suite}.js`, import.meta.url).href)) as Record<string, unknown>;
  const bench = module[name];
  if (typeof bench === "function") return bench as Bench;
  throw new XnorkitError("unsupported", `this build has no benchmark ${suite}: bench/${suite} exports no ${name}`);
}

function readBenchShape(value: string | undefined): BenchShape | undefined {
  const sizes = readShape("--shape", value);
  if (sizes === undefined) return undefined;
  if (sizes.length !== 4) throw badUsage(`--shape is "${value}", expected HxWxCinxCout, like 56x56x64x64`);
  const [height, width, inputs, outputs] = sizes;
  return { height, width, inputs, outputs };
}

function printReport(io: Io, { machine, results }: BenchReport): void {
  printLine(
    io,
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(", "),
  );
  printLine(io, "");
  const ratios = [...new Set(results.flatMap((result) => Object.keys(result.ratios)))];
  const right = (head: string) => ({ head, align: "right" }) as const;
  printTable(
    io,
    [
      { head: "name" },
      { head: "variant" },
      right("best us"),
      right("median us"),
      right("GMAC/s"),
      ...ratios.map((peer) => right(`${peer} x`)),
    ],
    results.map(({ name, variant, bestMs, medianMs, gmacPerSecond, ratios: own }) => [
      name,
      variant,
      (1000 * bestMs).toFixed(1),
      (1000 * medianMs).toFixed(1),
      gmacPerSecond === 0 ? "" : gmacPerSecond.toFixed(1),
      ...ratios.map((peer) => own[peer]?.toFixed(2) ?? ""),
    ]),
  );
}

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, [...suites.keys()].join("|"), 1, 1);
  const [suite] = positionals;
  const name = suites.get(suite);
  if (name === undefined) throw badUsage(`there is no benchmark "${suite}": expected ${[...suites.keys()].join(", ")}`);
  const benchOptions: BenchOptions = {
    shape: readBenchShape(values.shape),
    filter: values.filter,
    scale: values.scale === true,
    runs: readCount("--runs", values.runs),
  };
  const bench = await loadBench(suite, name);
  const report = await bench(benchOptions);
  if (values.json) printJson(io, report);
  else printReport(io, report);
}
