/** Which operator becomes what. */
import { type OnnxNode, OWN_DOMAIN } from "../network.js";
import {
  clip,
  extremum,
  fakeQuantize,
  hardSigmoidOf,
  hardSwish,
  leakyRelu,
  preluOf,
  relu,
  sigmoid,
  sign,
  softmax,
  softplus,
  softsign,
  tanh,
} from "./activations.js";
import { arithmetic, batchNorm, negate } from "./affine.js";
import { concat, gather, pad, slice, split } from "./channels.js";
import { conv } from "./conv.js";
import { gemm, matMul, xnorPopcount } from "./dense.js";
import type { Emission } from "./emitter.js";
import { absMean, avgPool, globalAvgPool, globalMaxPool, maxPool, reduceMean } from "./pooling.js";
import { channelShuffle, expand, reshape, transpose } from "./reshaping.js";

const operators: Readonly<Record<string, Emission>> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNorm,
  Add: arithmetic,
  Sub: arithmetic,
  Mul: arithmetic,
  Div: arithmetic,
  Sum: arithmetic,
  Neg: negate,
  Relu: relu,
  PRelu: preluOf,
  LeakyRelu: leakyRelu,
  Clip: clip,
  Max: extremum,
  Min: extremum,
  Tanh: tanh,
  Sigmoid: sigmoid,
  Softplus: softplus,
  Softsign: softsign,
  HardSigmoid: hardSigmoidOf,
  HardSwish: hardSwish,
  Softmax: softmax,
  LogSoftmax: softmax,
  MaxPool: maxPool,
  AveragePool: avgPool,
  GlobalAveragePool: globalAvgPool,
  GlobalMaxPool: globalMaxPool,
  ReduceMean: reduceMean,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Expand: expand,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
};

/** What passes of the importer make. */
const ownOperators: Readonly<Record<string, Emission>> = {
  Sign: sign,
  FakeQuantize: fakeQuantize,
  XnorPopcount: xnorPopcount,
  AbsMean: absMean,
  ChannelShuffle: channelShuffle,
};

/** How a node's operator becomes nodes of the graph; null if it does not. */
export function emissionOf({ domain, op }: OnnxNode): Emission | null {
  const table = domain === "" ? operators : domain === OWN_DOMAIN ? ownOperators : null;
  return table !== null && Object.hasOwn(table, op) ? table[op] : null;
}

/** The operators of ONNX that become nodes of a graph, for messages and guides. */
export const emittedOperators: readonly string[] = Object.keys(operators);
