/** Convolutions, with float weights and with quantised ones. */
import { XnorkitError } from "../errors.js";
import type { BinaryConv2dNode, Conv2dNode } from "../graph/types.js";
import { formatShape, type Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { windowPlaces } from "./padding.js";
import { readFloatParameter, readParameter } from "./parameters.js";
import { clip, needsNumbers, quantizeWeights } from "./quantizers.js";
import { mapAxes, type Value } from "./value.js";

/**
 * A float convolution with zeros outside the map (cross-correlation, as in both frameworks), plus the bias if there is
 * one.
 * @throws XnorkitError `bad-shape` or `missing-weight` if parameters and input do not fit the node.
 */
function conv2d(node: Conv2dNode, [input]: readonly Value[], weights: Weights): Value {
  const weight = readFloatParameter(weights, node.weight, weightShape(node, input));
  const output = convolve(node, input, weight, 0);
  if (node.bias !== null) {
    const bias = readFloatParameter(weights, node.bias, [node.channels]);
    mapChannels(output, (h, channel) => h + bias[channel]);
  }
  return output;
}

/**
 * A convolution with quantised weights: h = conv(pad(x, padValue), Q(W)), times the mean |W| of the channel or of the
 * tensor, then (h + K) / 2 if the node has the offset. Sources: BMXNet v2 `QConv2D` in `gluon/nn/binary_layers.py`;
 * AWNAS `BinaryConv2d` in `ops/bnn_ops.py`, which clamps its weights to [-1, 1] before anything else.
 * @throws XnorkitError `bad-shape` or `missing-weight` if parameters and input do not fit the node; `bad-value` if the
 *   node needs the size of weights of which the file holds only signs. A scale stored beside signs is taken for the
 *   mean.
 */
function binaryConv2d(node: BinaryConv2dNode, [input]: readonly Value[], weights: Weights): Value {
  const shape = weightShape(node, input);
  const parameter = readParameter(weights, node.weight, shape);
  const needsScale = node.scaling !== "none" && parameter.scale === null;
  const needsSizes = needsScale || needsNumbers(node.quantizer);
  if (parameter.signsOnly && needsSizes) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${node.weight} holds 1-bit signs, but ${node.name} (quantizer ${node.quantizer}, scaling ` +
        `${node.scaling}) needs its numbers`,
    );
  }
  const latent = node.quantizer === "sign" ? parameter.data.map(clip) : parameter.data;
  const output = convolve(node, input, quantizeWeights(latent, node.quantizer, node.bits), node.padValue);

  const fanIn = shape[1] * shape[2] * shape[3];
  if (node.scaling === "channel") {
    const scales = parameter.scale ?? channelMagnitudes(latent, fanIn);
    mapChannels(output, (h, channel) => h * scales[channel]);
  } else if (node.scaling === "tensor") {
    const scale = parameter.scale?.[0] ?? meanMagnitude(latent);
    mapChannels(output, (h) => h * scale);
  }
  if (node.offset) mapChannels(output, (h) => (h + fanIn) / 2);
  return output;
}

export const convolutions = { conv2d, binaryConv2d };

/** OIHW shape that the node's weight must have for this input. */
function weightShape(node: Conv2dNode | BinaryConv2dNode, input: Value): Shape {
  const [, channels] = mapAxes(input, node.name);
  if (channels % node.groups !== 0 || node.channels % node.groups !== 0) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} has ${node.groups} groups, which divide neither side evenly: input ${formatShape(input.shape)}, ` +
        `${node.channels} output channels`,
    );
  }
  return [node.channels, channels / node.groups, node.kernel[0], node.kernel[1]];
}

/**
 * out[n, o, y, x] = sum over c, ky, kx of w[o, c, ky, kx] * padded[n, c, y stride + ky dilation, x stride + kx
 * dilation]. The numbers under the kernel are gathered for one row of the output at a time and serve all channels of
 * the group; without that the gathering would cost as much as the sums. About 0.5 GMAC/s: a ResNet-18 at 224x224 takes
 * 4 s.
 */
function convolve(node: Conv2dNode | BinaryConv2dNode, input: Value, weight: Float64Array, border: number): Value {
  const [batch, inputChannels, height, width] = mapAxes(input, node.name);
  const rows = windowPlaces(node, 0, height);
  const columns = windowPlaces(node, 1, width);
  const [outputHeight, outputWidth] = [rows.count, columns.count];
  const groupInputs = inputChannels / node.groups;
  const groupOutputs = node.channels / node.groups;
  const fanIn = groupInputs * node.kernel[0] * node.kernel[1];
  const patches = new Float64Array(outputWidth * fanIn);
  const output = new Float64Array(batch * node.channels * outputHeight * outputWidth);

  for (let image = 0; image < batch; image++) {
    for (let group = 0; group < node.groups; group++) {
      const firstPlane = image * inputChannels + group * groupInputs;
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) {
          const top = y * node.stride[0] - rows.before;
          const left = x * node.stride[1] - columns.before;
          gatherPatch(node, input, { firstPlane, planes: groupInputs, top, left, border }, patches, x * fanIn);
        }
        for (let channel = group * groupOutputs; channel < (group + 1) * groupOutputs; channel++) {
          const outputRow = ((image * node.channels + channel) * outputHeight + y) * outputWidth;
          for (let x = 0; x < outputWidth; x++) {
            output[outputRow + x] = dotProduct(weight, channel * fanIn, patches, x * fanIn, fanIn);
          }
        }
      }
    }
  }
  return { shape: [batch, node.channels, outputHeight, outputWidth], data: output };
}

/**
 * Copies what lies under the kernel that begins at (top, left), in the weights' order c, ky, kx; `border` outside the
 * map.
 */
function gatherPatch(
  node: Conv2dNode | BinaryConv2dNode,
  { data, shape: [, , height, width] }: Value,
  place: { firstPlane: number; planes: number; top: number; left: number; border: number },
  patches: Float64Array,
  first: number,
): void {
  const { top, left } = place;
  let next = first;
  for (let plane = place.firstPlane; plane < place.firstPlane + place.planes; plane++) {
    for (let ky = 0; ky < node.kernel[0]; ky++) {
      const row = top + ky * node.dilation[0];
      for (let kx = 0; kx < node.kernel[1]; kx++) {
        const column = left + kx * node.dilation[1];
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        patches[next++] = inside ? data[(plane * height + row) * width + column] : place.border;
      }
    }
  }
}

function dotProduct(a: Float64Array, firstA: number, b: Float64Array, firstB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[firstA + i] * b[firstB + i];
  return sum;
}

/** Replaces every number h of every channel by `transform(h, channel)`. */
function mapChannels(map: Value, transform: (h: number, channel: number) => number): void {
  const [batch, channels, height, width] = map.shape;
  const positions = height * width;
  for (let plane = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    for (let i = plane * positions; i < (plane + 1) * positions; i++) map.data[i] = transform(map.data[i], channel);
  }
}

/** The mean |w| of each output channel. */
function channelMagnitudes(weight: Float64Array, fanIn: number): Float64Array {
  return Float64Array.from({ length: weight.length / fanIn }, (_, channel) =>
    meanMagnitude(weight.subarray(channel * fanIn, (channel + 1) * fanIn)),
  );
}

function meanMagnitude(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / values.length;
}
