/** What an operator of MXNet symbols is to the importer. */
import type { Importer, Operand } from "./importer.js";
import type { SymbolNode } from "./symbol.js";

/** Adds to the graph what a node computes and returns what its outputs are. */
export type Operator = (node: SymbolNode, importer: Importer) => Operand | readonly Operand[];

/** Operators by the names that symbols give them. */
export type OperatorTable = Readonly<Record<string, Operator>>;
