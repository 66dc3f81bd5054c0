/** Float ResNet-18 (He et al., arXiv 1512.03385; the layout of torchvision's resnet18), told in no library's terms. */
import { randomStream } from "../../src/models/random.js";

export interface FloatConv {
  readonly kind: "conv";
  readonly name: string;
  readonly input: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** [out][in][row][column], batch norm folded in. */
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
  readonly relu: boolean;
}

/** relu(left + right). */
export interface AddRelu {
  readonly kind: "addRelu";
  readonly name: string;
  readonly left: string;
  readonly right: string;
}

/** 3x3, stride 2, padding 1. */
export interface StemPool {
  readonly kind: "maxPool";
  readonly name: string;
  readonly input: string;
}

export interface GlobalPool {
  readonly kind: "globalAvgPool";
  readonly name: string;
  readonly input: string;
}

export interface FloatDense {
  readonly kind: "dense";
  readonly name: string;
  readonly input: string;
  readonly inputs: number;
  readonly units: number;
  /** [unit][input]. */
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

export type FloatLayer = FloatConv | AddRelu | StemPool | GlobalPool | FloatDense;

export interface FloatNetwork {
  /** [batch, channels, height, width] of the value `input`. */
  readonly inputShape: readonly [number, number, number, number];
  /** In the order of execution; the last one is the network's result. */
  readonly layers: readonly FloatLayer[];
}

export interface ResNet18Options {
  readonly seed: number;
  /** Height and width of the picture; 224. */
  readonly size?: number;
  /** Channels of the stem and of the four stages; 64, 128, 256, 512 for the stages. */
  readonly widths?: readonly [number, number, number, number];
  readonly classes?: number;
}

/**
 * ResNet-18 with random weights, a function of the options alone: 1.81 G multiply-accumulates at 224x224. Variances are
 * those of a network with batch norms: about 1 after each convolution, so that int8 scales are like a trained
 * network's.
 */
export function resnet18({
  seed,
  size = 224,
  widths = [64, 128, 256, 512],
  classes = 1000,
}: ResNet18Options): FloatNetwork {
  const layers: FloatLayer[] = [];
  const normals = (name: string, count: number, deviation: number) => {
    const random = randomStream(seed, name);
    return Float32Array.from({ length: count }, () => deviation * random.normal());
  };
  const conv = (
    name: string,
    input: string,
    inChannels: number,
    outChannels: number,
    kernel: number,
    stride: number,
    relu: boolean,
  ): string => {
    const fanIn = inChannels * kernel * kernel;
    const weight = normals(`${name}.weight`, outChannels * fanIn, Math.sqrt(2 / fanIn));
    const bias = normals(`${name}.bias`, outChannels, 0.1);
    const padding = (kernel - 1) / 2;
    layers.push({ kind: "conv", name, input, inChannels, outChannels, kernel, stride, padding, weight, bias, relu });
    return name;
  };
  const block = (name: string, input: string, inChannels: number, outChannels: number, stride: number): string => {
    const first = conv(`${name}.conv1`, input, inChannels, outChannels, 3, stride, true);
    const left = conv(`${name}.conv2`, first, outChannels, outChannels, 3, 1, false);
    const same = stride === 1 && inChannels === outChannels;
    const right = same ? input : conv(`${name}.downsample`, input, inChannels, outChannels, 1, stride, false);
    layers.push({ kind: "addRelu", name, left, right });
    return name;
  };

  conv("conv1", "input", 3, widths[0], 7, 2, true);
  layers.push({ kind: "maxPool", name: "maxpool", input: "conv1" });
  let value = "maxpool";
  widths.forEach((channels, stage) => {
    const before = widths[Math.max(stage - 1, 0)];
    value = block(`layer${stage + 1}.0`, value, before, channels, stage === 0 ? 1 : 2);
    value = block(`layer${stage + 1}.1`, value, channels, channels, 1);
  });
  layers.push({ kind: "globalAvgPool", name: "avgpool", input: value });
  const inputs = widths[3];
  const weight = normals("fc.weight", classes * inputs, 1 / Math.sqrt(inputs));
  const bias = normals("fc.bias", classes, 0.1);
  layers.push({ kind: "dense", name: "fc", input: "avgpool", inputs, units: classes, weight, bias });
  return { inputShape: [1, 3, size, size], layers };
}

/** Values as a normalised picture has them, a function of shape and seed. */
export function randomPicture(network: FloatNetwork, seed: number): Float32Array<ArrayBuffer> {
  const random = randomStream(seed, "picture");
  const count = network.inputShape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, () => random.normal());
}
