/** The operators of MXNet symbols by name. */
import { XnorkitError } from "../../errors.js";
import { describeClosest, quoteName } from "../../graph/suggest.js";
import type { Operator } from "./operator.js";
import { binaryOperators } from "./ops_binary.js";
import { elementwiseOperators } from "./ops_elementwise.js";
import { layerOperators } from "./ops_layers.js";
import { shapeOperators } from "./ops_shapes.js";
import type { SymbolNode } from "./symbol.js";

const operators: ReadonlyMap<string, Operator> = new Map([
  ...Object.entries(layerOperators),
  ...Object.entries(shapeOperators),
  ...Object.entries(elementwiseOperators),
  ...Object.entries(binaryOperators),
]);

/** Names of the operators that can be imported. */
export function mxnetOperatorNames(): readonly string[] {
  return [...operators.keys()].sort();
}

/**
 * The operator of this node.
 * @throws XnorkitError `unsupported` with the closest names if it is not known.
 */
export function findOperator({ op, name }: SymbolNode): Operator {
  const found = operators.get(op);
  if (found !== undefined) return found;
  throw new XnorkitError(
    "unsupported",
    `node ${quoteName(name)} of the symbol has the operator ${quoteName(op)}, which is not known here: ` +
      `of those that are, ${describeClosest(op, operators.keys())}`,
  );
}
