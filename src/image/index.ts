/** Pictures to tensors, on any host; decoding files is the business of xnorkit/decode. */

export type { Box } from "./box.js";
export { composeOnWhite, toGray, toRgb } from "./color.js";
export {
  centerCrop,
  crop,
  imagenetCrop,
  type ResizeOptions,
  type ResizeRule,
  resizeRules,
  resizeShortSide,
} from "./crop.js";
export { digitInput, mnistDigit } from "./digit.js";
export { type ImageHeader, MAX_PIXELS, pictureFormat, readImageHeader } from "./header.js";
export { type Image, image } from "./image.js";
export { isPresetName, PRESETS, type PresetName, presetNames, presetsFor } from "./presets.js";
export { resize, resizeBox } from "./resize.js";
export { toTensor } from "./to_tensor.js";
