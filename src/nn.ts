/**
 * Networks of one's own: layers as blocks in the words of gluon and BMXNet (those of torch under `torch`), put together
 * by `buildGraph`, or a list of layers made whole by `defineGraph`. What comes out is a Graph like any other: it runs,
 * is counted, drawn, saved and loaded.
 */
export { type Block, buildGraph, type GraphOptions, type Scope } from "./graph/builder.js";
export {
  type Approximation,
  type BinaryConfig,
  type BinaryOptions,
  binaryConfig,
  configWarnings,
  withBinaryLayerConfig,
} from "./nn/binary_config.js";
export {
  type ActivatedConvOptions,
  activatedConv,
  channelShuffle,
  type QActivationOptions,
  type QConv2dOptions,
  type QDenseOptions,
  qActivation,
  qConv2d,
  qDense,
} from "./nn/bmxnet.js";
export { defineGraph, type GraphDraft, type NodeDraft } from "./nn/define_graph.js";
export {
  type AvgPoolOptions,
  activation,
  avgPool2d,
  type BatchNormOptions,
  batchNorm,
  type Conv2dOptions,
  conv2d,
  type DenseOptions,
  dense,
  flatten,
  globalAvgPool2d,
  hybridConcurrent as concurrent,
  hybridSequential as sequential,
  identity,
  maxPool2d,
  type PoolOptions,
  relu,
} from "./nn/gluon.js";
export { type Blocks, layer, type PaddingSize, type Size } from "./nn/layer.js";
export { residual } from "./nn/residual.js";
export * as torch from "./nn/torch.js";
