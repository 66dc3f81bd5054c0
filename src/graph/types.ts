/**
 * The Graph: what a network computes, in the field's terms and with its framework's parameter names. Plain data, so that it can
 * be printed, compared, counted, drawn and stored as JSON. It knows nothing of packed bits, pointers or wasm.
 *
 * A node computes one value, and the value has the node's name. `nodes` is in topological order and starts with the input.
 * All values are NCHW (`[N, C]` after `flatten`).
 */
import type { Shape } from "../tensor.js";

/** Height and width of a kernel, stride, dilation or padding. */
export type Pair = readonly [height: number, width: number];

/** The value that a binary convolution reads outside the map: BMXNet v2 pads with -1, AWNAS with 0, BMXNet v1 and LCE with +1. */
export type BorderValue = -1 | 0 | 1;

/** How activations become few-bit values; the names are BMXNet's, `sign` is torch's with sign(0) = 0. */
export type ActivationQuantizer =
  | "det_sign"
  | "sign_approx_sign"
  | "sign"
  | "round"
  | "dorefa"
  | "identity"
  | "relu"
  | "clip"
  | "leaky_clip"
  | "approx_sign";

/** How weights become few-bit values; `sign` is torch's with sign(0) = 0, on weights clamped to [-1, 1]. */
export type WeightQuantizer = "det_sign" | "sign_approx_sign" | "sign" | "dorefa" | "identity";

interface NodeBase {
  /** Unique in the graph, and the name of the value it computes. Leaf modules use their module path. */
  readonly name: string;
  /** Names of the values read, in order. */
  readonly inputs: readonly string[];
  /** Path of the innermost module that the node belongs to. */
  readonly module: string;
}

/** The network's input, of the graph's `inputShape`. */
export interface InputNode extends NodeBase {
  readonly kind: "input";
}

