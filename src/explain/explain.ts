/** Facts of a network, each with its proof by numbers on the given weights. */
import { objectArgument, optionsArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { shapeInside } from "../graph/layout.js";
import { checkWeights } from "../graph/parameters.js";
import { inferShapes } from "../graph/shapes.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { randomStream } from "../models/random.js";
import { runReference } from "../reference/index.js";
import { elementCount, formatShape, type Shape, type Tensor } from "../tensor.js";
import { batchNormFacts, batchNormValues } from "./batch_norm_facts.js";
import { describeOutline } from "./describe.js";
import { downsampleFacts, downsampleValues } from "./downsample_facts.js";
import type { Examined, Fact } from "./facts.js";
import { floatFacts, floatValues } from "./float_facts.js";
import { type Outline, outlineOf } from "./outline.js";
import { passFacts } from "./pass_facts.js";
import type { Numbers } from "./proofs/numbers.js";
import { shortcutFacts, shortcutValues } from "./shortcut_facts.js";
import { specFacts } from "./spec_facts.js";

/** Runs a network and returns the values with these names, NCHW. */
export type ValueRunner = (
  model: Model,
  input: Tensor,
  names: readonly string[],
) => Promise<ReadonlyMap<string, Numbers>> | ReadonlyMap<string, Numbers>;

/** What a network is examined on, and what runs it. */
export interface ExplainOptions {
  /**
   * What the network is run on; by default random numbers, for maps of at most 64x64 pixels if the network reads those.
   */
  readonly input?: Tensor;
  /** What runs the whole network; by default the reference interpreter. Parts of it always run on that. */
  readonly run?: ValueRunner;
}

/** What can be asked of one network. */
export type Question = "bn" | "shortcuts" | "downsample" | "spec" | "float" | "passes";

/** The facts that answer a question, each with its proofs. */
export interface Explanation {
  readonly question: Question;
  readonly facts: readonly Fact[];
  /** What the network was run on, in words. */
  readonly input: string;
}

interface Answerer {
  readonly facts: (examined: Examined) => Promise<readonly Fact[]> | readonly Fact[];
  /** The values that its proofs look at. */
  readonly values: (outline: Outline) => readonly string[];
}

const answerers: { readonly [Q in Question]: Answerer } = {
  bn: { facts: batchNormFacts, values: batchNormValues },
  shortcuts: { facts: shortcutFacts, values: shortcutValues },
  downsample: { facts: downsampleFacts, values: downsampleValues },
  spec: { facts: specFacts, values: () => [] },
  float: { facts: floatFacts, values: floatValues },
  passes: { facts: passFacts, values: () => [] },
};

/** The questions that `explain` answers. */
export const questions = Object.keys(answerers) as readonly Question[];

/** @throws XnorkitError `unknown-name` with the closest questions. */
export function checkQuestion(question: string): asserts question is Question {
  if (Object.hasOwn(answerers, question)) return;
  throw new XnorkitError(
    "unknown-name",
    `there is no question ${quoteName(question)}: ${describeClosest(question, questions)}`,
  );
}

const LARGEST_SIDE = 64;
const SEED = 1;

function reads(graph: Graph, shape: Shape): boolean {
  try {
    inferShapes(graph, shape);
    return true;
  } catch {
    return false;
  }
}

/** About normal numbers, the same for every run; on a small map where the network reads one. */
function randomInput(graph: Graph): Tensor {
  const small = graph.inputShape.map((size, axis) => {
    if (axis === 0) return 1;
    const isSide = graph.inputShape.length === 4 && axis !== (graph.layout === "NHWC" ? 3 : 1);
    return isSide ? Math.min(size, LARGEST_SIDE) : size;
  });
  const shape = reads(graph, small) ? small : [1, ...graph.inputShape.slice(1)];
  const random = randomStream(SEED, "input");
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => random.normal()) };
}

/** The network with NCHW ports, and its input as floats in that order. */
function insideOut(model: Model, input: Tensor): { readonly model: Model; readonly input: Tensor } {
  const { layout, preprocess, inputShape, ...graph } = model.graph;
  const shape = shapeInside(input.shape, layout);
  const [, channels, height = 1, width = 1] = shape;
  const isMoved = layout === "NHWC" && shape.length === 4;
  const { mean, std } = input.data instanceof Uint8Array && preprocess ? preprocess : { mean: [0], std: [1] };
  const data = Float32Array.from({ length: input.data.length }, (_, index) => {
    const place = index % (height * width);
    const channel = Math.floor(index / (height * width)) % channels;
    const image = Math.floor(index / (channels * height * width));
    const own = isMoved ? (image * height * width + place) * channels + channel : index;
    return (input.data[own] - mean[channel % mean.length]) / std[channel % std.length];
  });
  return {
    model: { weights: model.weights, graph: { ...graph, inputShape: shapeInside(inputShape, layout) } },
    input: { shape, data },
  };
}

const onReference: ValueRunner = ({ graph, weights }, input, names) =>
  runReference(graph, weights, input, { taps: names }).taps;

/**
 * Answers a question about a network with facts, each with the numbers that prove it.
 * @throws XnorkitError `unknown-name` for another question, what `checkWeights` throws, `bad-shape` for an input that
 *   does not fit.
 */
export async function explain(given: Model, question: string, options: ExplainOptions = {}): Promise<Explanation> {
  objectArgument("explain", "the model", "{ graph, weights }", given);
  textArgument("explain", "question", question);
  checkQuestion(question);
  checkWeights(given.graph, given.weights);
  const { run = onReference } = optionsArgument("explain", ["input", "run"], options);
  const { model, input } = insideOut(given, options.input ?? randomInput(given.graph));
  const { graph, weights } = model;
  const outline = outlineOf(graph, input.shape);
  const { facts, values } = answerers[question];
  const names = values(outline).filter((name) => name !== outline.flow.input);
  const found = new Map(names.length === 0 ? [] : await run(model, input, names));
  found.set(outline.flow.input, { shape: input.shape, data: Float32Array.from(input.data) });
  const described = `${options.input === undefined ? "a random input" : "the input"} of ${formatShape(input.shape)}`;
  const examined: Examined = {
    model,
    outline,
    description: describeOutline(options.input === undefined ? outlineOf(graph) : outline),
    input: described,
    runChanged: async (changed) =>
      (await run({ graph: changed, weights }, input, [changed.output])).get(changed.output)!,
    value(name) {
      const value = found.get(name);
      if (value === undefined) throw new XnorkitError("bad-graph", `the value of ${quoteName(name)} was not kept`);
      return value;
    },
  };
  return { question, facts: await facts(examined), input: described };
}
