/** Dense layers with float weights. Those with quantised ones are convolutions of one pixel (binary_convolution.ts). */
import { call } from "../../abi/call.js";
import { DENSE_F32_WIDE_UNITS } from "../../abi/constants.js";
import { mapCost } from "../../abi/costs.js";
import { denseF32WeightBytes, mapStride } from "../../abi/sizes.js";
import type { FloatWeight } from "../../weights.js";
import { bytesOf, floatBytes, type LowerContext } from "../context.js";
import type { UnaryOp } from "../ir.js";
import { offsetRef, packedConstant, packingArea } from "../plan_builder.js";
import { cut, tasksOf } from "../tasks.js";
import { newMap } from "./maps.js";
import { type FromNodes, floatsOf, type OpRecords, optionalFloats } from "./record.js";

export interface DenseOp extends UnaryOp {
  readonly kind: "dense";
  readonly weight: FloatWeight;
  readonly bias: FloatWeight | null;
}

export const denseNodes = {
  dense(node, context): readonly DenseOp[] {
    const { name, inputs } = node;
    const bias = optionalFloats(context, node.bias);
    return [{ kind: "dense", name, inputs: [inputs[0]], weight: floatsOf(context, node.weight), bias, value: name }];
  },
} satisfies FromNodes<"dense">;

function lowerDense(context: LowerContext, op: DenseOp): void {
  const { builder } = context;
  const [units, inputs] = op.weight.shape;
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const weightBytes = denseF32WeightBytes(units, inputs);
  const weights = builder.constant(`${op.name}/weights`, weightBytes, () => bytesOf(op.weight.data), {
    areaBytes: op.weight.data.byteLength,
    calls: [call("denseF32Pack", { src: packingArea, dst: packedConstant, units, inputs })],
  });
  const stride = mapStride(units);
  const bias = builder.constant(`${op.name}/bias`, stride * 4, () => floatBytes(op.bias?.data ?? [], stride));
  // Weights are read once for every four images.
  const parts = tasksOf(mapCost(weightBytes * Math.ceil(shape.batch / 4)), context.workers);
  const tasks = cut(units, parts, DENSE_F32_WIDE_UNITS).map(({ first, count }) => [
    call("denseF32", {
      src,
      dst: offsetRef(dst, first * 4),
      weights: offsetRef(weights, denseF32WeightBytes(first, inputs)),
      bias: offsetRef(bias, first * 4),
      batch: shape.batch,
      inputs,
      units: count,
      srcStride: mapStride(inputs),
      dstStride: stride,
    }),
  ]);
  builder.step({ name: op.name, kind: op.kind, phases: [tasks], floatMacs: shape.batch * units * inputs });
}

export const denseOps: OpRecords<DenseOp> = { dense: { lower: lowerDense } };
