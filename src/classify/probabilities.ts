/** From a network's outputs to probabilities, and the likeliest classes of them. */
import { XnorkitError } from "../errors.js";
import type { Graph } from "../graph/types.js";
import { formatShape, type Tensor } from "../tensor.js";
import { plainLabel } from "./labels.js";

/** Softmax of one row of logits, in f64 and shifted by the largest so that nothing overflows. */
export function rowSoftmax(logits: ArrayLike<number>): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]);
  const powers = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < powers.length; i++) {
    powers[i] = Math.exp(logits[i] - largest);
    sum += powers[i];
  }
  for (let i = 0; i < powers.length; i++) powers[i] /= sum;
  return powers;
}

/** Indices of the `count` largest values, largest first; of equal ones the first comes first. */
export function topIndices(values: ArrayLike<number>, count: number): readonly number[] {
  const top: number[] = [];
  for (let index = 0; index < values.length; index++) {
    if (top.length === count && !(values[index] > values[top[count - 1]])) continue;
    let place = top.length;
    while (place > 0 && values[index] > values[top[place - 1]]) place--;
    top.splice(place, 0, index);
    if (top.length > count) top.pop();
  }
  return top;
}

/** A class that a picture may show. */
export interface Guess {
  /** The class's name without a WordNet number, or its index in words where the model has no names. */
  readonly label: string;
  readonly index: number;
  /** 0..1; those of all classes sum to 1. */
  readonly probability: number;
}

/** What is needed of a network; a program has no nodes, and gives what its network gave. */
type Answering = Pick<Graph, "name" | "labels"> & Partial<Pick<Graph, "nodes" | "output">>;

/** How a network's outputs become probabilities: a softmax at its end has made them already. */
function probabilitiesOf({ nodes = [], output }: Answering): (row: Float32Array | Uint8Array) => ArrayLike<number> {
  switch (nodes.find(({ name }) => name === output)?.kind) {
    case "softmax":
      return (row) => row;
    case "logSoftmax":
      return (row) => Float64Array.from(row, Math.exp);
    default:
      return rowSoftmax;
  }
}

/**
 * The likeliest classes of each picture, likeliest first.
 * @throws XnorkitError `unsupported` if the network does not give one number a class.
 */
export function topGuesses(graph: Answering, { shape, data }: Tensor, count: number): readonly (readonly Guess[])[] {
  if (shape.length !== 2) {
    throw new XnorkitError(
      "unsupported",
      `${graph.name} gives ${formatShape(shape)}, not one number a class: run it as a session`,
    );
  }
  const [pictures, classes] = shape;
  const probabilities = probabilitiesOf(graph);
  return Array.from({ length: pictures }, (_, picture) => {
    const row = probabilities(data.subarray(picture * classes, (picture + 1) * classes));
    return topIndices(row, count).map((index) => ({
      label: plainLabel(graph.labels?.[index] ?? String(index)),
      index,
      probability: row[index],
    }));
  });
}
