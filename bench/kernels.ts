/** `bench kernels`: binary convolutions at the shapes of ResNet-18, every path, beside the prototype where it is present. */
import type { BenchOptions, BenchReport, BenchResult, BenchShape } from "../src/cli/bench_report.js";
import { hostMemory } from "../src/runtime/memory.js";
import { kernelModule } from "../src/runtime/module.js";
import { instantiateKernels } from "../src/runtime/wasm.js";
import { type KernelCase, kernelCases } from "./support/kernel_cases.js";
import { isComparable, openPrototype, type Prototype } from "./support/prototype.js";
import { benchResult, machineFacts, reasonOf, wanted } from "./support/report.js";
import { measureSuite } from "./support/suite.js";

/** 115.6 M bit products each. */
const resnet18Shapes: readonly BenchShape[] = [
  { height: 56, width: 56, inputs: 64, outputs: 64 },
  { height: 28, width: 28, inputs: 128, outputs: 128 },
  { height: 14, width: 14, inputs: 256, outputs: 256 },
  { height: 7, width: 7, inputs: 512, outputs: 512 },
];

/** Case names carry their owner: benchmark.js tells them apart by name. */
const prototypeName = (name: string) => `prototype: ${name}`;

function measureShape(
  cases: readonly KernelCase[],
  prototype: readonly KernelCase[],
  { height, width, inputs, outputs }: BenchShape,
  { runs = 5, seconds = 0.1 }: BenchOptions,
): readonly BenchResult[] {
  const twins = new Map(prototype.map((twin) => [twin.name, twin]));
  // Twins are neighbours, so that both meet the same moment of the machine.
  const timed = cases.flatMap((ours) => {
    const twin = twins.get(ours.name);
    return twin === undefined ? [ours] : [ours, { ...twin, name: prototypeName(ours.name) }];
  });
  const timings = measureSuite(timed, { rounds: runs, seconds });
  const variant = `${height}x${width}x${inputs}x${outputs}`;
  return cases.map(({ name, macs }) => {
    const twin = timings.get(prototypeName(name));
    const measured = { suite: "kernels", name, variant, timing: timings.get(name)!, macs };
    return benchResult(twin === undefined ? measured : { ...measured, others: { prototype: twin } });
  });
}

/**
 * 3x3 convolutions with padding 1 on the four shapes of ResNet-18 or on `shape`: `runs` rounds (5) of `seconds` (0.1) a case.
 * `table conv, zero padding` is the whole layer without its epilogue.
 */
export async function runKernelBench(options: BenchOptions): Promise<BenchReport> {
  const module = await kernelModule();
  const shapes = options.shape === undefined ? resnet18Shapes : [options.shape];
  const notes: string[] = [];
  let prototype: Prototype = { cases: () => [] };
  try {
    if (!shapes.some(isComparable)) throw new Error("it computes multiples of 64 channels only");
    prototype = await openPrototype();
  } catch (error) {
    notes.push(`the prototype is not compared: ${reasonOf(error)}`);
  }
  const results: BenchResult[] = [];
  for (const shape of shapes) {
    const host = hostMemory();
    const { exports } = instantiateKernels(module, host.memory);
    const cases = kernelCases(exports, host, shape).filter(({ name }) => wanted(name, options.filter));
    results.push(...measureShape(cases, prototype.cases(shape), shape, options));
  }
  return { machine: machineFacts(), results, notes };
}
