/** A float network as an ONNX model, in float and in u8s8 int8. */
import { type OnnxNode, type OnnxTensor, type OnnxType, writeOnnx } from "./onnx_writer.js";
import type { FloatConv, FloatDense, FloatLayer, FloatNetwork } from "./resnet18.js";

/** The values that a calibration needs: every layer's result, and the input. */
export type Values = ReadonlyMap<string, Float32Array>;

const windowAttributes = (kernel: number, stride: number, padding: number) => ({
  kernel_shape: [kernel, kernel],
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
});

const convWindow = ({ kernel, stride, padding }: FloatConv) => windowAttributes(kernel, stride, padding);
const stemPoolWindow = windowAttributes(3, 2, 1);

const convDims = ({ outChannels, inChannels, kernel }: FloatConv) => [outChannels, inChannels, kernel, kernel];

function lastOf({ layers }: FloatNetwork): FloatDense {
  const last = layers[layers.length - 1];
  if (last.kind !== "dense") throw new TypeError(`a network ends with its dense layer, found ${last.kind}`);
  return last;
}

const floatTensor = (name: string, dims: readonly number[], data: Float32Array): OnnxTensor => ({
  name,
  type: "float",
  dims,
  data,
});

function floatNodes(layer: FloatLayer): readonly OnnxNode[] {
  const { name } = layer;
  switch (layer.kind) {
    case "conv": {
      const linear = layer.relu ? `${name}.linear` : name;
      const inputs = [layer.input, `${name}.weight`, `${name}.bias`];
      const conv: OnnxNode = { op: "Conv", inputs, outputs: [linear], ints: convWindow(layer) };
      return layer.relu ? [conv, { op: "Relu", inputs: [linear], outputs: [name] }] : [conv];
    }
    case "addRelu":
      return [
        { op: "Add", inputs: [layer.left, layer.right], outputs: [`${name}.sum`] },
        { op: "Relu", inputs: [`${name}.sum`], outputs: [name] },
      ];
    case "maxPool":
      return [{ op: "MaxPool", inputs: [layer.input], outputs: [name], ints: stemPoolWindow }];
    case "globalAvgPool":
      return [{ op: "GlobalAveragePool", inputs: [layer.input], outputs: [name] }];
    case "dense":
      return [
        { op: "Flatten", inputs: [layer.input], outputs: [`${name}.input`], ints: { axis: 1 } },
        {
          op: "Gemm",
          inputs: [`${name}.input`, `${name}.weight`, `${name}.bias`],
          outputs: [name],
          ints: { transB: 1 },
        },
      ];
  }
}

function floatTensors(layer: FloatLayer): readonly OnnxTensor[] {
  if (layer.kind === "conv") {
    return [
      floatTensor(`${layer.name}.weight`, convDims(layer), layer.weight),
      floatTensor(`${layer.name}.bias`, [layer.outChannels], layer.bias),
    ];
  }
  if (layer.kind === "dense") {
    return [
      floatTensor(`${layer.name}.weight`, [layer.units, layer.inputs], layer.weight),
      floatTensor(`${layer.name}.bias`, [layer.units], layer.bias),
    ];
  }
  return [];
}

/** The float model; with `everyLayer` each layer's value is an output too, as calibration wants it. */
export function floatOnnx(network: FloatNetwork, everyLayer = false): Uint8Array<ArrayBuffer> {
  const { layers, inputShape } = network;
  const outputs = everyLayer ? layers : layers.slice(-1);
  return writeOnnx({
    name: "float",
    nodes: layers.flatMap(floatNodes),
    initializers: layers.flatMap(floatTensors),
    inputs: [{ name: "input", type: "float", dims: inputShape }],
    outputs: outputs.map(({ name }) => ({ name, type: "float" })),
  });
}

/** real = scale * (code - zero), code 0..255. */
interface Coding {
  readonly scale: number;
  readonly zero: number;
}

/** Codes of a value from its smallest and largest element, 0 always exact; what a ReLU gave starts at code 0. */
function coding(values: Float32Array): Coding {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = (high - low) / 255 || 1;
  return { scale, zero: Math.round(-low / scale) };
}

/**
 * The largest weight code. With u8 times s8 codes the x86 kernels add pairs of products in 16 bits and saturate:
 * 2 * 255 * 63 = 32130 fits, 127 would not. The speed is the same.
 */
const WEIGHT_CODE = 63;

function quantizeWeights(weight: Float32Array): { readonly codes: Int8Array<ArrayBuffer>; readonly scale: number } {
  let largest = 0;
  for (const value of weight) largest = Math.max(largest, Math.abs(value));
  const scale = largest / WEIGHT_CODE || 1;
  return { codes: Int8Array.from(weight, (value) => Math.round(value / scale)), scale };
}

const scalar = (name: string, type: OnnxType, data: OnnxTensor["data"]): OnnxTensor => ({ name, type, dims: [], data });

