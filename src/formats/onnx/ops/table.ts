/** All operators whose shapes are known, and those that are computed on constants, by domain and name. */
import type { OnnxNode } from "../network.js";
import { constantRows } from "./constants.js";
import { elementwiseRows } from "./elementwise.js";
import { joinRows } from "./join.js";
import { layerRows } from "./layers.js";
import { isQuantizerDomain, quantizerRows } from "./quantizers.js";
import { reduceRows } from "./reduce.js";
import { reshapeRows } from "./reshape.js";
import type { OperatorRow, OperatorRows } from "./row.js";
import { viewRows } from "./views.js";

const ownRows: OperatorRows = {
  ...elementwiseRows,
  ...reduceRows,
  ...constantRows,
  ...reshapeRows,
  ...viewRows,
  ...joinRows,
  ...layerRows,
};

/** The row of a node's operator; null if it is not known. */
export function operatorRow({ domain, op }: OnnxNode): OperatorRow | null {
  const rows = domain === "" ? ownRows : isQuantizerDomain(domain) ? quantizerRows : null;
  return rows !== null && Object.hasOwn(rows, op) ? rows[op] : null;
}
