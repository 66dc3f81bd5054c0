/**
 * The receptive field of every value: how many pixels of the input, in height and width, one of its elements depends
 * on.
 */
import type { Graph, Node, Sides } from "../graph/types.js";
import { paddingSides } from "../graph/window.js";
import type { Shape } from "../tensor.js";

/** Height and width in pixels of the input, borders included, so that it may exceed the input. */
export type ReceptiveField = readonly [height: number, width: number];

/** On one axis: the element at 0 reads the pixels from `first` to `last`, the next element those `jump` further. */
interface Reach {
  readonly first: number;
  readonly last: number;
  readonly jump: number;
}

/** Null where a value reads the whole input. */
type Reaches = readonly [Reach, Reach] | null;

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly borders: Sides;
}

function windowOf(node: Node, input: Shape): Window | null {
  switch (node.kind) {
    case "conv2d":
    case "binaryConv2d":
      return { ...node, borders: paddingSides(node, [input[2], input[3]]) };
    case "maxPool":
    case "avgPool":
      return { ...node, dilation: [1, 1], borders: paddingSides(node, [input[2], input[3]]) };
    case "crop":
      return { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], borders: [-node.top, -node.left, 0, 0] };
    case "pad":
      return { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], borders: [node.top, node.left, 0, 0] };
    default:
      return null;
  }
}

function slide(reaches: Reaches, { kernel, stride, dilation, borders }: Window): Reaches {
  if (reaches === null) return null;
  const [height, width] = reaches.map(({ first, last, jump }, axis) => ({
    first: first - borders[axis] * jump,
    last: last + ((kernel[axis] - 1) * dilation[axis] - borders[axis]) * jump,
    jump: jump * stride[axis],
  }));
  return [height, width];
}

function union(all: readonly Reaches[]): Reaches {
  const [first, ...others] = all;
  return others.reduce<Reaches>((sum, reaches) => {
    if (sum === null || reaches === null) return null;
    const [height, width] = sum.map((reach, axis) => ({
      first: Math.min(reach.first, reaches[axis].first),
      last: Math.max(reach.last, reaches[axis].last),
      jump: Math.max(reach.jump, reaches[axis].jump),
    }));
    return [height, width];
  }, first ?? null);
}

/**
 * Receptive fields by the name of the value; null if a value depends on the whole input (after global pooling or a
 * dense layer).
 * @param shapes the shapes of all values, as `inferShapes` gives them.
 */
export function receptiveFields(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, ReceptiveField | null> {
  const start: Reach = { first: 0, last: 0, jump: 1 };
  const reaches = new Map<string, Reaches>();
  for (const node of graph.nodes) {
    const shape = shapes.get(node.name)!;
    if (node.kind === "input") {
      reaches.set(node.name, shape.length === 4 ? [start, start] : null);
      continue;
    }
    const read = union(node.inputs.map((input) => reaches.get(input) ?? null));
    const window = windowOf(node, shapes.get(node.inputs[0])!);
    const isWhole = shape.length !== 4 || node.kind === "globalAvgPool";
    reaches.set(node.name, isWhole ? null : window === null ? read : slide(read, window));
  }
  return new Map(
    [...reaches].map(([name, found]) => {
      if (found === null) return [name, null];
      const [height, width] = found.map(({ first, last }) => last - first + 1);
      return [name, [height, width]];
    }),
  );
}
