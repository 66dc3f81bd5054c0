/** Two passes: what nobody reads goes, and what is left is put in an order in which it can be computed. */
import { XnorkitError } from "../../errors.js";
import { producers, readsOf } from "../ir.js";
import type { Op } from "../ops/index.js";

/** Operations whose results nobody reads are dropped, `kept` values and what they need stay. */
export function prune(ops: readonly Op[], kept: ReadonlySet<string>): Op[] {
  const producer = producers(ops);
  const alive = new Set<Op>();
  const needed = [...kept];
  for (let name = needed.pop(); name !== undefined; name = needed.pop()) {
    const op = producer.get(name);
    if (op === undefined || alive.has(op)) continue;
    alive.add(op);
    for (const read of readsOf(op)) needed.push(read);
  }
  return ops.filter((op) => alive.has(op) || op.kind === "input");
}

/** Sorts operations so that each comes after those whose values it reads, else in the order given. */
export function schedule(ops: readonly Op[]): Op[] {
  const producer = producers(ops);
  const state = new Map<Op, "open" | "done">();
  const order: Op[] = [];
  // An explicit stack: a graph from a file may be a chain of any length.
  for (const root of ops) {
    const stack = [root];
    while (stack.length > 0) {
      const op = stack[stack.length - 1];
      if (state.get(op) === "done") {
        stack.pop();
        continue;
      }
      state.set(op, "open");
      const pending = readsOf(op)
        .map((name) => producer.get(name))
        .find((source) => source !== undefined && source !== op && state.get(source) !== "done");
      if (pending === undefined) {
        state.set(op, "done");
        order.push(op);
        stack.pop();
      } else if (state.get(pending) === "open") {
        throw new XnorkitError(
          "bad-graph",
          `layer ${op.name} reads a value that depends on itself, through ${pending.name}`,
        );
      } else {
        stack.push(pending);
      }
    }
  }
  return order;
}
