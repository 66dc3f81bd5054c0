/** AWNAS's concat operations (aw_nas/ops/ops.py): how the nodes of a cell become its output. */
import { XnorkitError } from "../../errors.js";
import type { Block, Scope } from "../../graph/builder.js";
import { addSameShape } from "../../nn/ports.js";
import type { ConcatOp } from "./search_space.js";

/**
 * A tensor of a cell. Two nodes that are one tensor in AWNAS (an input that passes an identity, the stem's output that
 * is every input of the first cell) are one object here, so that a change in place is seen by all that read it.
 */
export interface NodeValue {
  /** Name of the graph's value that the tensor holds. */
  value: string;
}

const types: Readonly<Record<ConcatOp, string>> = {
  concat: "ChannelConcat",
  sum: "ElementwiseAdd",
  mean: "ElementwiseMean",
  mul: "ElementwiseMul",
};

function sum(scope: Scope, nodes: readonly NodeValue[]): string {
  return nodes
    .map(({ value }) => value)
    .reduce((total, value, term) => addSameShape(scope, total, value, `sum_${term}`));
}

/**
 * res = nodes[0]; res *= node for the others: the first node's tensor is changed, and a node that is it is read
 * changed.
 */
function multiplyInPlace(scope: Scope, nodes: readonly NodeValue[]): NodeValue {
  const [result, ...factors] = nodes;
  factors.forEach((factor, index) => {
    result.value = scope.add({ kind: "mul" }, [result.value, factor.value], `mul_${index + 1}`);
  });
  return result;
}

function join(scope: Scope, op: ConcatOp, nodes: readonly NodeValue[]): NodeValue {
  switch (op) {
    case "concat": {
      const values = nodes.map(({ value }) => value);
      return { value: values.length === 1 ? values[0] : scope.add({ kind: "concat" }, values) };
    }
    case "sum":
      return { value: sum(scope, nodes) };
    case "mean":
      return { value: scope.add({ kind: "scale", factor: 1 / nodes.length }, [sum(scope, nodes)]) };
    case "mul":
      return multiplyInPlace(scope, nodes);
  }
}

/**
 * Joins nodes as the module `concat_op` of a cell. `mul` changes the first of them in place, as AWNAS does.
 * @throws XnorkitError `bad-option` without nodes, `bad-shape` if their shapes do not fit.
 */
export function joinNodes(scope: Scope, op: ConcatOp, nodes: readonly NodeValue[]): NodeValue {
  if (nodes.length === 0) throw new XnorkitError("bad-option", `${scope.path} joins no nodes to its output`);
  let joined: NodeValue = nodes[0];
  const block: Block = {
    type: types[op],
    forward(concatScope) {
      joined = join(concatScope, op, nodes);
      return joined.value;
    },
  };
  scope.child("concat_op", block, nodes[0].value);
  return joined;
}
