/** Concatenations, products and functions of maps: imported where a network has them. */
export { lowerings } from "./lower_unary.js";
export { unaryOps } from "./to_ops_unary.js";
