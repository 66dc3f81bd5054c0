/**
 * ONNX files: binary networks of PyTorch and Keras as they are exported, QONNX and FINN files among them.
 *
 * ```ts
 * const { graph, weights, notes } = importOnnx(bytes);
 * const session = await createSession({ graph, weights });
 * ```
 */
export type { FileBytes } from "./arguments.js";
export { onnxExternalFiles } from "./formats/onnx/beside.js";
export { isOnnx } from "./formats/onnx/detect.js";
export { emittedOperators as onnxOperatorNames } from "./formats/onnx/emit/table.js";
export type { ExternalData } from "./formats/onnx/external_data.js";
export { importOnnx, type OnnxImport, type OnnxImportOptions } from "./formats/onnx/import.js";
export type { FloatReason, OnnxNote, OnnxNoteKind } from "./formats/onnx/notes.js";
