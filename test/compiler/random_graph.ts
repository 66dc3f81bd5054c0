/** Graphs of all node kinds, wired at will: each node reads what fits among the values that are there. */
import { shapeAtPort } from "../../src/graph/layout.js";
import { inferNodeShape } from "../../src/graph/shapes.js";
import type { Graph, Node, Operation, Padding, Pair } from "../../src/graph/types.js";
import { windowPlaces } from "../../src/graph/window.js";
import { elementCount, type Shape, sameShape } from "../../src/tensor.js";
import type { Choice, Specification } from "./random_choices.js";

interface Value {
  readonly name: string;
  readonly shape: Shape;
  readonly kind: Node["kind"];
}

/** Concatenations and borders would grow without end. */
const maxElements = 60000;

/** The reference takes 10 ns a product. */
const maxProducts = 5e6;

/** An upper bound, which counts taps in the border. */
function productsOf(node: Node, shape: Shape, [, inputs]: Shape): number {
  if (node.kind === "dense" || node.kind === "binaryDense") return elementCount(shape) * inputs;
  if (node.kind !== "conv2d" && node.kind !== "binaryConv2d") return 0;
  return (elementCount(shape) * inputs * elementCount(node.kernel)) / node.groups;
}

const isMap = ({ shape }: Value) => shape.length === 4;
/** Products of anything else grow until f32 cannot tell a sign. */
const isSmall = ({ kind }: Value) => kind === "quantize" || kind === "activation" || kind === "softmax";
/** Layers of a window that may be dilated, and pools, whose windows reach past the map by less than their kernel. */
const isConvolution = (kind: Operation["kind"]) => kind === "conv2d" || kind === "binaryConv2d";
const isPool = (kind: Operation["kind"]) => kind === "maxPool" || kind === "avgPool";

function fitsFirst(kind: Operation["kind"]): (value: Value) => boolean {
  switch (kind) {
    case "dense":
    case "binaryDense":
      return ({ shape }) => shape.length === 2;
    case "batchNorm":
    case "relu":
    case "add":
    case "quantize":
    case "flatten":
    case "concat":
    case "scale":
    case "sliceChannels":
    case "activation":
    case "softmax":
    case "logSoftmax":
    case "scaleShift":
    case "prelu":
    case "clip":
    case "fakeQuantize":
      return () => true;
    case "mul":
      return isSmall;
    default:
      return isMap;
  }
}

/** A divisor of all the numbers, 1 unless `wanted`. */
function groupsOf(wanted: boolean, pick: number, ...numbers: readonly number[]): number {
  if (!wanted) return 1;
  const divisors = Array.from({ length: Math.min(...numbers) }, (_, i) => i + 1).filter((d) =>
    numbers.every((n) => n % d === 0),
  );
  return divisors[divisors.length - 1 - (pick % divisors.length)];
}

/** Where a window stands: most keep the size of the map, by one pixel around 3x3 or by SAME around any kernel. */
function windowOf({ kind, keeps, padding, sides, ...wanted }: Choice) {
  const square = keeps && padding !== "same";
  const kernel: Pair = square ? [3, 3] : wanted.kernel;
  const stride: Pair = keeps ? [1, 1] : wanted.stride;
  const dilation: Pair = square || isPool(kind) ? [1, 1] : wanted.dilation;
  const [top, left, bottom, right] = isPool(kind) ? sides.map((side, i) => side % kernel[i % 2]) : sides;
  const own: Padding = padding === "pair" ? [top, left] : [top, left, bottom, right];
  return { kernel, stride, dilation, padding: padding === "same" ? padding : keeps ? ([1, 1] as const) : own };
}

/** True for one number for each channel of a map. */
function isGateOf({ shape }: Value, x: Value): boolean {
  const [batch, channels, height = 1, width = 1] = shape;
  return isMap(x) && batch === x.shape[0] && channels === x.shape[1] && height * width === 1;
}

