import { binaryMacs, borderBytes, countsConsumer, widenWeights } from "./binary_conv.js";
import type { BinaryConv2dOp } from "./ir.js";
import {
  bitWords,
  tableConvCorrectionBytes,
  tableConvCountStride,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
} from "./kernel_sizes.js";
import { defineOutputs, type LowerContext } from "./lower_context.js";
import type { Call } from "./plan.js";
import { offsetRef, packedConstant } from "./plan_builder.js";

/** Zeros below or to the right of the map that the last window reaches. */
function reachBeyond(size: number, pad: number, out: number, kernel: number, stride: number, dilation: number): number {
  return Math.max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size - pad);
}

/** The epilogue of counts that are twice the mismatches. */
function doubledCounts(op: BinaryConv2dOp): BinaryConv2dOp {
  const { scale, shift, root } = op.epilogue.affine!;
  const affine = { scale: scale.map((s) => s / 2), shift, root: root.map((r) => r * 2) };
  return { ...op, epilogue: { ...op.epilogue, affine } };
}

/**
 * The table convolution: selectors of the whole map, then counts and epilogue band by band of output rows, so that counts are
 * still in the second-level cache when they are read. Small maps of a batch share one band and its tables.
 */
export function lowerTable(context: LowerContext, op: BinaryConv2dOp): void {
  const { builder } = context;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  const words = bitWords(inputs);
  const [strideHeight, strideWidth] = op.window.stride;
  const [dilationHeight, dilationWidth] = op.dilation;
  const [padTop, padLeft] = op.window.padding;
  const padBottom = reachBeyond(input.height, padTop, output.height, kernelHeight, strideHeight, dilationHeight);
  const padRight = reachBeyond(input.width, padLeft, output.width, kernelWidth, strideWidth, dilationWidth);
  const paddedHeight = padTop + input.height + padBottom;
  const paddedWidth = padLeft + input.width + padRight;

  const widen = widenWeights(op);
  const pack = [channels, kernelHeight, kernelWidth, words, dilationWidth];
  const weights = builder.constant(
    `${op.name}/table`,
    tableConvWeightBytes(channels, inputs, kernelHeight * kernelWidth),
    () => op.weight.data,
    {
      areaBytes: widen.areaBytes,
      calls: [widen.call, { kernel: "tableConvPack", args: [widen.words, packedConstant, ...pack] }],
    },
  );
  const border = builder.constant(`border/${inputs}/${op.padValue}`, words * 8, () => borderBytes(inputs, op.padValue));
  const src = context.refOf(op.input);
  // Zero padding counts odd channels in halves (assembly/table_conv_border.ts): there the counts are doubled.
  const zeroBorder = op.padValue === 0 && padTop + padLeft + padBottom + padRight > 0;
  const k = inputs * kernelHeight * kernelWidth;
  const { refs, consume } =
    zeroBorder && inputs % 2 === 1
      ? countsConsumer(context, doubledCounts(op), "U16", 2 * k)
      : countsConsumer(context, op, "U16", k);
  const imageBytes = tableConvSelectorBytes(1, paddedHeight, paddedWidth, inputs);
  const selectors = builder.buffer(
    `${op.name}/selectors`,
    tableConvSelectorBytes(output.batch, paddedHeight, paddedWidth, inputs),
  );
  const calls: Call[] = [
    {
      kernel: "tableConvSelectors",
      args: [
        src,
        selectors,
        output.batch,
        input.height,
        input.width,
        words,
        padTop,
        padLeft,
        padBottom,
        padRight,
        border,
      ],
    },
  ];

  const countStride = tableConvCountStride(channels);
  const band = tableConvRowBand(output.batch, output.height, output.width);
  const images = Math.max(1, Math.floor(band / output.height));
  const rows = zeroBorder ? output.height : Math.min(band, output.height);
  const counts = builder.buffer(
    `${op.name}/counts`,
    Math.min(images, output.batch) * rows * output.width * countStride * 2,
  );
  const taps = kernelHeight * kernelWidth;
  const corrections = zeroBorder
    ? builder.constant(`${op.name}/table-border`, tableConvCorrectionBytes(channels, taps), () => op.weight.data, {
        areaBytes: widen.areaBytes,
        calls: [
          widen.call,
          { kernel: "tableConvCorrections", args: [widen.words, packedConstant, channels, taps, words, inputs] },
        ],
      })
    : null;
  for (let image = 0; image < output.batch; image += images) {
    const batch = Math.min(images, output.batch - image);
    for (let row = 0; row < output.height; row += rows) {
      const bandRows = Math.min(rows, output.height - row);
      const first = image * imageBytes + row * strideHeight * paddedWidth * words * 16;
      calls.push({
        kernel: "tableConv",
        args: [
          offsetRef(selectors, first),
          weights,
          counts,
          batch,
          paddedHeight,
          paddedWidth,
          words,
          bandRows,
          output.width,
          channels,
          kernelHeight,
          kernelWidth,
          strideHeight,
          strideWidth,
          dilationHeight,
          dilationWidth,
          batch * bandRows,
        ],
      });
      if (corrections !== null) {
        calls.push({
          kernel: "tableConvZeroBorder",
          args: [
            counts,
            corrections,
            batch,
            input.height,
            input.width,
            inputs,
            output.height,
            output.width,
            channels,
            kernelHeight,
            kernelWidth,
            strideHeight,
            strideWidth,
            dilationHeight,
            dilationWidth,
            padTop,
            padLeft,
          ],
        });
      }
      const pixel = (image * output.height + row) * output.width;
      calls.push(consume(counts, countStride, pixel, batch * bandRows * output.width));
    }
  }
  builder.step({
    name: op.name,
    kind: "binaryConv2d (table)",
    calls,
    binaryMacs: binaryMacs(context, op),
    floatMacs: 0,
  });
  defineOutputs(context, op, refs);
}
