/** Operations that compute each number from those at the same place. */
import { XnorkitError } from "../errors.js";
import type {
  ActivationNode,
  ClipNode,
  FakeQuantizeNode,
  MulNode,
  PreluNode,
  QuantizeNode,
  ReluNode,
  ScaleNode,
  ScaleShiftNode,
} from "../graph/types.js";
import { formatShape, sameShape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { readFloatParameter } from "./parameters.js";
import { fakeQuantizer, quantizeActivations, relu as rectify } from "./quantizers.js";
import { mapSize, type Value } from "./value.js";

/**
 * a * b. If b has one channel it multiplies all channels of a; if it has one number a channel, as a map of one pixel or
 * as [N, C], it multiplies all places of a.
 * @throws XnorkitError `bad-shape` if the shapes differ otherwise.
 */
function mul(node: MulNode, [a, b]: readonly Value[]): Value {
  if (sameShape(a.shape, b.shape)) return { shape: a.shape, data: a.data.map((value, i) => value * b.data[i]) };
  const { batch, channels, positions } = mapSize(a);
  if (sameShape(b.shape, [batch, 1, ...a.shape.slice(2)])) {
    const data = a.data.map((value, i) => {
      const image = Math.floor(i / (channels * positions));
      return value * b.data[image * positions + (i % positions)];
    });
    return { shape: a.shape, data };
  }
  const isGate = sameShape(b.shape, [batch, channels, 1, 1]) || sameShape(b.shape, [batch, channels]);
  if (a.shape.length !== 4 || !isGate) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} multiplies ${formatShape(a.shape)} by ${formatShape(b.shape)}, which does not fit`,
    );
  }
  return { shape: a.shape, data: a.data.map((value, i) => value * b.data[Math.floor(i / positions)]) };
}

/** factor * x. */
function scale({ factor }: ScaleNode, [x]: readonly Value[]): Value {
  return each(x, (value) => factor * value);
}

/**
 * x scale[c] + shift[c].
 * @throws XnorkitError `missing-weight` or `bad-shape` if a parameter does not fit.
 */
function scaleShift(node: ScaleShiftNode, [x]: readonly Value[], weights: Weights): Value {
  const { channels, positions } = mapSize(x);
  const read = (name: string | null) => (name === null ? null : readFloatParameter(weights, name, [channels]));
  const scales = read(node.scale);
  const shifts = read(node.shift);
  return each(x, (value, i) => {
    const channel = Math.floor(i / positions) % channels;
    return value * (scales === null ? 1 : scales[channel]) + (shifts === null ? 0 : shifts[channel]);
  });
}

/** max(x, 0). */
function relu(_: ReluNode, [x]: readonly Value[]): Value {
  return each(x, rectify);
}

/**
 * x >= 0 ? x : slope[c] x.
 * @throws XnorkitError `missing-weight` or `bad-shape` if the slopes do not fit.
 */
function prelu({ slope }: PreluNode, [x]: readonly Value[], weights: Weights): Value {
  const { channels, positions } = mapSize(x);
  const slopes = readFloatParameter(weights, slope, [channels]);
  return each(x, (value, i) => (value >= 0 ? value : slopes[Math.floor(i / positions) % channels] * value));
}

/** min(max(x, min), max), a limit that is null left out. */
function clip({ min, max }: ClipNode, [x]: readonly Value[]): Value {
  return each(x, (value) => Math.min(Math.max(value, min ?? -Infinity), max ?? Infinity));
}

/** Few-bit values of x. */
function quantize(node: QuantizeNode, [x]: readonly Value[]): Value {
  return { shape: x.shape, data: quantizeActivations(x.data, node.method, node.bits) };
}

/** The numbers that integers near x stand for. */
function fakeQuantize(node: FakeQuantizeNode, [x]: readonly Value[]): Value {
  return each(x, fakeQuantizer(node));
}

const functions: { readonly [F in ActivationNode["function"]]: (x: number) => number } = {
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  // log(1 + exp(x)), written so that a large x does not overflow.
  softrelu: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
};

/** MXNet's `Activation` with another function than relu. */
function activation(node: ActivationNode, [x]: readonly Value[]): Value {
  return each(x, functions[node.function]);
}

function each({ shape, data }: Value, change: (value: number, index: number) => number): Value {
  return { shape, data: data.map((value, index) => change(value, index)) };
}

export const elementwise = { mul, scale, scaleShift, relu, prelu, clip, quantize, fakeQuantize, activation };