/**
 * An operation and what it reads, or null where no value can be read by it. The newest values are the first candidates.
 */
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
  const { kind, keeps, flag, second, factor, sides } = wanted;
  const { dilation, ...window } = windowOf(wanted);
  const sweep = { ...window, dilation };
  const weight = `${name}.weight`;
  const bias = flag ? `${name}.bias` : null;
  const x = pick(wanted.first, fitsFirst(kind));
  if (x === undefined) return null;
  const channels = keeps ? x.shape[1] : wanted.channels;
  const inputs = [x.name];
  const besideChannels = (shape: Shape) => shape.filter((_, axis) => axis !== 1);
  const hasPlaces = ({ shape }: Value) => sameShape(besideChannels(shape), besideChannels(x.shape));
  switch (kind) {
    case "conv2d": {
      // Depthwise, with one output channel or two for each input channel; or in any number of groups.
      if (wanted.grouped) {
        const [, depth] = x.shape;
        return {
          operation: { kind, weight, channels: depth * (1 + (second % 2)), ...sweep, groups: depth, bias },
          inputs,
        };
      }
      const groups = groupsOf(flag, second, channels, x.shape[1]);
      return { operation: { kind, weight, channels, ...sweep, groups, bias }, inputs };
    }
    case "binaryConv2d": {
      const { padValue, scaling, weights } = wanted;
      const groups = groupsOf(wanted.grouped || second >= 3, second, channels, x.shape[1]);
      const layer = { kind, weight, channels, ...sweep, groups, padValue, ...weights, scaling, offset: flag };
      return { operation: layer as Operation, inputs };
    }
    case "quantize":
      return { operation: { kind, ...wanted.quantizer }, inputs };
    case "batchNorm": {
      const parameters = { mean: `${name}.running_mean`, variance: `${name}.running_var`, beta: `${name}.beta` };
      return { operation: { kind, ...parameters, gamma: `${name}.gamma`, epsilon: 1e-5, fixGamma: flag }, inputs };
    }
    case "scaleShift": {
      const scale = flag ? null : `${name}.scale`;
      return { operation: { kind, scale, shift: wanted.grouped ? null : `${name}.shift` }, inputs };
    }
    case "prelu":
      return { operation: { kind, slope: `${name}.slope` }, inputs };
    case "clip": {
      const min = flag ? null : factor - 1;
      return { operation: { kind, min, max: wanted.grouped ? null : factor + second }, inputs };
    }
    case "fakeQuantize":
      return { operation: { kind, ...wanted.grid } as Operation, inputs };
    case "flatten":
      return { operation: flag ? { kind, layout: "NHWC" } : { kind }, inputs };
    case "add": {
      const fits = (value: Value) => hasPlaces(value) && value.shape[1] <= x.shape[1];
      const narrower = flag ? pick(second, (value) => fits(value) && value.shape[1] < x.shape[1]) : undefined;
      const y = narrower ?? pick(second, fits)!;
      const free = x.shape[1] - y.shape[1];
      return {
        operation: { kind, channelOffset: wanted.stride[0] === 1 ? free : free >> 1 },
        inputs: [x.name, y.name],
      };
    }
    case "mul": {
      const gated = pick(wanted.first, (value) => isMap(value) && isGateOf(x, value) && value !== x);
      if (isGate(wanted) && gated !== undefined) return { operation: { kind }, inputs: [gated.name, x.name] };
      const fits = (value: Value) => hasPlaces(value) && (value.shape[1] === x.shape[1] || value.shape[1] === 1);
      const plane = flag ? pick(second, (value) => fits(value) && value.shape[1] === 1) : undefined;
      // A small value times any other; where shapes differ, the one channel multiplies all.
      const y = plane ?? pick(second, fits)!;
      return { operation: { kind }, inputs: [x.name, y.name] };
    }
    case "concat": {
      const others = [pick(second, hasPlaces)!, ...(flag ? [pick(0, hasPlaces)!] : [])];
      return { operation: { kind }, inputs: [x.name, ...others.map((value) => value.name)] };
    }
    case "maxPool":
      return { operation: { kind, ...window }, inputs };
    case "avgPool":
      return { operation: { kind, ...window, countIncludePad: flag }, inputs };
    case "dense":
      return { operation: { kind, weight, bias, units: wanted.channels }, inputs };
    case "binaryDense": {
      const layer = { kind, weight, bias, units: wanted.channels, ...wanted.weights, offset: wanted.grouped };
      return { operation: layer as Operation, inputs };
    }
    case "scale":
      return { operation: { kind, factor }, inputs };
    case "channelShuffle":
      return { operation: { kind, groups: groupsOf(true, second, x.shape[1]) }, inputs };
    case "sliceChannels": {
      const begin = second % x.shape[1];
      return { operation: { kind, begin, end: begin + 1 + (wanted.channels % (x.shape[1] - begin)) }, inputs };
    }
    case "pad": {
      const [top, left, bottom, right] = sides;
      return { operation: { kind, top, left, bottom, right, value: factor }, inputs };
    }
    case "crop": {
      const [, , height, width] = x.shape;
      const [top, left] = [sides[0] % height, sides[1] % width];
      if (flag) return { operation: { kind, top, left }, inputs };
      return {
        operation: { kind, top, left, bottom: sides[2] % (height - top), right: sides[3] % (width - left) },
        inputs,
      };
    }
    case "activation":
      return { operation: { kind, function: wanted.function as "tanh" }, inputs };
    default:
      return { operation: { kind } as Operation, inputs };
  }
}