/** `value.scale` and `value.zero`, as every quantised operator reads them after a value. */
const codingNames = (value: string) => [`${value}.scale`, `${value}.zero`];
const withCoding = (value: string) => [value, ...codingNames(value)];

function codingTensors(value: string, { scale, zero }: Coding): readonly OnnxTensor[] {
  const [scaleName, zeroName] = codingNames(value);
  return [scalar(scaleName, "float", Float32Array.of(scale)), scalar(zeroName, "uint8", Uint8Array.of(zero))];
}

/** s8 weights with one scale, and the bias as i32 in units of input scale * weight scale. */
function weightTensors(layer: FloatConv | FloatDense, dims: readonly number[], input: Coding): readonly OnnxTensor[] {
  const { codes, scale } = quantizeWeights(layer.weight);
  const name = `${layer.name}.weight`;
  const bias = Int32Array.from(layer.bias, (value) => Math.round(value / (input.scale * scale)));
  return [
    { name, type: "int8", dims, data: codes },
    scalar(`${name}.scale`, "float", Float32Array.of(scale)),
    scalar(`${name}.zero`, "int8", Int8Array.of(0)),
    { name: `${layer.name}.bias`, type: "int32", dims: [bias.length], data: bias },
  ];
}

/** ReLUs are not nodes here: the codes of their results start at 0, and the operators saturate there. */
function int8Nodes(layer: FloatLayer, quantizedInput: (name: string) => string): readonly OnnxNode[] {
  const { name } = layer;
  const read = (value: string) => withCoding(quantizedInput(value));
  const domain = "com.microsoft";
  switch (layer.kind) {
    case "conv":
      return [
        {
          op: "QLinearConv",
          inputs: [...read(layer.input), ...withCoding(`${name}.weight`), ...codingNames(name), `${name}.bias`],
          outputs: [name],
          ints: convWindow(layer),
        },
      ];
    case "addRelu":
      return [
        {
          op: "QLinearAdd",
          domain,
          inputs: [...read(layer.left), ...read(layer.right), ...codingNames(name)],
          outputs: [name],
        },
      ];
    case "maxPool":
      return [{ op: "MaxPool", inputs: [quantizedInput(layer.input)], outputs: [name], ints: stemPoolWindow }];
    case "globalAvgPool":
      return [
        {
          op: "QLinearGlobalAveragePool",
          domain,
          inputs: [...read(layer.input), ...codingNames(name)],
          outputs: [name],
          ints: { channels_last: 0 },
        },
      ];
    case "dense":
      // Without a coding of its result QGemm gives floats.
      return [
        { op: "Flatten", inputs: [layer.input], outputs: [`${name}.input`], ints: { axis: 1 } },
        {
          op: "QGemm",
          domain,
          inputs: [`${name}.input`, ...codingNames(layer.input), ...withCoding(`${name}.weight`), `${name}.bias`],
          outputs: [name],
          ints: { transA: 0, transB: 1 },
          floats: { alpha: 1 },
        },
      ];
  }
}

/**
 * The same network in 8 bits, u8 activations and s8 weights, one scale a tensor: QLinearConv and its kin from a float
 * input to float logits, which is what onnxruntime's own quantiser makes of such a model.
 * @param values the float network's values on one picture, from which the activations' scales are taken.
 */
export function int8Onnx(network: FloatNetwork, values: Values): Uint8Array<ArrayBuffer> {
  const { layers, inputShape } = network;
  const codings = new Map<string, Coding>();
  const codingOf = (name: string): Coding => {
    const found = codings.get(name);
    if (found === undefined) throw new RangeError(`the calibration has no values of ${name}`);
    return found;
  };
  for (const [name, data] of values) codings.set(name, coding(data));
  // A maximum of codes is a code of the same scale.
  for (const layer of layers) if (layer.kind === "maxPool") codings.set(layer.name, codingOf(layer.input));

  const output = lastOf(network);
  const quantizedInput = (name: string) => (name === "input" ? "input.u8" : name);
  const initializers: OnnxTensor[] = [...codingTensors("input.u8", codingOf("input"))];
  for (const layer of layers) {
    if (layer !== output) initializers.push(...codingTensors(layer.name, codingOf(layer.name)));
    if (layer.kind === "conv") initializers.push(...weightTensors(layer, convDims(layer), codingOf(layer.input)));
    if (layer.kind === "dense") {
      initializers.push(...weightTensors(layer, [layer.units, layer.inputs], codingOf(layer.input)));
    }
  }
  const quantize: OnnxNode = {
    op: "QuantizeLinear",
    inputs: ["input", ...codingNames("input.u8")],
    outputs: ["input.u8"],
  };
  return writeOnnx({
    name: "int8",
    nodes: [quantize, ...layers.flatMap((layer) => int8Nodes(layer, quantizedInput))],
    initializers,
    inputs: [{ name: "input", type: "float", dims: inputShape }],
    outputs: [{ name: output.name, type: "float", dims: [inputShape[0], output.units] }],
  });
}
