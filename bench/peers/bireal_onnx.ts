/**
 * Bi-Real Net's ResNet-18 as PyTorch's TorchScript exporter writes it (operator set 11): the straight-through
 * polynomial of every activation in 20 operators, the weights' signs and means computed from their latent floats, node
 * names by module.
 */
import type { BiReal, BiRealBlock } from "./bireal.js";
import { type OnnxNode, type OnnxTensor, writeOnnx } from "./onnx_writer.js";

/** Nodes and tensors in the making, with the exporter's way of naming. */
interface Export {
  readonly nodes: OnnxNode[];
  readonly tensors: OnnxTensor[];
}

type Attributes = Pick<OnnxNode, "ints" | "floats">;

/** Counts the operators of a module: `/layer1/layer1.0/Sub`, `/layer1/layer1.0/Sub_1`. */
function moduleWriter({ nodes }: Export, scope: string) {
  const counts = new Map<string, number>();
  return (op: string, inputs: readonly string[], attributes: Attributes = {}): string => {
    const count = counts.get(op) ?? 0;
    counts.set(op, count + 1);
    const name = `${scope}/${op}${count === 0 ? "" : `_${count}`}`;
    nodes.push({ op, inputs, outputs: [`${name}_output_0`], name, ...attributes });
    return `${name}_output_0`;
  };
}

function tensor({ tensors }: Export, name: string, dims: readonly number[], data: Float32Array): string {
  tensors.push({ name, type: "float", dims, data: Float32Array.from(data) });
  return name;
}

/** 0, 1, 2 and -1, which every polynomial and clip has: constants of the exporter, once each here. */
function constants(file: Export): Readonly<Record<"zero" | "one" | "two" | "minusOne", string>> {
  const scalar = (name: string, value: number) => tensor(file, name, [], Float32Array.of(value));
  return { zero: scalar("zero", 0), one: scalar("one", 1), two: scalar("two", 2), minusOne: scalar("minus_one", -1) };
}

const window = (kernel: number, stride: number, padding: number) => ({
  ints: {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  },
});

/**
 * `BinaryActivation`: the sign forward, a polynomial of two parabolas backward; out = sign.detach() -
 * poly.detach() + poly.
 */
function binaryActivation(
  write: ReturnType<typeof moduleWriter>,
  x: string,
  { zero, one, two, minusOne }: ReturnType<typeof constants>,
): string {
  const float = { ints: { to: 1 } };
  const sign = write("Sign", [x]);
  const below = write("Cast", [write("Less", [x, minusOne])], float);
  const left = write("Cast", [write("Less", [x, zero])], float);
  const right = write("Cast", [write("Less", [x, one])], float);
  const outer = write("Mul", [below, minusOne]);
  const square = write("Mul", [x, x]);
  const double = write("Mul", [x, two]);
  const rising = write("Add", [square, double]);
  const first = write("Add", [outer, write("Mul", [rising, write("Sub", [one, below])])]);
  const inner = write("Mul", [first, left]);
  const falling = write("Add", [write("Mul", [write("Neg", [x]), x]), double]);
  const second = write("Add", [inner, write("Mul", [falling, write("Sub", [one, left])])]);
  const polynomial = write("Add", [write("Mul", [second, right]), write("Sub", [one, right])]);
  return write("Add", [write("Sub", [sign, polynomial]), polynomial]);
}

/** `HardBinaryConv`: mean |w| of each output times sign(w) forward, the clipped weight backward. */
function binaryConv(
  file: Export,
  { path, inputs, channels, stride, weight }: BiRealBlock,
  x: string,
  { one, minusOne }: ReturnType<typeof constants>,
): string {
  const [layer] = path.split(".");
  const write = moduleWriter(file, `/${layer}/${path}/binary_conv`);
  const latent = tensor(file, `${path}.binary_conv.weight`, [channels, inputs, 3, 3], weight);
  const kept = (axis: number) => ({ ints: { axes: [axis], keepdims: 1 } });
  const sizes = write("Abs", [latent]);
  const rows = write("ReduceMean", [write("ReduceMean", [sizes], kept(3))], kept(2));
  const means = write("ReduceMean", [rows], kept(1));
  const binary = write("Mul", [means, write("Sign", [latent])]);
  const clipped = write("Clip", [latent, minusOne, one]);
  const passed = write("Add", [write("Sub", [binary, clipped]), clipped]);
  return write("Conv", [x, passed], window(3, stride, 1));
}

function writeBlock(file: Export, block: BiRealBlock, x: string, shared: ReturnType<typeof constants>): string {
  const { path, inputs, channels, norm, shortcut } = block;
  const [layer] = path.split(".");
  const write = moduleWriter(file, `/${layer}/${path}`);
  const signs = binaryActivation(write, x, shared);
  const convolved = binaryConv(file, block, signs, shared);
  const parameters = [
    ["weight", norm.gamma],
    ["bias", norm.beta],
    ["running_mean", norm.mean],
    ["running_var", norm.variance],
  ] as const;
  const normWriter = moduleWriter(file, `/${layer}/${path}/bn1`);
  const names = parameters.map(([role, data]) => tensor(file, `${path}.bn1.${role}`, [channels], data));
  const normal = normWriter("BatchNormalization", [convolved, ...names], { floats: { epsilon: 1e-5, momentum: 0.9 } });
  if (shortcut === null) return write("Add", [normal, x]);
  const down = (child: number) => moduleWriter(file, `/${layer}/${path}/downsample/downsample.${child}`);
  const pooled = down(0)("AveragePool", [x], window(2, 2, 0));
  const folded = [
    tensor(file, `onnx::Conv_${path}_0`, [channels, inputs, 1, 1], shortcut.weight),
    tensor(file, `onnx::Conv_${path}_1`, [channels], shortcut.bias),
  ];
  return write("Add", [normal, down(1)("Conv", [pooled, ...folded], window(1, 1, 0))]);
}

/** The bytes of the .onnx file. */
export function birealOnnx({
  inputShape,
  stem,
  blocks,
  classes,
  features,
  weight,
  bias,
}: BiReal): Uint8Array<ArrayBuffer> {
  const file: Export = { nodes: [], tensors: [] };
  const shared = constants(file);
  const folded = [
    tensor(file, "onnx::Conv_0", [stem.channels, stem.inputs, 7, 7], stem.weight),
    tensor(file, "onnx::Conv_1", [stem.channels], stem.bias),
  ];
  const convolved = moduleWriter(file, "/conv1")("Conv", ["input", ...folded], window(7, 2, 3));
  const pooled = moduleWriter(file, "/maxpool")("MaxPool", [convolved], window(3, 2, 1));
  const last = blocks.reduce((x, block) => writeBlock(file, block, x, shared), pooled);
  const mean = moduleWriter(file, "/avgpool")("GlobalAveragePool", [last]);
  const flat = moduleWriter(file, "")("Flatten", [mean], { ints: { axis: 1 } });
  const parameters = [tensor(file, "fc.weight", [classes, features], weight), tensor(file, "fc.bias", [classes], bias)];
  file.nodes.push({
    op: "Gemm",
    inputs: [flat, ...parameters],
    outputs: ["output"],
    name: "/fc/Gemm",
    ints: { transB: 1 },
    floats: { alpha: 1, beta: 1 },
  });
  return writeOnnx({
    name: "torch_jit",
    nodes: file.nodes,
    initializers: file.tensors,
    inputs: [{ name: "input", type: "float", dims: inputShape }],
    outputs: [{ name: "output", type: "float", dims: [inputShape[0], classes] }],
    irVersion: 6,
    opset: 11,
  });
}
