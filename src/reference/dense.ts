import type { DenseNode } from "../graph/types.js";
import type { Weights } from "../weights.js";
import { readFloatParameter } from "./parameters.js";
import type { Value } from "./value.js";

/**
 * y = x W^T + bias on the rows of the input, all axes but the first taken as one: [N, units].
 * @throws XnorkitError `missing-weight` or `bad-shape` where a parameter does not fit.
 */
export function dense(node: DenseNode, weights: Weights, input: Value): Value {
  const batch = input.shape[0];
  const inputs = input.data.length / batch;
  const weight = readFloatParameter(weights, node.weight, [node.units, inputs]);
  const bias = node.bias === null ? null : readFloatParameter(weights, node.bias, [node.units]);
  const data = new Float64Array(batch * node.units);
  for (let row = 0; row < batch; row++) {
    for (let unit = 0; unit < node.units; unit++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += input.data[row * inputs + i] * weight[unit * inputs + i];
      data[row * node.units + unit] = bias === null ? sum : sum + bias[unit];
    }
  }
  return { shape: [batch, node.units], data };
}
