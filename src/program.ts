/**
 * Runs program files: networks that `xnorkit/compile` compiled ahead of time for one input. This entry holds the runner
 * and the kernels alone, no builders, graph or compiler, and is ready in a few milliseconds.
 */
export { type ErrorCode, XnorkitError } from "./errors.js";
export type { TensorLayout } from "./graph/layout.js";
export type { Preprocess } from "./graph/types.js";
export type { CompiledModule, KernelSource } from "./runtime/kernel_source.js";
export type { SessionLimits } from "./runtime/limits.js";
export type { ThreadChoice } from "./runtime/open_kernels.js";
export { loadProgram, type Program, type ProgramOptions } from "./runtime/program.js";
export type { StepProfile } from "./runtime/step_profile.js";
export type { Shape, Tensor } from "./tensor.js";
