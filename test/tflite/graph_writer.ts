/**
 * Writes a float-and-binary network of the registry as LCE's converter would, for tests: batch norms become MUL and
 * ADD or are folded.
 */
import { unpackSigns } from "../../src/bits.js";
import type { BatchNormNode, BinaryConv2dNode, Conv2dNode, DenseNode, Graph, Node } from "../../src/graph/types.js";
import type { Shape } from "../../src/tensor.js";
import type { FloatWeight, Weights } from "../../src/weights.js";
import { netWriter, packWords } from "./writer.js";

const PADDING = { SAME: 0, VALID: 1 } as const;

/** OIHW to OHWI. */
function toOhwi(data: ArrayLike<number>, [, inputs, height, width]: Shape): Float32Array {
  const taps = height * width;
  return Float32Array.from({ length: data.length }, (_, i) => {
    const [output, tap, input] = [Math.floor(i / (taps * inputs)), Math.floor(i / inputs) % taps, i % inputs];
    return data[(output * inputs + input) * taps + tap];
  });
}

/** SAME where the layer pads by half its kernel, VALID where it does not pad. */
function paddingCode({ name, padding, kernel }: Conv2dNode | BinaryConv2dNode): number {
  const isHalf = padding !== "same" && padding.every((size, axis) => size === (kernel[axis % 2] - 1) / 2);
  if (!isHalf) throw new Error(`${name} is padded in a way that this writer does not know`);
  return kernel[0] === 1 ? PADDING.VALID : PADDING.SAME;
}

/** The bytes of a file that computes the graph, NHWC, its binary layers padded with +1 by SAME. */
export function writeGraph(graph: Graph, weights: Weights): Uint8Array {
  const net = netWriter();
  const values = new Map<string, number>();
  const floats = (name: string) => (weights.get(name) as FloatWeight).data;
  const computed = { shape: [], type: "f32" } as const;
  const { nodes } = graph;

  function affine(node: BatchNormNode): { readonly scale: Float32Array; readonly shift: Float32Array } {
    const [mean, variance] = [floats(node.mean), floats(node.variance)];
    const scale = Float32Array.from(
      variance,
      (v, c) => (node.fixGamma ? 1 : floats(node.gamma!)[c]) / Math.sqrt(v + node.epsilon),
    );
    return { scale, shift: Float32Array.from(mean, (m, c) => floats(node.beta!)[c] - m * scale[c]) };
  }

  /** The batch norm that alone reads a value. */
  function onlyNorm(value: string): BatchNormNode | null {
    const readers = nodes.filter(({ inputs }) => inputs.includes(value));
    return readers.length === 1 && readers[0].kind === "batchNorm" ? readers[0] : null;
  }

  function binaryConvolution(node: BinaryConv2dNode, input: number): number {
    const weight = weights.get(node.weight)!;
    const { shape } = weight;
    const data = weight.kind === "bits" ? unpackSigns(weight) : weight.data;
    const fanIn = shape[1] * shape[2] * shape[3];
    const norm = onlyNorm(node.name);
    const { scale, shift } =
      norm === null ? { scale: new Float32Array(shape[0]).fill(1), shift: new Float32Array(shape[0]) } : affine(norm);
    const packed = packWords(toOhwi(data, shape), shape[1]);
    const constants = [
      net.integers([shape[0], shape[2], shape[3], Math.ceil(shape[1] / 32)], packed),
      net.floats(
        [shape[0]],
        scale.map((s) => s / 2),
      ),
      net.floats(
        [shape[0]],
        shift.map((t, c) => t + (scale[c] * fanIn) / 2),
      ),
    ];
    const options = {
      channels_in: shape[1],
      dilation_height_factor: 1,
      dilation_width_factor: 1,
      fused_activation_function: 0,
      pad_values: 1,
      padding: paddingCode(node),
      stride_height: node.stride[0],
      stride_width: node.stride[1],
    };
    const y = net.add("LceBconv2d", [input, ...constants, -1], { ...computed, name: node.name }, options);
    if (norm !== null) values.set(norm.name, y);
    return y;
  }

  function convolution(node: Conv2dNode, input: number): number {
    const { shape, data } = weights.get(node.weight) as FloatWeight;
    const filter = net.floats([shape[0], shape[2], shape[3], shape[1]], toOhwi(data, shape));
    const bias = node.bias === null ? -1 : net.floats([shape[0]], floats(node.bias));
    return net.add(
      3,
      [input, filter, bias],
      { ...computed, name: node.name },
      {
        type: 1,
        fields: [
          [0, "i8", paddingCode(node)],
          [1, "i32", node.stride[1]],
          [2, "i32", node.stride[0]],
        ],
      },
    );
  }

  function norm(node: BatchNormNode, input: number): number {
    const { scale, shift } = affine(node);
    const scaled = net.add(18, [input, net.floats([scale.length], scale)], computed);
    return net.add(0, [scaled, net.floats([shift.length], shift)], { ...computed, name: node.name });
  }

  function dense(node: DenseNode, input: number): number {
    const { shape, data } = weights.get(node.weight) as FloatWeight;
    const bias = node.bias === null ? -1 : net.floats([shape[0]], floats(node.bias));
    return net.add(9, [input, net.floats(shape, data), bias], { ...computed, name: node.name });
  }

  function write(node: Node): number {
    const [first, second] = node.inputs.map((name) => values.get(name)!);
    switch (node.kind) {
      case "input": {
        const [batch, channels, height, width] = graph.inputShape;
        return net.tensor({ shape: [batch, height, width, channels], type: "f32", name: node.name });
      }
      case "conv2d":
        return convolution(node, first);
      case "binaryConv2d":
        return binaryConvolution(node, first);
      case "batchNorm":
        return norm(node, first);
      case "quantize":
        return net.add("LceQuantize", [first], { shape: [], type: "i32", name: node.name });
      case "relu":
        return net.add(19, [first], { ...computed, name: node.name });
      case "add":
        return net.add(0, [first, second], { ...computed, name: node.name });
      case "avgPool":
        return net.add(
          1,
          [first],
          { ...computed, name: node.name },
          {
            type: 5,
            fields: [
              [0, "i8", PADDING.VALID],
              [1, "i32", node.stride[1]],
              [2, "i32", node.stride[0]],
              [3, "i32", node.kernel[1]],
              [4, "i32", node.kernel[0]],
            ],
          },
        );
      case "globalAvgPool":
        return net.add(40, [first, net.integers([2], [1, 2])], { ...computed, name: node.name });
      case "flatten":
        return first; // MEAN has left out the pixels' axes
      case "dense":
        return dense(node, first);
      default:
        throw new Error(`${node.name} (${node.kind}) cannot be written`);
    }
  }

  for (const node of nodes) if (!values.has(node.name)) values.set(node.name, write(node));
  return net.bytes([values.get(nodes[0].name)!], [values.get(graph.output)!]);
}