interface ConvolutionBase extends NodeBase {
  /** Parameter name; shape `[channels, inputs / groups, kernel height, kernel width]`. */
  readonly weight: string;
  readonly channels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Added on both sides of each axis. */
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** A float convolution, zero padded. */
export interface Conv2dNode extends ConvolutionBase {
  readonly kind: "conv2d";
  readonly bias: string | null;
}

/**
 * A convolution whose weights are quantised; it reads what its input holds (a `quantize` node's values as a rule) and does not
 * quantise it. h = conv(pad(x, padValue), Q(W)), then times the scale, then the offset (h + K) / 2.
 */
export interface BinaryConv2dNode extends ConvolutionBase {
  readonly kind: "binaryConv2d";
  readonly padValue: BorderValue;
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  /** `channel`: times mean |W[o]|; `tensor`: times mean |W|; both of the unquantised weights. */
  readonly scaling: "none" | "channel" | "tensor";
  /** (h + K) / 2 with K = inputs / groups * kernel area: the XNOR popcount of +-1 inputs, which BMXNet's layers give. */
  readonly offset: boolean;
}

/** Activations to `bits` bits by `method`, elementwise: with 1 bit det_sign gives -1 and +1; see `ActivationQuantizer`. */
export interface QuantizeNode extends NodeBase {
  readonly kind: "quantize";
  readonly method: ActivationQuantizer;
  readonly bits: number;
}

/** Inference batch norm: ((x - mean) / sqrt(variance + epsilon)) * gamma + beta. */
export interface BatchNormNode extends NodeBase {
  readonly kind: "batchNorm";
  /** Null where the layer has none (affine false). With `fixGamma` the stored gamma is read past and taken as 1. */
  readonly gamma: string | null;
  readonly beta: string | null;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
  readonly fixGamma: boolean;
}

/** max(x, 0). */
export interface ReluNode extends NodeBase {
  readonly kind: "relu";
}

/**
 * inputs[0] + inputs[1]. Where the second has fewer channels it is added to channels
 * [channelOffset, channelOffset + its channels) of the first and the others pass (ResNetE's slices).
 */
export interface AddNode extends NodeBase {
  readonly kind: "add";
  readonly channelOffset: number;
}

interface PoolBase extends NodeBase {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/** Max pooling, -infinity outside the map, floor mode. */
export interface MaxPoolNode extends PoolBase {
  readonly kind: "maxPool";
}

/** Mean pooling, floor mode. `countIncludePad`: padded taps count in the divisor. */
export interface AvgPoolNode extends PoolBase {
  readonly kind: "avgPool";
  readonly countIncludePad: boolean;
}

/** Mean over height and width: [N, C, 1, 1]. */
export interface GlobalAvgPoolNode extends NodeBase {
  readonly kind: "globalAvgPool";
}

/** All axes but the first become one, in NCHW order. */
export interface FlattenNode extends NodeBase {
  readonly kind: "flatten";
}

/** y = x W^T + bias; weight `[units, inputs]`. */
export interface DenseNode extends NodeBase {
  readonly kind: "dense";
  readonly weight: string;
  readonly bias: string | null;
  readonly units: number;
}

/** Channels of all inputs one after the other. */
export interface ConcatNode extends NodeBase {
  readonly kind: "concat";
}

/** inputs[0] * inputs[1]; the second has the same shape, or one channel that multiplies all of them. */
export interface MulNode extends NodeBase {
  readonly kind: "mul";
}

/** factor * x: AWNAS's `none` and the zero half of its padded downsample multiply by 0. */
export interface ScaleNode extends NodeBase {
  readonly kind: "scale";
  readonly factor: number;
}

/** Mean over the channels of |x|, one channel: the input magnitude of XNOR-Net's K map. */
export interface AbsMeanNode extends NodeBase {
  readonly kind: "absMean";
}

/** Channels reshaped to (groups, C / groups), transposed, flattened. */
export interface ChannelShuffleNode extends NodeBase {
  readonly kind: "channelShuffle";
  readonly groups: number;
}

/** Channels [begin, end). */
export interface SliceChannelsNode extends NodeBase {
  readonly kind: "sliceChannels";
  readonly begin: number;
  readonly end: number;
}

/** Rows and columns of a constant around the map. */
export interface PadNode extends NodeBase {
  readonly kind: "pad";
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly value: number;
}

/** The map without its first `top` rows and `left` columns: x[:, :, top:, left:]. */
export interface CropNode extends NodeBase {
  readonly kind: "crop";
  readonly top: number;
  readonly left: number;
}

/** Elementwise functions other than ReLU. */
export interface ActivationNode extends NodeBase {
  readonly kind: "activation";
  readonly function: "tanh" | "sigmoid" | "softrelu" | "softsign";
}

/** exp(x_i) / sum exp(x_j) over the channels. */
export interface SoftmaxNode extends NodeBase {
  readonly kind: "softmax";
}

/** A dense layer with quantised weights; h = x Q(W)^T, then the offset (h + inputs) / 2. It does not quantise its input. */
export interface BinaryDenseNode extends NodeBase {
  readonly kind: "binaryDense";
  /** Shape `[units, inputs]`. */
  readonly weight: string;
  readonly bias: string | null;
  readonly units: number;
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  readonly offset: boolean;
}

/** One operation of a network; `kind` says which. */
export type Node =
  | InputNode
  | Conv2dNode
  | BinaryConv2dNode
  | QuantizeNode
  | BatchNormNode
  | ReluNode
  | AddNode
  | MaxPoolNode
  | AvgPoolNode
  | GlobalAvgPoolNode
  | FlattenNode
  | DenseNode
  | ConcatNode
  | MulNode
  | ScaleNode
  | AbsMeanNode
  | ChannelShuffleNode
  | SliceChannelsNode
  | PadNode
  | CropNode
  | ActivationNode
  | SoftmaxNode
  | BinaryDenseNode;

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
  readonly inputShape: Shape;
  readonly nodes: readonly Node[];
  /** Name of the value that the network returns. */
  readonly output: string;
  readonly modules: readonly Module[];
  /** How a Uint8 input becomes numbers; without it pixels go in as 0..255. */
  readonly preprocess?: Preprocess;
  /** Class names by index, where the model knows them. */
  readonly labels?: readonly string[];
}
