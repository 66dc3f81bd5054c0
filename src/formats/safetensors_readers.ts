/** What safetensors files are read with, whichever they turn out to be: readers.ts loads it when such a file comes. */
export { isPackedModel } from "./packed_layout.js";
export { loadModel } from "./packed_model.js";
export { readWeights } from "./read_weights.js";
export { readSafetensorsHeader } from "./stream.js";
