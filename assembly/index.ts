// The whole ABI: one export a line. Layouts and ranges are documented where each kernel is defined and in src/runtime/abi.ts.

export { convF32Pack } from "./conv_f32";
export { convF32 } from "./conv_f32";
export { denseF32Pack } from "./dense_f32";
export { denseF32 } from "./dense_f32";
export { maxPoolF32 } from "./pool";
export { avgPoolF32 } from "./pool";
export { globalAvgPoolF32 } from "./pool";
export { nchwToMapF32 } from "./elementwise";
export { nchwToMapU8 } from "./elementwise";
export { mapToNchwF32 } from "./elementwise";
export { addChannelsF32 } from "./elementwise";
export { copyBytes } from "./elementwise";
export { packSignF32 } from "./bitpack";
export { packThresholdF32 } from "./bitpack";
export { packThresholdU8 } from "./bitpack";
export { unpackSignF32 } from "./bitpack";
export { widenRows } from "./bitpack";
export { im2colBits } from "./im2col";
export { xnorGemmPack } from "./xnor_gemm";
export { xnorGemm } from "./xnor_gemm";
export { thresholdCountsI32 } from "./bn_sign";
export { thresholdCountsU16 } from "./bn_sign";
export { epilogueI32 } from "./epilogue";
export { epilogueU16 } from "./epilogue";
export { epilogueF32 } from "./epilogue";
