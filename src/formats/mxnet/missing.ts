/** Why a symbol's parameter is not in its `.params` file. */
import { XnorkitError } from "../../errors.js";
import { closestNames, quoteName } from "../../graph/suggest.js";
import { describeNode } from "./attributes.js";
import type { MxnetSymbol, SymbolNode } from "./symbol.js";

/** Gives the error of a parameter that is missing. */
export type Missing = (name: string, reader: SymbolNode) => XnorkitError;

/** What kind of names a file has that the symbol does not know, and what to do about it. */
function remedy(surplus: readonly string[]): string {
  if (surplus.length > 0 && surplus.every((name) => /^\d+$/.test(name))) {
    return (
      "the file holds arrays without names: save the parameters by their names (export writes " +
      "them beside the symbol)"
    );
  }
  if (surplus.length > 0 && surplus.every((name) => name.includes("."))) {
    return (
      "its dotted names are those of gluon's save_parameters, which belong to no symbol: " +
      "write both files with net.export"
    );
  }
  return "is it the file of this symbol?";
}

/** @param names Of the tensors in the file, without prefixes. */
export function missingParameter({ nodes }: MxnetSymbol, names: Iterable<string>): Missing {
  const stored = [...names];
  return (name, reader) => {
    const variables = new Set(nodes.filter(({ op }) => op === "null").map((node) => node.name));
    const surplus = stored.filter((other) => !variables.has(other));
    const [closest] = closestNames(name, surplus, 1);
    const hint =
      closest === undefined ? "" : `, of those there that it does not know ${quoteName(closest)} is the closest`;
    return new XnorkitError(
      "missing-weight",
      `parameter ${quoteName(name)}, for ${describeNode(reader)}, is not in the .params ` +
        `file${hint}: ${remedy(surplus)}`,
    );
  };
}

/** Operators whose further inputs are what a network is trained towards. */
const LOSS = /Output$|^Softmax$|Loss$/;

/** The first parameter that a layer reads and no tensor binds; null if all are there. */
export function findMissing(
  { nodes }: MxnetSymbol,
  names: { has(name: string): boolean },
): readonly [name: string, reader: SymbolNode] | null {
  for (const reader of nodes) {
    if (LOSS.test(reader.op)) continue;
    const found = reader.inputs.slice(1).find(({ node }) => node.op === "null" && !names.has(node.name));
    if (found !== undefined) return [found.node.name, reader];
  }
  return null;
}
