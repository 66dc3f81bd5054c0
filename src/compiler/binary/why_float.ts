/** Whether a layer of quantised weights runs on bits, and why it does not. */
import type { BinaryConv2dNode } from "../../graph/types.js";
import type { Held } from "../held_values.js";
import { mayCrossBorder } from "../window.js";
import { type Code, maxBits, signsOf, weightSum } from "./codes.js";
import { weightCode } from "./weight_planes.js";

/**
 * True if weighted sums of counts are i32: each is at most K M N, twice that if counts are doubled, or if a border of
 * -1 is corrected that lies as far below the lowest level of `round` as the highest above it.
 */
function sumsFit(activation: Code, weights: Code, fanIn: number): boolean {
  return 2 * fanIn * weightSum(activation) * weightSum(weights) < 2 ** 31;
}

type Quantized = Pick<BinaryConv2dNode, "quantizer" | "bits">;
type Windowed = Quantized & Pick<BinaryConv2dNode, "kernel" | "stride" | "padding" | "dilation" | "padValue">;

/**
 * A clause that says why the layer runs in float, null if it runs on bits; `fanIn` are the products of an output. A
 * dense layer has no border.
 */
export function whyFloat(node: Quantized | Windowed, input: Held, fanIn: number): string | null {
  if (input.code === null) return `it reads floats: ${input.reason}`;
  const { quantizer, bits } = node;
  const isBordered = input.code.method === "grid" && "padding" in node && mayCrossBorder(node);
  if (isBordered && signsOf(input.code, node.padValue) === null)
    return `its border of ${node.padValue} is none of the levels that it reads`;
  // Whether some weights are exactly 0 the graph does not say: as if they were.
  const weights = weightCode(quantizer, bits, true);
  if (weights === null && (quantizer === "dorefa" || quantizer === "integer"))
    return `its weights have ${bits} bits, but at most ${maxBits} are worth planes`;
  if (weights === null) return "its weights are not quantised";
  // Counts of signs are no sums.
  if (input.code.method === "sign" && weights.weights.length === 1) return null;
  return sumsFit(input.code, weights, fanIn) ? null : "32 bits may not hold the sums of its products";
}
