/** xnorkit: binary neural networks on WebAssembly SIMD, exactly as their framework computes them. */
export type { BinaryKernel, KernelChoice } from "./compiler/choose_kernel.js";
export { type ErrorCode, XnorkitError } from "./errors.js";
export type { Dtype, RawTensor } from "./formats/dtypes.js";
export { type FittedWeights, fitWeights } from "./formats/fit_weights.js";
export { loadModel, type SaveOptions, saveModel } from "./formats/packed_model.js";
export { readWeights } from "./formats/read_weights.js";
export { readSafetensors, type SafetensorsFile, writeSafetensors } from "./formats/safetensors.js";
export { type Cost, type LayerSummary, type Summary, summarize, type Totals } from "./graph/cost.js";
export { graphFromJson, graphToJson } from "./graph/json.js";
export type { Packing, ParameterRole, ParameterSpec } from "./graph/parameter_spec.js";
export { parameterSpecs } from "./graph/parameters.js";
export { inferShapes } from "./graph/shapes.js";
export type * from "./graph/types.js";
export type { Model } from "./model.js";
export { type BaseNetOptions, baseNetDense } from "./models/base_net_dense.js";
export type { BaseNetKind } from "./models/base_net_spec.js";
export { type BinetOptions, binet } from "./models/binet.js";
export { descriptionWarnings, fromDescription } from "./models/description.js";
export { randomWeights } from "./models/random_weights.js";
export { getModel, type ModelOptions, modelNames } from "./models/registry.js";
export { type ResnetOptions, resnet } from "./models/resnet.js";
export { type ResnetEOptions, resnetE } from "./models/resnet_e.js";
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
