/** Random graphs, wired at will, on the kernels and in the reference: whatever the passes fuse, the numbers stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import type { Operation } from "../../src/graph/builder.js";
import { inferNodeShape } from "../../src/graph/node_shapes.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Shape, sameShape, type Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { followDecisions } from "../goldens/decisions.js";
import { awkwardNorms, noise } from "./support.js";

const kinds = [
  "conv2d",
  "binaryConv2d",
  "quantize",
  "batchNorm",
  "relu",
  "add",
  "maxPool",
  "avgPool",
  "globalAvgPool",
  "flatten",
  "dense",
] as const;

/** One node to be; `first` and `second` choose among the values that it can read. */
const choice = fc.record({
  kind: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...kinds) },
    // What the passes are about, more often.
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "binaryConv2d",
        "quantize",
        "quantize",
        "batchNorm",
        "batchNorm",
        "add",
        "add",
        "relu",
      ),
    },
  ),
  first: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 4),
  second: fc.nat(5),
  channels: fc.constantFrom(1, 3, 5, 8, 64, 67),
  /** Most convolutions keep the shape, so that additions find partners. */
  keeps: fc.constantFrom(true, true, true, false),
  kernel: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2),
  padding: fc.nat(2),
  dilation: fc.constantFrom(1, 2),
  padValue: fc.constantFrom(-1, 0, 1),
  flag: fc.boolean(),
});

const specification = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 9 }),
  // Above 48 rows a binary convolution runs in several bands.
  size: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 3, max: 8 }) }, { weight: 1, arbitrary: fc.constant(50) }),
  choices: fc.array(choice, { minLength: 2, maxLength: 14, size: "max" }),
  taps: fc.array(fc.nat(30), { maxLength: 3 }),
  output: fc.constantFrom(0, 0, 0, 1, 2),
  seed: fc.nat(1000),
  kernel: fc.constantFrom<KernelChoice>("table", "popcount", "auto"),
  bytes: fc.boolean(),
});

type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never;
type Specification = typeof specification extends fc.Arbitrary<infer T> ? T : never;

interface Value {
  readonly name: string;
  readonly shape: Shape;
  readonly isBits: boolean;
}

/** An operation and what it reads, or null where no value can be read by it. The newest values are the first candidates. */
function wire(
  wanted: Choice,
  values: readonly Value[],
  name: string,
): { readonly operation: Operation; readonly inputs: readonly string[] } | null {
  const newest = [...values].reverse();
  const pick = (index: number, fits: (value: Value) => boolean): Value | undefined => {
    const candidates = newest.filter(fits);
    return candidates[Math.min(index, candidates.length - 1)];
  };
  const isMap = ({ shape }: Value) => shape.length === 4;
  const { kind, keeps, flag } = wanted;
  const kernel = keeps ? 3 : wanted.kernel;
  const padding = keeps ? 1 : kind === "maxPool" || kind === "avgPool" ? wanted.padding % kernel : wanted.padding;
  const stride = keeps ? 1 : wanted.stride;
  const dilation = keeps ? 1 : wanted.dilation;
  const window = { kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding] } as const;
  const sweep = { ...window, dilation: [dilation, dilation] } as const;
  const weight = `${name}.weight`;
  const x = pick(
    wanted.first,
    kind === "binaryConv2d"
      ? (value) => isMap(value) && value.isBits
      : kind === "dense"
        ? ({ shape }) => shape.length === 2
        : kind === "batchNorm" || kind === "relu" || kind === "add" || kind === "quantize" || kind === "flatten"
          ? () => true
          : isMap,
  );
  if (x === undefined) return null;
  const channels = keeps ? x.shape[1] : wanted.channels;
  const inputs = [x.name];
  switch (kind) {
    case "conv2d": {
      const groups = flag && channels === x.shape[1] ? channels : 1;
      return { operation: { kind, weight, channels, ...sweep, groups, bias: flag ? `${name}.bias` : null }, inputs };
    }
    case "binaryConv2d": {
      const { padValue } = wanted;
      const binary = { quantizer: "det_sign", bits: 1, scaling: "none", offset: flag } as const;
      return {
        operation: { kind, weight, channels, ...sweep, groups: 1, padValue: padValue as -1 | 0 | 1, ...binary },
        inputs,
      };
    }
    case "quantize":
      return { operation: { kind, method: flag ? "det_sign" : "sign_approx_sign", bits: 1 }, inputs };
    case "batchNorm": {
      const parameters = { mean: `${name}.running_mean`, variance: `${name}.running_var`, beta: `${name}.beta` };
      return {
        operation: { kind, ...parameters, gamma: `${name}.gamma`, epsilon: 1e-5, fixGamma: flag },
        inputs,
      };
    }
    case "add": {
      const rest = (shape: Shape) => shape.filter((_, axis) => axis !== 1);
      const fits = ({ shape }: Value) => sameShape(rest(shape), rest(x.shape)) && shape[1] <= x.shape[1];
      const narrower = flag ? pick(wanted.second, (value) => fits(value) && value.shape[1] < x.shape[1]) : undefined;
      const y = narrower ?? pick(wanted.second, fits)!;
      const free = x.shape[1] - y.shape[1];
      return { operation: { kind, channelOffset: wanted.stride === 1 ? free : free >> 1 }, inputs: [x.name, y.name] };
    }
    case "maxPool":
      return { operation: { kind, ...window }, inputs };
    case "avgPool":
      return { operation: { kind, ...window, countIncludePad: flag }, inputs };
    case "dense":
      return { operation: { kind, weight, bias: flag ? `${name}.bias` : null, units: wanted.channels }, inputs };
    default:
      return { operation: { kind }, inputs };
  }
}

