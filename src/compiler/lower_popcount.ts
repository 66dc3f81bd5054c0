import { binaryMacs, borderBytes, countsConsumer, widenWeights } from "./binary_conv.js";
import type { BinaryConv2dOp } from "./ir.js";
import { bitBytes, bitWords, mapStride, xnorGemmWeightBytes } from "./kernel_sizes.js";
import { defineOutputs, type LowerContext } from "./lower_context.js";
import type { Arg, Call } from "./plan.js";
import { offsetRef, packedConstant } from "./plan_builder.js";

/** im2col rows of one band: they stay in the second-level cache with their counts. */
const bandBytes = 128 * 1024;

/** im2col on bits, XNOR-popcount GEMM, epilogue: band by band of output pixels. */
export function lowerPopcount(context: LowerContext, op: BinaryConv2dOp): void {
  const { builder } = context;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  const words = bitWords(inputs);
  const rowWords = kernelHeight * kernelWidth * words;
  const widen = widenWeights(op);
  const weights = builder.constant(
    `${op.name}/popcount`,
    xnorGemmWeightBytes(channels, rowWords),
    () => op.weight.data,
    {
      areaBytes: widen.areaBytes,
      calls: [widen.call, { kernel: "xnorGemmPack", args: [widen.words, packedConstant, channels, rowWords] }],
    },
  );
  const { refs, consume } = countsConsumer(context, op, "I32", inputs * kernelHeight * kernelWidth);
  const src = context.refOf(op.input);
  const plane = output.height * output.width;
  const countStride = mapStride(channels);
  const { stride, padding } = op.window;
  const direct = rowWords === words && stride[0] === 1 && stride[1] === 1 && padding[0] === 0 && padding[1] === 0;
  const band = Math.min(plane, Math.max(16, Math.floor(bandBytes / (rowWords * 8) / 16) * 16));
  const counts = builder.buffer(`${op.name}/counts`, band * countStride * 4);
  const calls: Call[] = [];
  const gemm = (rows: Arg, pixel: number, pixelCount: number): void => {
    calls.push({ kernel: "xnorGemm", args: [rows, weights, counts, pixelCount, channels, rowWords, countStride] });
    calls.push(consume(counts, countStride, pixel, pixelCount));
  };
  const columns = direct ? null : builder.buffer(`${op.name}/im2col`, band * rowWords * 8);
  const border = builder.constant(`border/${inputs}/${op.padValue}`, words * 8, () => borderBytes(inputs, op.padValue));
  for (let n = 0; n < output.batch; n++) {
    const image = offsetRef(src, n * bitBytes(input.height * input.width, inputs));
    for (let first = 0; first < plane; first += band) {
      const pixelCount = Math.min(band, plane - first);
      const pixel = n * plane + first;
      if (columns === null) {
        gemm(offsetRef(image, first * rowWords * 8), pixel, pixelCount);
        continue;
      }
      calls.push({
        kernel: "im2colBits",
        args: [
          image,
          columns,
          input.height,
          input.width,
          words,
          kernelHeight,
          kernelWidth,
          ...stride,
          ...op.dilation,
          ...padding,
          output.width,
          first,
          pixelCount,
          border,
        ],
      });
      gemm(columns, pixel, pixelCount);
    }
  }
  builder.step({
    name: op.name,
    kind: "binaryConv2d (popcount)",
    calls,
    binaryMacs: binaryMacs(context, op),
    floatMacs: 0,
  });
  defineOutputs(context, op, refs);
}
