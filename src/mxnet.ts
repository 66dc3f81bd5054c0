/**
 * MXNet files: the parameters of BMXNet v1 and v2 for a network of the registry, and trained networks as a graph of
 * their own.
 *
 * ```ts
 * const model = importMxnet(symbolText, paramsBytes, { name: "lenet" });
 * const weights = mapMxnetNames(getModel("resnet18_e1"), readMxnetParams(bytes));
 * ```
 */
export type { Dtype, RawTensor } from "./formats/dtypes.js";
export { isMxnetParams, isMxnetSymbol } from "./formats/mxnet/detect.js";
export { importMxnet, type MxnetImportOptions, type MxnetModel } from "./formats/mxnet/import.js";
export { mapMxnetNames } from "./formats/mxnet/names.js";
export { mxnetOperatorNames } from "./formats/mxnet/ops.js";
export { readMxnetParams } from "./formats/mxnet/params.js";
