/** Layers in one word each, as papers write them: `Conv7x7/2`, `BN(fix gamma)`, `sign`, `BinConv3x3`. */
import type { Node, Pair } from "../graph/types.js";

function square([height, width]: Pair): string {
  return `${height}x${width}`;
}

function strideOf([height, width]: Pair): string {
  if (height === 1 && width === 1) return "";
  return height === width ? `/${height}` : `/${height}x${width}`;
}

type Convolution = Extract<Node, { kind: "conv2d" | "binaryConv2d" }>;

function convolution(node: Convolution): string {
  const dilated = node.dilation.some((size) => size !== 1) ? ` dilated ${node.dilation[0]}` : "";
  const grouped = node.groups === 1 ? "" : ` groups ${node.groups}`;
  const window = `${square(node.kernel)}${strideOf(node.stride)}${dilated}${grouped}`;
  if (node.kind === "conv2d") return `Conv${window}`;
  return node.bits === 1 ? `BinConv${window}` : `QConv${window} ${node.bits}-bit`;
}

/** The signs of 1-bit activations all print as `sign`: what zero becomes is a fact of its own. */
const SIGNS: ReadonlySet<string> = new Set(["det_sign", "sign_approx_sign", "sign", "sign_greater"]);

export function isSign(node: Node): boolean {
  return node.kind === "quantize" && SIGNS.has(node.method);
}

/** One layer in one word, without its channels. */
export function notation(node: Node): string {
  switch (node.kind) {
    case "conv2d":
    case "binaryConv2d":
      return convolution(node);
    case "quantize":
      if (isSign(node)) return "sign";
      return node.bits === 32 ? `act ${node.method}` : `${node.method} ${node.bits}-bit`;
    case "batchNorm":
      return node.fixGamma ? "BN(fix gamma)" : "BN";
    case "relu":
      return "ReLU";
    case "add":
      return node.channelOffset === 0 ? "add" : `add from ${node.channelOffset}`;
    case "maxPool":
      return `MaxPool${square(node.kernel)}${strideOf(node.stride)}`;
    case "avgPool":
      return `AvgPool${square(node.kernel)}${strideOf(node.stride)}`;
    case "globalAvgPool":
      return "GAP";
    case "flatten":
      return "Flatten";
    case "dense":
      return "Dense";
    case "binaryDense":
      return node.bits === 1 ? "BinDense" : `QDense ${node.bits}-bit`;
    case "scale":
      return `scale ${node.factor}`;
    case "crop":
      return `shift(${node.top},${node.left})`;
    case "channelShuffle":
      return `shuffle ${node.groups}`;
    case "sliceChannels":
      return `channels ${node.begin}-${node.end - 1}`;
    case "activation":
      return node.function;
    case "clip":
      return node.min === 0 && node.max === 6 ? "ReLU6" : `clip ${node.min ?? ""}..${node.max ?? ""}`;
    case "prelu":
      return "PReLU";
    case "scaleShift":
      return "affine";
    case "fakeQuantize":
      return node.high - node.low === 255 ? "int8" : `${node.high - node.low + 1} levels`;
    default:
      return node.kind;
  }
}
