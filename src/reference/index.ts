/** The oracle: a plain f64 interpreter of the Graph that shares no code with the compiler or the kernels. */
export { type ReferenceOptions, type ReferenceResult, runReference } from "./interpreter.js";
export { quantizeActivations, quantizeWeights } from "./quantizers.js";
export type { Value } from "./value.js";
