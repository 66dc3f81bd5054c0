import type { KernelExports } from "../abi/signatures.js";

/**
 * The kernels that only parts of the compiler call (compiler/parts.ts): the build leaves them out of the module that every session
 * compiles. What is in no list is in the core.
 */
export const partKernels: readonly (keyof KernelExports)[] = [
  // values and weights of a few bits
  "packRoundF32",
  "packDorefaF32",
  "packTernaryF32",
  "unpackSignF32",
  "unpackPlanesF32",
  "maxAbsTanhF32",
  "addCountsU16",
  "widenCountsU16",
  // concatenations, products and functions of maps
  "copyChannelsF32",
  "permuteChannelsF32",
  "windowF32",
  "mulF32",
  "mulPlaneF32",
  "absMeanF32",
  "activationF32",
  "softmaxF32",
  "roundF32",
  "dorefaF32",
  // byte stems
  "convU8",
];
