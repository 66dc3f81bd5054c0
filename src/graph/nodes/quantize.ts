/** Nodes that quantise values. */
import { readFloat, readOneOf, readPositiveFloat } from "../json_readers.js";
import { type ActivationQuantizer, readActivationQuantizer, readBits } from "./quantizers.js";
import { failFields, type NodeBase, type NodeRecords } from "./record.js";

/**
 * Activations to `bits` bits by `method`, elementwise: with 1 bit det_sign gives -1 and +1; see `ActivationQuantizer`.
 */
export interface QuantizeNode extends NodeBase {
  readonly kind: "quantize";
  readonly method: ActivationQuantizer;
  readonly bits: number;
}

/**
 * The real numbers that integers stand for: (clamp(round(x / scale) + zeroPoint, low, high) - zeroPoint) * scale.
 * Sources: the quantisation specification of TensorFlow Lite (int8: low -128, high 127), QONNX's `Quant`.
 */
export interface FakeQuantizeNode extends NodeBase {
  readonly kind: "fakeQuantize";
  /** Above 0. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  /** Where a half goes: to the even neighbour, or away from zero. */
  readonly rounding: "half_even" | "half_away";
}

/** Nodes that quantise values. */
export type QuantizingNode = QuantizeNode | FakeQuantizeNode;

/** Their records. */
export const quantizingNodes: NodeRecords<QuantizingNode> = {
  quantize: {
    fields: {
      method: readActivationQuantizer,
      bits: readBits,
    },
    shape: (_, [input]) => input,
  },
  fakeQuantize: {
    fields: {
      scale: readPositiveFloat,
      zeroPoint: readFloat,
      low: readFloat,
      high: readFloat,
      rounding: readOneOf("half_even", "half_away"),
    },
    shape(node, [input]) {
      if (node.low > node.high) failFields(node, `has low ${node.low} above high ${node.high}`);
      return input;
    },
  },
};
