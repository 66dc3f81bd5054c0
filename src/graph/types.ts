/**
 * The Graph: what a network computes, in the field's terms and with its framework's parameter names. Plain data, so
 * that it can be printed, compared, counted, drawn and stored as JSON. It knows nothing of packed bits, pointers or
 * wasm.
 *
 * A node computes one value, and the value has the node's name. `nodes` is in topological order and starts with the
 * input. All values inside are NCHW (`[N, C]` after `flatten`), whatever the layout at the ports.
 */
import type { Shape } from "../tensor.js";
import type { TensorLayout } from "./layout.js";
import type { Node } from "./nodes/index.js";

export type { TensorLayout } from "./layout.js";
export type { BordersNode, CropNode, FlattenNode, PadNode } from "./nodes/borders.js";
export type {
  AbsMeanNode,
  ChannelShuffleNode,
  ChannelsNode,
  ConcatNode,
  LogSoftmaxNode,
  SliceChannelsNode,
  SoftmaxNode,
} from "./nodes/channels.js";
export type { BinaryConv2dNode, BorderValue, Conv2dNode, ConvolutionNode } from "./nodes/convolution.js";
export type { BinaryDenseNode, DenseLayerNode, DenseNode } from "./nodes/dense.js";
export type {
  ActivationNode,
  AddNode,
  BatchNormNode,
  ClipNode,
  ElementwiseNode,
  MulNode,
  PreluNode,
  ReluNode,
  ScaleNode,
  ScaleShiftNode,
} from "./nodes/elementwise.js";
export type { ComputedNode, InputNode, Node, NodeKind, Operation } from "./nodes/index.js";
export type { AvgPoolNode, GlobalAvgPoolNode, MaxPoolNode, PoolingNode } from "./nodes/pooling.js";
export type { FakeQuantizeNode, QuantizeNode, QuantizingNode } from "./nodes/quantize.js";
export type { ActivationQuantizer, WeightQuantizer } from "./nodes/quantizers.js";
export type { Padding, Pair, Sides } from "./window.js";

/** A module of the framework's tree (gluon block, torch module), for printing and for taps by module path. */
export interface Module {
  /** Dotted path, "" for the network itself; a parent comes before its children, children in registration order. */
  readonly path: string;
  /** The framework's class name: `BasicBlockE1`, `HybridSequential`, `BatchNorm` ... */
  readonly type: string;
  /** Name of the value that the module returns. */
  readonly output: string;
}

/** x = (pixel - mean) / std on pixels 0..255, one number for each channel or one for all. */
export interface Preprocess {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What a network computes, as plain data: nodes in the order of computation, each after what it reads. */
export interface Graph {
  readonly name: string;
  /** In the layout at the ports: [N, C, H, W] or, with layout NHWC, [N, H, W, C]; [N, features] in both. */
  readonly inputShape: Shape;
  /** The layout of the input, of outputs and of taps that are maps; NCHW if absent. */
  readonly layout?: TensorLayout;
  readonly nodes: readonly Node[];
  /** Name of the value that the network returns. */
  readonly output: string;
  readonly modules: readonly Module[];
  /** How a Uint8 input becomes numbers; without it pixels go in as 0..255. */
  readonly preprocess?: Preprocess;
  /** Class names by index, if the model knows them. */
  readonly labels?: readonly string[];
}
