/** `bench models --scale`: whether the cost grows with the work, over picture sizes and batches. */
import type { BenchOptions, BenchReport } from "../../src/cli/bench_report.js";
import { createSession, randomWeights, summarize } from "../../src/index.js";
import { binaryNetwork, floatPicture } from "./inputs.js";
import { interleave } from "./measure.js";
import { benchResult, machineFacts, wanted } from "./report.js";

const SEED = 1;
const sizes = [32, 64, 96, 112, 128, 160, 192, 224, 320, 448];
const batches = [1, 2, 4, 8, 16];
/** Sizes that are measured with every batch; the others with one picture. */
const batchedSizes: readonly number[] = [32, 112, 224, 448];

interface Point {
  readonly name: string;
  readonly size: number;
  readonly batch: number;
  readonly macs: number;
}

const pointName = (size: number, batch: number) => `${size}x${size} batch ${batch}`;

/**
 * resnet18_e1 with the imagenet stem and useFp; without usePooling, whose maps must have even sizes (112x112 ends in
 * 7x7 maps). One session runs all shapes, the largest first, so that all use one arena.
 */
export async function runScale({ runs = 5, filter, kernel }: BenchOptions): Promise<BenchReport> {
  const graph = binaryNetwork({ useFp: true });
  const points: Point[] = sizes
    .flatMap((size) => (batchedSizes.includes(size) ? batches : [1]).map((batch) => ({ size, batch })))
    .map(({ size, batch }) => {
      const { binaryMacs, floatMacs, denseMacs } = summarize(graph, [batch, 3, size, size]).totals;
      return { name: pointName(size, batch), size, batch, macs: binaryMacs + floatMacs + denseMacs };
    })
    .filter(({ name }) => wanted(name, filter))
    .sort((a, b) => b.macs - a.macs);
  if (points.length === 0) return { machine: machineFacts(), results: [] };
  const inputShape = [points[0].batch, 3, points[0].size, points[0].size];
  const session = await createSession({ graph, weights: randomWeights(graph, SEED) }, { kernel, inputShape });
  const cases = points.map(({ name, size, batch }) => {
    const input = floatPicture([batch, 3, size, size], SEED);
    return { name, run: () => session.run(input) };
  });
  const timings = await interleave(cases, { rounds: runs, warmUp: 1 });
  session.dispose();

  const ascending = points.toSorted((a, b) => a.batch - b.batch || a.size - b.size);
  const picoseconds = ({ name, macs }: Point) => (timings.get(name)!.bestMs * 1e9) / macs;
  const base = ascending.find(({ size, batch }) => size === 224 && batch === 1) ?? ascending[ascending.length - 1];
  return {
    machine: machineFacts(),
    results: ascending.map(({ name, macs }) =>
      benchResult({ suite: "scale", name: "resnet18_e1", variant: name, timing: timings.get(name)!, macs }),
    ),
    tables: [
      {
        title: "time per multiply-accumulate, best runs",
        head: ["input", "batch", "ps/MAC", `relative to ${base.name}`],
        rows: ascending.map((point) => [
          `${point.size}x${point.size}`,
          point.batch,
          Number(picoseconds(point).toFixed(2)),
          Number((picoseconds(point) / picoseconds(base)).toFixed(3)),
        ]),
      },
    ],
  };
}