function fitsWindow(wanted: Choice, [, , height, width]: Shape): boolean {
  if (!isConvolution(wanted.kind) && !isPool(wanted.kind)) return true;
  return windowPlaces(windowOf(wanted), [height, width]).every((places) => places > 0);
}

/** Multiplications by a gate, which is a mean or its flattening. */
const isGate = ({ kind, second }: Choice) => kind === "mul" && second >= 4;

/** Steps between a layer and what it reads: pads of a sign or of 0, and more of the same beside it. */
function stepsBetween(wanted: Choice): readonly Choice[] {
  if (wanted.kind !== "binaryConv2d") return [];
  const { moved, second, padValue: factor } = wanted;
  return moved.map((kind) => ({ ...wanted, kind, first: 0, second: kind === "concat" ? 0 : second, factor }));
}

/**
 * Layers of few-bit weights read values that are there, or quantised ones of their own, or those of a batch norm of
 * their own.
 */
function stepsBefore({ kind, second }: Choice): readonly Operation["kind"][] {
  if (kind === "mul" && second >= 4)
    return second === 4 ? ["globalAvgPool", "activation"] : ["globalAvgPool", "flatten", "activation"];
  if (kind === "mul") return second % 2 === 0 ? ["activation"] : [];
  if (kind === "binaryDense") return [[], ["quantize"], ["flatten", "quantize"]][second % 3] as Operation["kind"][];
  if (kind !== "binaryConv2d") return [];
  return [[], ["quantize"], ["batchNorm", "quantize"], ["fakeQuantize"]][second % 4] as Operation["kind"][];
}

export function buildRandomGraph({ batch, channels, map, choices, output, layout }: Specification): Graph {
  const inside = [batch, channels, ...map];
  const nodes: Node[] = [{ kind: "input", name: "input", inputs: [], module: "" }];
  const values: Value[] = [{ name: "input", shape: inside, kind: "input" }];
  for (const wanted of choices) {
    const before = stepsBefore(wanted);
    const between = stepsBetween(wanted);
    const steps = [
      ...before.map((kind, index) => ({ ...wanted, kind, first: index === 0 ? wanted.first : 0 })),
      ...between,
      { ...wanted, first: before.length + between.length === 0 ? wanted.first : 0 },
    ];
    for (const step of steps) {
      const name = `${nodes.length}.${step.kind}`;
      const wired = wire(step, values, name);
      if (wired === null) continue;
      const { operation, inputs } = wired;
      const shapes = inputs.map((input) => values.find((value) => value.name === input)!.shape);
      if (!fitsWindow(step, shapes[0])) continue;
      const node = { ...operation, name, inputs, module: "" };
      const shape = inferNodeShape(node, shapes);
      if (elementCount(shape) > maxElements || productsOf(node, shape, shapes[0]) > maxProducts) continue;
      nodes.push(node);
      values.push({ name, shape, kind: node.kind });
    }
  }
  const result = values[Math.max(0, values.length - 1 - output)].name;
  return {
    name: "random",
    inputShape: shapeAtPort(inside, layout),
    ...(layout === "NHWC" && { layout }),
    nodes,
    output: result,
    modules: [{ path: "", type: "Random", output: result }],
    preprocess: { mean: [100], std: [50] },
  };
}
