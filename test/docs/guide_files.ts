/** The files that the guides take for granted: networks of the shared folder, and a checkpoint that is made here. */
import { readFileSync } from "node:fs";
import { awnasFromYaml } from "../../src/awnas.js";
import { rawFloat32 } from "../../src/formats/dtypes.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { buildGraph, residual, sequential, torch } from "../../src/nn.js";
import { elementCount } from "../../src/tensor.js";
import { checkpoint } from "../formats/torch_support.js";
import { smallYaml } from "../models/awnas_yaml.js";
import { sharedPath } from "../support/shared.js";

/** A file: its path in the shared folder, or what makes it. */
export type GuideFile = string | (() => string | Uint8Array);

/** A checkpoint of a training script, with something before every name. Variances are 1 and more. */
function trained(graph: Graph, prefix: string): Uint8Array {
  const tensors = parameterSpecs(graph).map(({ name, shape, role }) => {
    const value = (i: number) => Math.sin(i * i + name.length) + (role === "variance" ? 2 : 0);
    const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => value(i));
    return [`${prefix}${name}`, rawFloat32(shape, values)] as const;
  });
  return checkpoint(tensors);
}

/** The network that docs/import-your-network.md builds in torch's words. */
function ownNetwork(): Graph {
  const convolution = { inChannels: 16, outChannels: 16, kernelSize: 3, padding: 1 };
  return buildGraph(
    "mine",
    [1, 3, 32, 32],
    sequential({
      stem: torch.conv2d({ inChannels: 3, outChannels: 16, kernelSize: 3, padding: 1 }),
      block: residual(torch.sequential([torch.binaryConv2d(convolution), torch.batchNorm2d(16)])),
      pool: torch.adaptiveAvgPool2d(),
      flatten: torch.flatten(),
      fc: torch.linear(16, 10),
    }),
  );
}

/** Files by guide and name. */
export const guideFiles: Readonly<Record<string, Readonly<Record<string, GuideFile>>>> = {
  "import-your-network.md": {
    "net.onnx": "goldens/onnx/bireal_poly.onnx",
    "expected.safetensors": "goldens/onnx/bireal_poly.io.safetensors",
    "net.tflite": "goldens/tflite/lce_quicknet_mini.tflite",
    "net.json": "goldens/bmx_e1_18_thumb.json",
    "net.params": "goldens/bmx_e1_18_thumb.params",
    "lenet-symbol.json": "data/bmxnet/binarized_mnist_64bit-symbol.json",
    "lenet-0001.params": "data/bmxnet/binarized_mnist_64bit-0001.params",
    "final.yaml": () => smallYaml,
    "final.pt": () => trained(awnasFromYaml(smallYaml, { inputShape: [1, 3, 32, 32] }), "module."),
    "mine.pth": () => trained(ownNetwork(), ""),
  },
  "onnx.md": {
    "net.onnx": "goldens/onnx/bireal_poly.onnx",
    "tfc_w1a1_qonnx.onnx": "data/onnx/tfc_w1a1_qonnx.onnx",
    "mnist/t10k-images-idx3-ubyte.gz": "data/mnist/t10k-images-idx3-ubyte.gz",
    "mnist/t10k-labels-idx1-ubyte.gz": "data/mnist/t10k-labels-idx1-ubyte.gz",
  },
  "pictures.md": { "net.onnx": "goldens/onnx/bireal_poly.onnx" },
  "benchmark.md": {
    "net.onnx": "goldens/onnx/bireal_poly.onnx",
    "photo.jpg": "data/imagenet/jpeg/n01986214_hermit_crab.JPEG",
  },
};

/** What a guide needs of the shared folder. */
export function sharedFilesOf(guide: string): readonly string[] {
  return Object.values(guideFiles[guide] ?? {}).filter((file) => typeof file === "string");
}

/** The contents of a file. */
export function contentsOf(file: GuideFile): string | Uint8Array {
  return typeof file === "string" ? readFileSync(sharedPath(file)) : file();
}
