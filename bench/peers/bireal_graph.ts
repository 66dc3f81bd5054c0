/**
 * Bi-Real Net's ResNet-18 built from the vocabulary of the registry's networks, with the same weights as its ONNX file.
 */
import { type Block, buildGraph, type Scope } from "../../src/graph/builder.js";
import type { Model } from "../../src/model.js";
import { addSameShape } from "../../src/nn/ports.js";
import {
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm2d,
  conv2d,
  linear,
  maxPool2d,
  sequential,
} from "../../src/nn/torch.js";
import type { Shape } from "../../src/tensor.js";
import type { Weight } from "../../src/weights.js";
import type { BiReal, BiRealBlock } from "./bireal.js";

/**
 * Signs of the map, then a 3x3 convolution with signs times mean |w| of each output; zeros around contribute nothing.
 */
function hardBinaryConv({ channels, stride }: BiRealBlock): Block {
  return {
    type: "HardBinaryConv",
    forward: (scope, input) =>
      scope.add(
        {
          kind: "binaryConv2d",
          weight: scope.parameter("weight"),
          channels,
          kernel: [3, 3],
          stride: [stride, stride],
          padding: [1, 1],
          dilation: [1, 1],
          groups: 1,
          padValue: 0,
          quantizer: "det_sign",
          bits: 1,
          scaling: "channel",
          offset: false,
        },
        [input],
      ),
  };
}

function downsample({ inputs, channels }: BiRealBlock): Block {
  const options = { inChannels: inputs, outChannels: channels, kernelSize: 1, bias: true };
  return sequential([avgPool2d(2, 2, 0, false), conv2d(options)]);
}

function basicBlock(block: BiRealBlock): Block {
  return {
    type: "BasicBlock",
    forward(scope: Scope, input: string): string {
      const signs = scope.add({ kind: "quantize", method: "sign", bits: 1 }, [input], "Sign");
      const convolved = scope.child("binary_conv", hardBinaryConv(block), signs);
      const normal = scope.child("bn1", batchNorm2d(block.channels), convolved);
      const residual = block.shortcut === null ? input : scope.child("downsample", downsample(block), input);
      return addSameShape(scope, normal, residual, "Add");
    },
  };
}

function network({ stem, blocks, classes, features }: BiReal): Block {
  const stages = [...new Set(blocks.map(({ path }) => path.split(".")[0]))];
  return {
    type: "BiRealNet",
    forward(scope, input) {
      const { channels: outChannels, inputs: inChannels } = stem;
      const first = conv2d({ inChannels, outChannels, kernelSize: 7, stride: 2, padding: 3, bias: true });
      const convolved = scope.child("conv1", first, input);
      const pooled = scope.child("maxpool", maxPool2d(3, 2, 1), convolved);
      const last = stages.reduce((value, stage) => {
        const own = blocks.filter(({ path }) => path.startsWith(`${stage}.`));
        return scope.child(stage, sequential(own.map(basicBlock)), value);
      }, pooled);
      const mean = scope.child("avgpool", adaptiveAvgPool2d(), last);
      const flat = scope.add({ kind: "flatten" }, [mean], "Flatten");
      return scope.child("fc", linear(features, classes), flat);
    },
  };
}

function floats(shape: Shape, data: Float32Array): Weight {
  return { kind: "f32", shape, data };
}

/** The model; binary layers hold their latent floats, of which the compiler takes signs and means. */
export function birealModel(described: BiReal): Model {
  const { stem, blocks, classes, features, weight, bias } = described;
  const weights = new Map<string, Weight>([
    ["conv1.weight", floats([stem.channels, stem.inputs, 7, 7], stem.weight)],
    ["conv1.bias", floats([stem.channels], stem.bias)],
  ]);
  for (const { path, inputs, channels, weight: latent, norm, shortcut } of blocks) {
    weights.set(`${path}.binary_conv.weight`, floats([channels, inputs, 3, 3], latent));
    weights.set(`${path}.bn1.weight`, floats([channels], norm.gamma));
    weights.set(`${path}.bn1.bias`, floats([channels], norm.beta));
    weights.set(`${path}.bn1.running_mean`, floats([channels], norm.mean));
    weights.set(`${path}.bn1.running_var`, floats([channels], norm.variance));
    if (shortcut === null) continue;
    weights.set(`${path}.downsample.1.weight`, floats([channels, inputs, 1, 1], shortcut.weight));
    weights.set(`${path}.downsample.1.bias`, floats([channels], shortcut.bias));
  }
  weights.set("fc.weight", floats([classes, features], weight));
  weights.set("fc.bias", floats([classes], bias));
  return { graph: buildGraph("bireal_resnet18", described.inputShape, network(described)), weights };
}
