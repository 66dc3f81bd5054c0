import { XnorkitError } from "../errors.js";
import type { ActivationNode, MulNode, ScaleNode } from "../graph/types.js";
import { formatShape, sameShape } from "../tensor.js";
import { mapSize, type Value } from "./value.js";

/**
 * a * b; where b has one channel it multiplies all channels of a.
 * @throws XnorkitError `bad-shape` where the shapes differ otherwise.
 */
export function mul(node: MulNode, a: Value, b: Value): Value {
  if (sameShape(a.shape, b.shape)) return { shape: a.shape, data: a.data.map((value, i) => value * b.data[i]) };
  const { channels, positions } = mapSize(a);
  if (!sameShape(b.shape, [a.shape[0], 1, ...a.shape.slice(2)])) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} multiplies ${formatShape(a.shape)} by ${formatShape(b.shape)}, which does not fit`,
    );
  }
  const data = a.data.map((value, i) => {
    const image = Math.floor(i / (channels * positions));
    return value * b.data[image * positions + (i % positions)];
  });
  return { shape: a.shape, data };
}

/** factor * x. */
export function scale({ factor }: ScaleNode, x: Value): Value {
  return { shape: x.shape, data: x.data.map((value) => factor * value) };
}

const functions: { readonly [F in ActivationNode["function"]]: (x: number) => number } = {
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  // log(1 + exp(x)), written so that a large x does not overflow.
  softrelu: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
};

/** MXNet's `Activation` with another function than relu. */
export function activation(node: ActivationNode, x: Value): Value {
  return { shape: x.shape, data: x.data.map(functions[node.function]) };
}
