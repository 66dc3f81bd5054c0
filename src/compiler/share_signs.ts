import type { Op } from "./ir.js";

/** Two signs of the same value are the same bits: a shortcut's binary convolution reads what the body's reads. */
export function shareSigns(ops: readonly Op[]): Op[] {
  const shared = new Map<string, string>();
  const renamed = new Map<string, string>();
  const remaining: Op[] = [];
  for (const op of ops) {
    if (op.kind === "pointwise" && op.value === null && op.sign !== null && op.sign.affine === null) {
      const { affine, first, relu, second } = op.epilogue;
      if (affine === null && first === null && !relu && second === null) {
        const known = shared.get(op.input);
        if (known !== undefined) {
          renamed.set(op.sign.bits, known);
          continue;
        }
        shared.set(op.input, op.sign.bits);
      }
    }
    const readsBits = op.kind === "unpack" || op.kind === "binaryConv2d" || op.kind === "planesConv2d";
    const bits = readsBits ? op.input : null;
    const known = bits === null ? undefined : renamed.get(bits);
    remaining.push(known === undefined ? op : ({ ...op, input: known } as Op));
  }
  return remaining;
}
