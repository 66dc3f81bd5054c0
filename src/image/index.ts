/** Pictures to tensors, on any host; decoding files is the command line's business. */
export { composeOnWhite, toGray, toRgb } from "./color.js";
export { type Box, centerCrop, crop, imagenetCrop, resizeShortSide } from "./crop.js";
export { digitInput, mnistDigit } from "./digit.js";
export { type ImageHeader, MAX_PIXELS, readImageHeader } from "./header.js";
export { type Image, image } from "./image.js";
export { resize } from "./resize.js";
export { toTensor } from "./to_tensor.js";
