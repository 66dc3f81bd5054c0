/** A float network on tfjs-core's operators: NHWC, filters HWIO, as its wasm backend (XNNPACK) wants them. */
import type * as Tfjs from "@tensorflow/tfjs-core";
import type { FloatConv, FloatDense, FloatLayer, FloatNetwork } from "./resnet18.js";

type Tf = typeof Tfjs;
type Step = (values: Map<string, Tfjs.Tensor>) => Tfjs.Tensor;

/** OIHW -> HWIO. */
function hwio({ weight, outChannels, inChannels, kernel }: FloatConv): Float32Array {
  const area = kernel * kernel;
  const moved = new Float32Array(weight.length);
  for (let out = 0; out < outChannels; out++) {
    for (let input = 0; input < inChannels; input++) {
      for (let tap = 0; tap < area; tap++) {
        moved[(tap * inChannels + input) * outChannels + out] = weight[(out * inChannels + input) * area + tap];
      }
    }
  }
  return moved;
}

/** [unit][input] -> [input][unit]. */
function transposed({ weight, units, inputs }: FloatDense): Float32Array {
  return Float32Array.from(weight, (_, index) => weight[(index % units) * inputs + Math.floor(index / units)]);
}

/** NCHW -> NHWC of one picture, outside of what is measured. */
export function toNhwc(network: FloatNetwork, picture: Float32Array): Float32Array {
  const [, channels, height, width] = network.inputShape;
  const plane = height * width;
  return Float32Array.from(picture, (_, i) => picture[(i % channels) * plane + Math.floor(i / channels)]);
}

/** Constants are uploaded here, once. */
function prepare(tf: Tf, layer: FloatLayer): Step {
  const explicit = (padding: number): Tfjs.backend_util.ExplicitPadding => [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
  switch (layer.kind) {
    case "conv": {
      const { kernel, inChannels, outChannels, stride, padding } = layer;
      const filter = tf.tensor4d(hwio(layer), [kernel, kernel, inChannels, outChannels]);
      const bias = tf.tensor1d(layer.bias);
      return (values) =>
        tf.fused.conv2d({
          x: values.get(layer.input) as Tfjs.Tensor4D,
          filter,
          strides: stride,
          pad: explicit(padding),
          dimRoundingMode: "floor",
          bias,
          activation: layer.relu ? "relu" : "linear",
        });
    }
    case "addRelu":
      return (values) => tf.relu(tf.add(values.get(layer.left)!, values.get(layer.right)!));
    case "maxPool":
      return (values) => tf.maxPool(values.get(layer.input) as Tfjs.Tensor4D, 3, 2, explicit(1), "floor");
    case "globalAvgPool":
      return (values) => tf.mean(values.get(layer.input)!, [1, 2]);
    case "dense": {
      const weight = tf.tensor2d(transposed(layer), [layer.inputs, layer.units]);
      const bias = tf.tensor1d(layer.bias);
      return (values) =>
        tf.fused.matMul({ a: values.get(layer.input) as Tfjs.Tensor2D, b: weight, bias, activation: "linear" });
    }
  }
}

/**
 * The network with its weights in the backend that tfjs has set.
 * @returns what computes the logits of one NHWC picture, its upload and the download of the result included.
 */
export function tfjsNetwork(tf: Tf, network: FloatNetwork): (nhwc: Float32Array) => Float32Array {
  const [batch, channels, height, width] = network.inputShape;
  const steps = network.layers.map((layer) => ({ name: layer.name, step: prepare(tf, layer) }));
  return (nhwc) =>
    tf.tidy(() => {
      const input = tf.tensor4d(nhwc, [batch, height, width, channels]);
      const values = new Map<string, Tfjs.Tensor>([["input", input]]);
      for (const { name, step } of steps) values.set(name, step(values));
      return values.get(steps[steps.length - 1].name)!.dataSync<"float32">();
    });
}
