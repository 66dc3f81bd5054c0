/**
 * Binary layers as the compiler plans them: plain, in groups, and with a pad, a max pool or a concatenation between the
 * sign and the layer. What is timed are the steps behind the sign, up to the signs of the layer's batch norm.
 */
import type { BenchShape } from "../../src/cli/bench_report.js";
import { compileGraph, planProgram } from "../../src/compiler/compile.js";
import type { Graph, Node, Operation } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { binder } from "../../src/runtime/bind.js";
import { hostMemory } from "../../src/runtime/memory.js";
import { aloneCrew } from "../../src/runtime/team.js";
import type { Shape } from "../../src/tensor.js";
import type { KernelCase } from "./kernel_cases.js";

/** The case that the others are compared with. */
export const PLAIN = "binary layer";

/** A value of the graph, from the names of those before it. */
type Step = readonly [name: string, operation: Operation, ...inputs: readonly string[]];

function graphOf(inputShape: Shape, steps: readonly Step[]): Graph {
  const nodes = steps.map(([name, operation, ...inputs]) => ({ ...operation, name, inputs, module: "" }) as Node);
  const output = nodes[nodes.length - 1].name;
  return {
    name: "layer",
    inputShape,
    nodes: [{ kind: "input", name: "x", inputs: [], module: "" }, ...nodes],
    output,
    modules: [],
  };
}

const sign: Operation = { kind: "quantize", method: "det_sign", bits: 1 };
const half: Operation = { kind: "maxPool", kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
const pad: Operation = { kind: "pad", top: 1, left: 1, bottom: 1, right: 1, value: -1 };
const norm: Operation = {
  ...{ kind: "batchNorm", gamma: "n.g", beta: "n.b", mean: "n.m", variance: "n.v" },
  ...{ epsilon: 1e-5, fixGamma: false },
};

function layer(channels: number, groups: number, padding: number): Operation {
  return {
    ...{ kind: "binaryConv2d", weight: "c.w", channels, groups, kernel: [3, 3], stride: [1, 1], dilation: [1, 1] },
    ...{ padding: [padding, padding], padValue: -1, quantizer: "det_sign", bits: 1, scaling: "none", offset: true },
  };
}

/** The graphs by the names of their cases. Each layer reads a map of the same shape and has as many products. */
function graphs({ height, width, inputs, outputs }: BenchShape): readonly (readonly [name: string, graph: Graph])[] {
  const end = (input: string, groups = 1, padding = 1): readonly Step[] => [
    ["c", layer(outputs, groups, padding), input],
    ["n", norm, "c"],
    ["t", sign, "n"],
  ];
  const map = [1, inputs, height, width];
  const all: [string, Graph][] = [
    [PLAIN, graphOf(map, [["s", sign, "x"], ...end("s")])],
    [`${PLAIN} behind a pad`, graphOf(map, [["s", sign, "x"], ["p", pad, "s"], ...end("p", 1, 0)])],
    [
      `${PLAIN} behind a max pool`,
      graphOf([1, inputs, 2 * height, 2 * width], [["s", sign, "x"], ["p", half, "s"], ...end("p")]),
    ],
  ];
  if (inputs % 2 === 1) return all;
  const joined: readonly Step[] = [
    ["s", sign, "x"],
    ["p", { kind: "concat" }, "s", "s"],
  ];
  all.push([`${PLAIN} behind a concat`, graphOf([1, inputs / 2, height, width], [...joined, ...end("p")])]);
  if (outputs % 2 === 0) all.push([`${PLAIN} in 2 groups`, graphOf(map, [["s", sign, "x"], ...end("s", 2)])]);
  return all;
}

/** The cases of a shape, each in a memory of its own; `PLAIN` comes first. */
export function layerCases(module: WebAssembly.Module, shape: BenchShape): readonly KernelCase[] {
  return graphs(shape).map(([name, graph]) => {
    const plan = planProgram(compileGraph(graph, randomWeights(graph, 1)), graph.inputShape, "f32");
    const host = hostMemory();
    const team = aloneCrew(module).team(host.memory, 0);
    const { steps } = binder(team, host).bind(plan);
    // Pixels, the sign and the floats of the output are not the layer's; what it reads must have been written once.
    const timed = [...plan.steps.keys()].filter((i) => ["p", "c"].includes(plan.steps[i].name));
    team.run(steps);
    const macs = plan.steps.reduce((sum, { binaryMacs }) => sum + binaryMacs, 0);
    return {
      name,
      macs,
      run: () => {
        for (const step of timed) team.runStep(steps, step);
      },
    };
  });
}
