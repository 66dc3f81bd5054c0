/** Two signs of the same value are the same bits: a shortcut's binary convolution reads what the body's reads. */
import { isEmpty, renameReads } from "../ir.js";
import { type Op, readsKind } from "../ops/index.js";

export function shareSigns(ops: readonly Op[]): Op[] {
  const shared = { signs: new Map<string, string>(), greater: new Map<string, string>() };
  const renamed = new Map<string, string>();
  const remaining: Op[] = [];
  for (const op of ops) {
    if (op.kind === "pointwise" && op.value === null && op.sign?.affine === null && isEmpty(op.epilogue)) {
      const found = op.sign.greater ? shared.greater : shared.signs;
      const known = found.get(op.input);
      if (known !== undefined) {
        renamed.set(op.sign.bits, known);
        continue;
      }
      found.set(op.input, op.sign.bits);
    }
    const bits = (value: string) => renamed.get(value) ?? value;
    remaining.push(renamed.size > 0 && readsKind(op) === "bits" ? renameReads(op, bits, (value) => value) : op);
  }
  return remaining;
}
