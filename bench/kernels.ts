/**
 * `bench kernels`: the kernels at the shapes of ResNet-18, every path, beside the prototypes if they are present.
 */
import type { BenchOptions, BenchReport, BenchResult, BenchShape, GemmShape } from "../src/cli/bench_report.js";
import { hostMemory } from "../src/runtime/memory.js";
import { kernelModule, relaxedModule } from "../src/runtime/module.js";
import { instantiateKernels } from "../src/runtime/wasm.js";
import { type FloatCase, floatCases } from "./support/float_cases.js";
import { FLOAT_GEMM, gemmCases } from "./support/gemm_cases.js";
import { type KernelCase, kernelCases } from "./support/kernel_cases.js";
import { layerCases, PLAIN } from "./support/layer_cases.js";
import { isComparable, openPrototypes, type Prototypes } from "./support/prototype.js";
import { benchResult, machineFacts, reasonOf, wanted } from "./support/report.js";
import { measureSuite } from "./support/suite.js";

/** 115.6 M bit products each. */
const resnet18Shapes: readonly BenchShape[] = [
  { height: 56, width: 56, inputs: 64, outputs: 64 },
  { height: 28, width: 28, inputs: 128, outputs: 128 },
  { height: 14, width: 14, inputs: 256, outputs: 256 },
  { height: 7, width: 7, inputs: 512, outputs: 512 },
];

/** For layers as they are planned. */
const plannedShapes: readonly BenchShape[] = [
  ...resnet18Shapes.slice(0, 3),
  { height: 28, width: 28, inputs: 64, outputs: 64 },
];

const variantOf = ({ height, width, inputs, outputs }: BenchShape) => `${height}x${width}x${inputs}x${outputs}`;

const noPrototypes: Prototypes = { convolution: () => [], stem: () => [] };

/** benchmark.js tells cases apart by name, and layers of several shapes share one. */
const timedName = ({ name, variant }: FloatCase) => `${name} ${variant}`;
const twinName = (ours: FloatCase) => `prototype: ${timedName(ours)}`;

/**
 * Measures cases, each with its twin among the prototypes as its neighbour, so that both meet the same moment of the
 * machine.
 */
function measureCases(
  cases: readonly FloatCase[],
  prototype: readonly KernelCase[],
  { runs = 5, seconds = 0.1 }: BenchOptions,
): readonly BenchResult[] {
  const twins = new Map(prototype.map((twin) => [twin.name, twin]));
  const timed = cases.flatMap((ours) => {
    const twin = twins.get(ours.name);
    const own = { name: timedName(ours), run: ours.run };
    return twin === undefined ? [own] : [own, { name: twinName(ours), run: twin.run }];
  });
  const timings = measureSuite(timed, { rounds: runs, seconds });
  return cases.map((ours) => {
    const { name, variant, macs } = ours;
    const measured = { suite: "kernels", name, variant, timing: timings.get(timedName(ours))!, macs };
    const twin = timings.get(twinName(ours));
    return benchResult(twin === undefined ? measured : { ...measured, others: { prototype: twin } });
  });
}

/** Layers as they are planned, each beside the plain one. */
function measureLayers(
  module: WebAssembly.Module,
  shape: BenchShape,
  { runs = 5, seconds = 0.1, filter }: BenchOptions,
): readonly BenchResult[] {
  const cases = layerCases(module, shape);
  const chosen = cases.filter(({ name }) => wanted(name, filter));
  if (chosen.length === 0) return [];
  const timings = measureSuite([...new Set([cases[0], ...chosen])], { rounds: runs, seconds });
  return chosen.map(({ name, macs }) => {
    const measured = { suite: "kernels", name, variant: variantOf(shape), timing: timings.get(name)!, macs };
    const plain = name === PLAIN ? {} : { others: { plain: timings.get(PLAIN)! } };
    return benchResult({ ...measured, ...plain });
  });
}

/** One product of signs, every path beside the float one. */
function measureGemm(
  module: WebAssembly.Module,
  shape: GemmShape,
  { runs = 5, seconds = 0.1, filter }: BenchOptions,
): readonly BenchResult[] {
  const { kernels, host } = open(module);
  const { cases } = gemmCases(kernels, host, shape);
  const chosen = cases.filter(({ name }) => wanted(name, filter));
  if (chosen.length === 0) return [];
  const float = cases.find(({ name }) => name === FLOAT_GEMM)!;
  const timings = measureSuite([...new Set([...chosen, float])], { rounds: runs, seconds });
  const variant = `${shape.rows}x${shape.outputs}x${shape.inputs}`;
  return chosen.map(({ name, macs }) => {
    const measured = { suite: "kernels", name, variant, timing: timings.get(name)!, macs };
    if (name === FLOAT_GEMM || macs === 0) return benchResult(measured);
    return benchResult({ ...measured, others: { float: timings.get(FLOAT_GEMM)! } });
  });
}

function open(module: WebAssembly.Module) {
  const host = hostMemory();
  return { host, kernels: instantiateKernels(module, host.memory).exports };
}

/** Float layers, and once more with fused multiply-adds if this runtime has them. */
async function openFloatCases(module: WebAssembly.Module): Promise<readonly FloatCase[]> {
  const { kernels, host } = open(module);
  const cases = floatCases(kernels, host);
  const relaxed = await relaxedModule();
  if (relaxed === null) return cases;
  const fused = open(relaxed);
  const again = floatCases(fused.kernels, fused.host).filter(({ name }) => name.endsWith("f32"));
  return [...cases, ...again.map((each) => ({ ...each, name: `${each.name}, relaxed` }))];
}

/**
 * 3x3 convolutions with padding 1 on the four shapes of ResNet-18, binary layers as the compiler plans them, and its
 * float layers; or on `shape` alone, or the product `gemm` alone. `runs` rounds (5) of `seconds` (0.1) a case. `table
 * conv, zero padding` is a whole layer without its epilogue; the ratio of a planned layer is the plain layer's time to
 * its own.
 */
export async function runKernelBench(options: BenchOptions): Promise<BenchReport> {
  const { shape: only, gemm, filter } = options;
  const module = await kernelModule();
  if (gemm !== undefined) return { machine: machineFacts(), results: measureGemm(module, gemm, options) };
  const shapes = only === undefined ? resnet18Shapes : [only];
  const notes: string[] = [];
  let prototypes = noPrototypes;
  try {
    if (!shapes.some(isComparable)) throw new Error("they compute multiples of 64 channels only");
    prototypes = await openPrototypes({ convolution: true, stem: only === undefined });
  } catch (error) {
    notes.push(`the prototypes are not compared: ${reasonOf(error)}`);
  }
  const results: BenchResult[] = [];
  for (const shape of shapes) {
    const { kernels, host } = open(module);
    const variant = variantOf(shape);
    const cases = kernelCases(kernels, host, shape).filter(({ name }) => wanted(name, filter));
    const named = cases.map((each) => ({ ...each, variant }));
    results.push(...measureCases(named, prototypes.convolution(shape), options));
  }
  for (const shape of only === undefined ? plannedShapes : [only])
    results.push(...measureLayers(module, shape, options));
  if (only === undefined) {
    const cases = (await openFloatCases(module)).filter(({ name }) => wanted(name, filter));
    results.push(...measureCases(cases, prototypes.stem(), options));
  }
  return { machine: machineFacts(), results, notes };
}