function fitsWindow({ kind, kernel, padding, dilation, keeps }: Choice, shape: Shape): boolean {
  if (keeps || !["conv2d", "binaryConv2d", "maxPool", "avgPool"].includes(kind)) return true;
  const pool = kind === "maxPool" || kind === "avgPool";
  const reach = pool ? kernel : dilation * (kernel - 1) + 1;
  const pad = pool ? padding % kernel : padding;
  return Math.min(shape[2], shape[3]) + 2 * pad >= reach;
}

function build({ batch, channels, size, choices, output }: Specification): Graph {
  const inputShape = [batch, channels, size, size + 1];
  const nodes: Node[] = [{ kind: "input", name: "input", inputs: [], module: "" }];
  const values: Value[] = [{ name: "input", shape: inputShape, isBits: false }];
  for (const wanted of choices) {
    // A binary convolution reads signs that are there, or signs of its own, or those of a batch norm of its own.
    const before =
      wanted.kind === "binaryConv2d" ? [[], ["quantize"], ["batchNorm", "quantize"]][wanted.second % 3] : [];
    const steps = [
      ...before.map((kind, index) => ({ ...wanted, kind, first: index === 0 ? wanted.first : 0 })),
      { ...wanted, first: before.length === 0 ? wanted.first : 0 },
    ];
    for (const step of steps as Choice[]) {
      const name = `${nodes.length}.${step.kind}`;
      const wired = wire(step, values, name);
      if (wired === null) continue;
      const { operation, inputs } = wired;
      const shapes = inputs.map((input) => values.find((value) => value.name === input)!.shape);
      if (!fitsWindow(step, shapes[0])) continue;
      const node = { ...operation, name, inputs, module: "" };
      nodes.push(node);
      values.push({ name, shape: inferNodeShape(node, shapes), isBits: node.kind === "quantize" });
    }
  }
  const result = values[Math.max(0, values.length - 1 - output)].name;
  return {
    name: "random",
    inputShape,
    nodes,
    output: result,
    modules: [{ path: "", type: "Random", output: result }],
    preprocess: { mean: [100], std: [50] },
  };
}

function randomInput({ bytes, seed }: Specification, shape: Shape): Tensor {
  if (!bytes) return noise(shape, seed);
  return { shape, data: Uint8Array.from({ length: elementCount(shape) }, (_, i) => (i * 37 + seed + (i >> 3)) % 256) };
}

function assertClose(actual: Tensor, expected: Tensor, what: string): void {
  assert.deepEqual(actual.shape, expected.shape);
  const scale = Float32Array.from(expected.data).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (const [i, value] of expected.data.entries()) {
    assert.ok(
      Math.abs(actual.data[i] - value) <= 1e-4 * scale,
      `${what}[${i}] is ${actual.data[i]}, expected ${value}`,
    );
  }
}

/** Any taps fuse differently: the output and the tapped values stay those of the graph run node by node. */
async function assertTapsChangeNothing(
  model: { readonly graph: Graph; readonly weights: Weights },
  input: Tensor,
  kernel: KernelChoice,
  taps: readonly string[],
): Promise<void> {
  const all = await createSession(model, { kernel, taps: model.graph.nodes.map((node) => node.name) });
  const expected = all.run(input);
  for (const some of [[], taps]) {
    const session = await createSession(model, { kernel, taps: some });
    assertClose(session.run(input), expected, `output with taps ${some}`);
    for (const name of some) assertClose(session.tap(name), all.tap(name), `tap ${name}`);
  }
}

test("random graphs give the reference's numbers, whatever gets fused and tapped", async () => {
  await fc.assert(
    fc.asyncProperty(specification, async (spec) => {
      const graph = build(spec);
      const weights = awkwardNorms(graph, randomWeights(graph, spec.seed), spec.seed, false);
      const { kernel } = spec;
      const input = randomInput(spec, graph.inputShape);
      const { differing, farthest, nearest, difference, scale } = await followDecisions({ graph, weights }, input, {
        kernel,
      });
      assert.ok(farthest < 1e-4, `${differing} decisions differ, one ${farthest} from its threshold`);
      assert.ok(difference <= 1e-4 * scale, `output differs by ${difference} at a scale of ${scale}`);
      // A decision so near its threshold may turn with what is fused.
      if (nearest < 1e-4) return;
      const taps = spec.taps.map((index) => graph.nodes[index % graph.nodes.length].name);
      await assertTapsChangeNothing({ graph, weights }, input, kernel, taps);
    }),
    { numRuns: 250 },
  );
});
