/**
 * The input side of AWNAS's factorised reductions: `stride` convolutions that read the map shifted by 0, 1, ... pixels.
 */
import type { Block, Scope } from "../../graph/builder.js";

/**
 * Zero rows on top and zero columns on the left if the height is no multiple of the stride. Only the height is looked
 * at, but both axes are padded. Returns the value itself if nothing is added.
 */
export function padToStride(scope: Scope, input: string, stride: number): string {
  const remainder = scope.shape(input)[2] % stride;
  if (remainder === 0) return input;
  const margin = stride - remainder;
  return scope.add({ kind: "pad", top: margin, left: margin, bottom: 0, right: 0, value: 0 }, [input], "pad");
}

/** cat(conv_i(x[:, :, i:, i:])) over the channels; the convolutions are registered as `convs.0`, `convs.1`, ... */
export function shiftedConvolutions(scope: Scope, input: string, convolutions: readonly Block[]): string {
  const outputs: string[] = [];
  const convs: Block = {
    type: "ModuleList",
    forward(list) {
      for (const [shift, convolution] of convolutions.entries()) {
        const x = shift === 0 ? input : scope.add({ kind: "crop", top: shift, left: shift }, [input], `shift_${shift}`);
        outputs.push(list.child(String(shift), convolution, x));
      }
      return outputs[outputs.length - 1];
    },
  };
  scope.child("convs", convs, input);
  return outputs.length === 1 ? outputs[0] : scope.add({ kind: "concat" }, outputs, "concat");
}
