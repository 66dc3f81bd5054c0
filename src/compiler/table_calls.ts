import {
  bitWords,
  tableConvCorrectionBytes,
  tableConvCountStride,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
} from "../abi/sizes.js";
import {
  type BinaryConv,
  borderConstant,
  type CountsFormat,
  type CountsSink,
  hasZeroBorder,
  kernelShape,
  widenWeights,
} from "./binary_conv.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef, type PlanBuilder, packedConstant } from "./plan_builder.js";

/** u16 counts. Zero padding counts odd channels in halves (assembly/table_conv_border.ts), so there they are doubled. */
export function tableFormat(conv: BinaryConv): CountsFormat {
  const [outputs, inputs] = kernelShape(conv.weights[0]);
  return { type: "U16", stride: tableConvCountStride(outputs), doubled: hasZeroBorder(conv) && inputs % 2 === 1 };
}

/** Pixels below or to the right of the map that the last window reaches. */
function reachBeyond(size: number, pad: number, out: number, kernel: number, stride: number, dilation: number): number {
  return Math.max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size - pad);
}

/** A plane of weights in the table builder's order, and the corrections for its zero border where it has one. */
function tableConstants(
  builder: PlanBuilder,
  conv: BinaryConv,
  plane: number,
): { readonly weights: Ref; readonly corrections: Ref | null } {
  const weight = conv.weights[plane];
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(weight);
  const words = bitWords(inputs);
  const taps = kernelHeight * kernelWidth;
  const widen = widenWeights(weight);
  const packed = (name: string, bytes: number, call: Call): Ref =>
    builder.constant(`${conv.name}/${plane}/${name}`, bytes, () => weight.data, {
      areaBytes: widen.areaBytes,
      calls: [widen.call, call],
    });
  const weights = packed("table", tableConvWeightBytes(outputs, inputs, taps), {
    kernel: "tableConvPack",
    args: [widen.words, packedConstant, outputs, kernelHeight, kernelWidth, words, conv.dilation[1]],
  });
  if (!hasZeroBorder(conv)) return { weights, corrections: null };
  const corrections = packed("table-border", tableConvCorrectionBytes(outputs, taps), {
    kernel: "tableConvCorrections",
    args: [widen.words, packedConstant, outputs, taps, words, inputs],
  });
  return { weights, corrections };
}

/**
 * The table convolution: selectors of the whole map, then for each plane of weights counts band by band of output rows, so that they
 * are still in the second-level cache when they are read. Small maps of a batch share one band and its tables.
 */
export function tableCalls(builder: PlanBuilder, conv: BinaryConv, sink: CountsSink): Call[] {
  const { name, input, output, window, dilation, padValue } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const words = bitWords(inputs);
  const [strideHeight, strideWidth] = window.stride;
  const [dilationHeight, dilationWidth] = dilation;
  const [padTop, padLeft] = window.padding;
  const padBottom = reachBeyond(input.height, padTop, output.height, kernelHeight, strideHeight, dilationHeight);
  const padRight = reachBeyond(input.width, padLeft, output.width, kernelWidth, strideWidth, dilationWidth);
  const paddedHeight = padTop + input.height + padBottom;
  const paddedWidth = padLeft + input.width + padRight;

  const zeroBorder = hasZeroBorder(conv);
  const planes = conv.weights.map((_, j) => tableConstants(builder, conv, j));
  const imageBytes = tableConvSelectorBytes(1, paddedHeight, paddedWidth, inputs);
  const selectors = builder.buffer(`${name}/selectors`, output.batch * imageBytes);
  const border = borderConstant(builder, inputs, padValue);
  const pads = [padTop, padLeft, padBottom, padRight];
  const calls: Call[] = [
    {
      kernel: "tableConvSelectors",
      args: [conv.bits, selectors, output.batch, input.height, input.width, words, ...pads, border],
    },
  ];

  const band = tableConvRowBand(output.batch, output.height, output.width);
  const images = Math.min(output.batch, Math.max(1, Math.floor(band / output.height)));
  // The border of a zero-padded image is completed image by image.
  const rows = zeroBorder ? output.height : Math.min(band, output.height);
  const countStride = tableConvCountStride(outputs);
  const counts = builder.buffer(`${name}/counts`, images * rows * output.width * countStride * 2);
  const scratch = zeroBorder ? builder.buffer(`${name}/border`, countStride * 2) : 0;
  const sweep = [kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth];
  planes.forEach(({ weights, corrections }, j) => {
    for (let image = 0; image < output.batch; image += images) {
      const batch = Math.min(images, output.batch - image);
      for (let row = 0; row < output.height; row += rows) {
        const bandRows = Math.min(rows, output.height - row);
        const source = offsetRef(selectors, image * imageBytes + row * strideHeight * paddedWidth * words * 16);
        const size = [batch, paddedHeight, paddedWidth, words, bandRows, output.width, outputs];
        calls.push({
          kernel: "tableConv",
          args: [source, weights, counts, countStride, ...size, ...sweep, batch * bandRows],
        });
        if (corrections !== null) {
          const place = [input.height, input.width, inputs, output.height, output.width, outputs];
          calls.push({
            kernel: "tableConvZeroBorder",
            args: [counts, corrections, scratch, batch, ...place, ...sweep, padTop, padLeft],
          });
        }
        const pixel = (image * output.height + row) * output.width;
        calls.push(...sink(counts, pixel, batch * bandRows * output.width, j));
      }
    }
  });
  return calls;
}
