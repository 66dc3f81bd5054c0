/**
 * TensorFlow Lite files, above all Larq's: `.tflite` files of binary networks run as they are.
 *
 * ```ts
 * const { graph, weights, notes } = importTflite(bytes);
 * const session = await createSession({ graph, weights });
 * const { data } = session.run({ shape: [1, 224, 224, 3], data: pixels });
 * ```
 */
export { isTflite } from "./formats/tflite/detect.js";
export { importTflite, type TfliteImportOptions, type TfliteModel } from "./formats/tflite/import.js";
export type { TfliteNote, TfliteNoteKind } from "./formats/tflite/notes.js";
export { tfliteOperatorNames } from "./formats/tflite/ops.js";
