/** Dense layers, with float weights and with quantised ones. */
import { XnorkitError } from "../errors.js";
import type { BinaryDenseNode, DenseNode } from "../graph/types.js";
import type { Weights } from "../weights.js";
import { readFloatParameter, readParameter } from "./parameters.js";
import { clip, needsNumbers, quantizeWeights } from "./quantizers.js";
import type { Value } from "./value.js";

/**
 * y = x W^T + bias on the rows of the input, all axes but the first taken as one: [N, units].
 * @throws XnorkitError `missing-weight` or `bad-shape` if a parameter does not fit.
 */
function dense(node: DenseNode, [input]: readonly Value[], weights: Weights): Value {
  const weight = readFloatParameter(weights, node.weight, [node.units, inputCount(input)]);
  return addBias(node, weights, multiply(input, weight, node.units));
}

/**
 * A dense layer with quantised weights: h = x Q(W)^T, then (h + inputs) / 2 if the node has the offset, whatever the
 * number of bits, then the bias. Source: BMXNet v2 `QDense` in `gluon/nn/binary_layers.py`; BMXNet v1's QFullyConnected
 * has a bias.
 * @throws XnorkitError `missing-weight` or `bad-shape` if a parameter does not fit; `bad-value` if the quantiser needs
 *   the size of weights of which the file holds only signs.
 */
function binaryDense(node: BinaryDenseNode, [input]: readonly Value[], weights: Weights): Value {
  const inputs = inputCount(input);
  const { data, signsOnly } = readParameter(weights, node.weight, [node.units, inputs]);
  if (signsOnly && needsNumbers(node.quantizer)) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${node.weight} holds 1-bit signs, but ${node.name} (quantizer ${node.quantizer}) needs its numbers`,
    );
  }
  const latent = node.quantizer === "sign" ? data.map(clip) : data;
  const h = multiply(input, quantizeWeights(latent, node.quantizer, node.bits), node.units);
  return addBias(node, weights, node.offset ? { ...h, data: h.data.map((value) => (value + inputs) / 2) } : h);
}

export const denseLayers = { dense, binaryDense };

function inputCount(input: Value): number {
  return input.data.length / input.shape[0];
}

/** x W^T. */
function multiply(input: Value, weight: Float64Array, units: number): Value {
  const batch = input.shape[0];
  const inputs = inputCount(input);
  const data = new Float64Array(batch * units);
  for (let row = 0; row < batch; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += input.data[row * inputs + i] * weight[unit * inputs + i];
      data[row * units + unit] = sum;
    }
  }
  return { shape: [batch, units], data };
}

function addBias(node: DenseNode | BinaryDenseNode, weights: Weights, h: Value): Value {
  if (node.bias === null) return h;
  const bias = readFloatParameter(weights, node.bias, [node.units]);
  return { ...h, data: h.data.map((value, i) => value + bias[i % node.units]) };
}
