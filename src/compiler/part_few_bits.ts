/** Values and weights of a few bits, or with exact zeros: imported where a network has them. */
export { lowerings } from "./lower_planes.js";
export { quantizedLayerOps, quantizeOps } from "./to_ops_few_bits.js";
