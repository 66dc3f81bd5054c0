/** Operations that rearrange maps or compute elementwise on them, without an epilogue. */

import { mapBytes } from "../abi/sizes.js";
import type { ConcatOp, MulOp, UnaryFunction, UnaryOp } from "./ir.js";
import { bytesOf, type LowerContext, type MapShape } from "./lower_context.js";
import type { Call, Ref } from "./plan.js";

function finish(
  context: LowerContext,
  op: ConcatOp | MulOp | UnaryOp,
  kind: string,
  calls: readonly Call[],
  dst: Ref,
): void {
  context.builder.step({ name: op.name, kind, calls });
  context.setRef(op.value, dst);
}

function newMap(context: LowerContext, value: string): { readonly shape: MapShape; readonly dst: Ref } {
  const shape = context.shapeOf(value);
  return { shape, dst: context.builder.buffer(value, mapBytes(shape.pixels, shape.channels)) };
}

/** Each input's channels to their place. */
export function lowerConcat(context: LowerContext, op: ConcatOp): void {
  const { shape, dst } = newMap(context, op.value);
  let offset = 0;
  const calls = op.inputs.map((input): Call => {
    const { channels } = context.shapeOf(input);
    const args = [dst, context.refOf(input), shape.pixels, shape.channels, offset, channels, 0, channels];
    offset += channels;
    return { kernel: "copyChannelsF32", args };
  });
  finish(context, op, op.kind, calls, dst);
}

export function lowerMul(context: LowerContext, op: MulOp): void {
  const [a, b] = op.inputs;
  const { shape, dst } = newMap(context, op.value);
  const plane = context.shapeOf(b).channels === 1 && shape.channels > 1;
  const args = [context.refOf(a), context.refOf(b), dst, shape.pixels, shape.channels];
  finish(context, op, op.kind, [{ kernel: plane ? "mulPlaneF32" : "mulF32", args }], dst);
}

function unaryCalls(
  context: LowerContext,
  fn: UnaryFunction,
  src: Ref,
  dst: Ref,
  input: MapShape,
  output: MapShape,
): readonly Call[] {
  const { pixels, channels } = output;
  switch (fn.kind) {
    case "absMean":
      return [{ kernel: "absMeanF32", args: [src, dst, pixels, input.channels] }];
    case "round":
      return [{ kernel: "roundF32", args: [src, dst, pixels, channels, fn.bits] }];
    case "dorefa": {
      const largest = context.builder.buffer("largest", 4);
      return [
        { kernel: "maxAbsTanhF32", args: [src, largest, pixels, channels] },
        { kernel: "dorefaF32", args: [src, dst, pixels, channels, fn.bits, largest] },
      ];
    }
    case "softmax":
      return [{ kernel: "softmaxF32", args: [src, dst, pixels, channels] }];
    case "activation":
      return [{ kernel: "activationF32", args: [src, dst, pixels, channels, fn.id] }];
    case "permute": {
      const key = `order/${fn.order.join(",")}`;
      const order = context.builder.constant(key, fn.order.byteLength, () => bytesOf(fn.order));
      return [{ kernel: "permuteChannelsF32", args: [src, dst, pixels, channels, order] }];
    }
    case "slice":
      return [{ kernel: "copyChannelsF32", args: [dst, src, pixels, channels, 0, input.channels, fn.begin, channels] }];
    case "window": {
      const sizes = [input.batch, input.height, input.width, channels, output.height, output.width];
      return [{ kernel: "windowF32", args: [src, dst, ...sizes, fn.top, fn.left, fn.value] }];
    }
  }
}

export function lowerUnary(context: LowerContext, op: UnaryOp): void {
  const { shape, dst } = newMap(context, op.value);
  const calls = unaryCalls(context, op.function, context.refOf(op.input), dst, context.shapeOf(op.input), shape);
  finish(context, op, op.function.kind, calls, dst);
}
