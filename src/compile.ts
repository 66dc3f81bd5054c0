/**
 * Compiles networks ahead of time into program files, which `xnorkit/program` runs. An entry of its own, so that who
 * creates sessions does not carry it.
 */
export type { KernelChoice } from "./compiler/choose_kernel.js";
export type { Model } from "./model.js";
export { compileProgram, type ProgramCompileOptions } from "./runtime/compile_program.js";
