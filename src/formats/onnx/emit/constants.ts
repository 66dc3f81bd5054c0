/** Constants that meet a value: one number, or one for each channel. */
import { elementCount, type Shape } from "../../../tensor.js";
import { broadcastStrides } from "../ops/broadcast.js";
import type { OnnxTensor } from "../tensors.js";
import { type View, viewShape } from "./view.js";

/** A number for all channels, or one for each. */
export type ChannelNumbers = number | Float32Array;

/**
 * What a constant is to each channel of a value that it is broadcast to; null if it differs within a channel or makes
 * the value larger. Exporters write [C], [C, 1, 1], [1, C, 1, 1], and whole maps of one number each.
 * @param view How the value's axes in the file lie on the graph's.
 * @param shape The value's shape in the graph.
 */
export function channelNumbers(tensor: OnnxTensor, view: View, shape: Shape): ChannelNumbers | null {
  const { data } = tensor;
  const sizes = [...tensor.shape];
  while (sizes.length > view.length && sizes[0] === 1) sizes.shift();
  const target = viewShape(view, shape);
  if (sizes.length > target.length || data.length === 0) return null;
  const first = target.length - sizes.length;
  if (sizes.some((size, index) => size !== 1 && size !== target[first + index])) return null;
  // The step in the channel axis from one element of an axis to the next; other axes must not matter.
  const channels = shape[1];
  const axis = view.findIndex((axes) => axes.includes(1)) - first;
  if (axis < 0 || sizes[axis] === 1 || sizes[axis] === undefined || data.length === 1) {
    return data.every((value) => value === data[0]) ? data[0] : null;
  }
  if (view[axis + first].length !== 1) return null;
  const strides = broadcastStrides(sizes, sizes);
  const found = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) found[channel] = data[channel * strides[axis]];
  const inner = elementCount(sizes.slice(axis + 1));
  for (let i = 0; i < data.length; i++) {
    const expected = found[Math.floor(i / inner) % channels];
    if (Math.fround(data[i]) !== expected) return null;
  }
  return found.every((value) => value === found[0]) ? found[0] : found;
}

/** A function of the numbers of each channel. */
export function mapNumbers(numbers: ChannelNumbers, compute: (value: number) => number): ChannelNumbers {
  return typeof numbers === "number" ? Math.fround(compute(numbers)) : numbers.map(compute);
}

/** The numbers of all channels, written out. */
export function spread(numbers: ChannelNumbers, channels: number): Float32Array {
  return typeof numbers === "number" ? new Float32Array(channels).fill(numbers) : numbers;
}
