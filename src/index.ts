/** xnorkit: binary neural networks on WebAssembly SIMD, exactly as their framework computes them. */
export { type ErrorCode, XnorkitError } from "./errors.js";
export { type FittedWeights, fitWeights } from "./formats/fit_weights.js";
export { loadModel, type SaveOptions, saveModel } from "./formats/packed_model.js";
export { readWeights } from "./formats/read_weights.js";
export { readSafetensors, writeSafetensors } from "./formats/safetensors.js";
export { summarize } from "./graph/cost.js";
export { graphFromJson, graphToJson } from "./graph/json.js";
export { parameterSpecs } from "./graph/parameters.js";
export { inferShapes } from "./graph/shapes.js";
export type * from "./graph/types.js";
export type { Model } from "./model.js";
export { baseNetDense } from "./models/base_net_dense.js";
export { binet } from "./models/binet.js";
export { descriptionWarnings, fromDescription } from "./models/description.js";
export { randomWeights } from "./models/random_weights.js";
export { getModel, modelNames } from "./models/registry.js";
export { resnet } from "./models/resnet.js";
export { resnetE } from "./models/resnet_e.js";
export {
  type BinaryConfig,
  type BinaryOptions,
  binaryConfig,
  configWarnings,
  withBinaryLayerConfig,
} from "./nn/binary_config.js";
export {
  createSession,
  type Session,
  type SessionLimits,
  type SessionOptions,
  type StepProfile,
  type ThreadChoice,
} from "./runtime/session.js";
export { type Shape, type Tensor, tensor } from "./tensor.js";
export type { BitWeight, FloatWeight, Weight, Weights } from "./weights.js";
