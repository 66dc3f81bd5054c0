/** The files that mutations start from: written here, so that no target is without, and real ones where they lie. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type OnnxTensor, writeOnnx } from "../../bench/peers/onnx_writer.js";
import { compileProgram } from "../../src/compile.js";
import { rawFloat32, writeSafetensors } from "../../src/formats/safetensors.js";
import { graphToJson, randomWeights, saveModel } from "../../src/index.js";
import { getModel } from "../../src/models/registry.js";
import { drawPng, kinds } from "../decode/png_files.js";
import {
  arrayRecord,
  paramsFile,
  randomTensors,
  symbolText,
  type TestNode,
  writeParams,
} from "../formats/mxnet_support.js";
import { randomFloats, seededRandom, smallGraph } from "../formats/support.js";
import { dictText, fixture, fixtureNames, floatBytes, tensorText, torchZip } from "../formats/torch_support.js";
import { computedKinds, graphWith } from "../graph/arbitrary_nodes.js";
import { tinyModel } from "../runtime/program_support.js";
import { sharedPath } from "../support/shared.js";
import { writeGraph } from "../tflite/graph_writer.js";
import type { Victim } from "./target.js";

const text = (name: string, contents: string): Victim => ({ name, bytes: new TextEncoder().encode(contents) });

/** Larger files take more time for each change than they show. */
const MAX_BYTES = 200_000;

/** The files of a folder of goldens, data or cases whose names match; none if it is not there. */
function shared(folder: string, pattern: RegExp): readonly Victim[] {
  const path = sharedPath(folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => pattern.test(name))
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(`${path}/${name}`)) }))
    .filter(({ bytes }) => bytes.length <= MAX_BYTES);
}

/** A network of QONNX's: a grid, a pool, a binary convolution and a dense layer. */
function quantizedOnnx(): Uint8Array {
  const node = (op: string, inputs: readonly string[], output: string, rest: object = {}) => {
    return { op, inputs, outputs: [output], ...rest };
  };
  const floats = (name: string, dims: readonly number[], data: readonly number[]): OnnxTensor => {
    return { name, type: "float", dims, data: Float32Array.from(data) };
  };
  const signs = (count: number) => Array.from({ length: count }, (_, i) => (i % 3 === 0 ? -1 : 1));
  return writeOnnx({
    name: "quantized",
    nodes: [
      node("Quant", ["input", "s", "z", "b"], "q", {
        domain: "qonnx.custom_op.general",
        ints: { signed: 1, narrow: 0 },
      }),
      node("MaxPool", ["q"], "p", { ints: { kernel_shape: [2, 2], strides: [2, 2] } }),
      node("Conv", ["p", "w"], "c", { ints: { pads: [1, 1, 1, 1] } }),
      node("Relu", ["c"], "r"),
      node("Flatten", ["r"], "f"),
      node("Gemm", ["f", "v"], "output", { ints: { transB: 1 } }),
    ],
    initializers: [
      ...[floats("s", [], [0.25]), floats("z", [], [0]), floats("b", [], [3])],
      ...[floats("w", [4, 3, 3, 3], signs(108)), floats("v", [5, 16], signs(80))],
    ],
    inputs: [{ name: "input", type: "float", dims: [1, 3, 4, 4] }],
    outputs: [{ name: "output", type: "float" }],
  });
}

export function onnxVictims(): readonly Victim[] {
  return [
    { name: "quantized.onnx", bytes: quantizedOnnx() },
    ...shared("goldens/onnx", /\.onnx$/),
    ...shared("data/onnx", /^tfc.*\.onnx$/),
  ];
}

export function tfliteVictims(): readonly Victim[] {
  const graph = getModel("resnet18_e1", {
    ...{ inputShape: [1, 3, 8, 8], classes: 2, initialLayers: "thumbnail", useFp: true, usePooling: true },
    binary: { bits: 1, bitsA: 1 },
  });
  const written = { name: "written.tflite", bytes: writeGraph(graph, randomWeights(graph, 7)) };
  const goldens = shared("goldens/tflite", /\.tflite$/);
  return goldens.length > 0 ? goldens : [written];
}

/** A symbol, a zero byte, and the file of its parameters. */
export function symbolVictims(): readonly Victim[] {
  const joined = (name: string, symbol: string | Uint8Array, params: Uint8Array): Victim => {
    return { name, bytes: Uint8Array.from(Buffer.concat([Buffer.from(symbol), Buffer.of(0), params])) };
  };
  const nodes: readonly TestNode[] = [
    {
      op: "Convolution",
      name: "c",
      inputs: ["data", "c_w"],
      attrs: { kernel: "(3, 3)", num_filter: "4", no_bias: "True" },
    },
    { op: "BatchNorm", name: "bn", inputs: ["c", "g", "b", "m_mean", "m_var"], attrs: { fix_gamma: "False" } },
    { op: "Activation", name: "a", inputs: ["bn"], attrs: { act_type: "relu" } },
    { op: "Pooling", name: "p", inputs: ["a"], attrs: { kernel: "(2, 2)", stride: "(2, 2)", pool_type: "max" } },
    { op: "Flatten", name: "f", inputs: ["p"] },
    { op: "FullyConnected", name: "fc", inputs: ["f", "fc_w", "fc_b"], attrs: { num_hidden: "3" } },
    { op: "SoftmaxOutput", name: "s", inputs: ["fc", "label"] },
  ];
  const shapes = { c_w: [4, 3, 3, 3], g: [4], b: [4], m_mean: [4], m_var: [4], fc_w: [3, 16], fc_b: [3] };
  const named = [...randomTensors(shapes)].map(
    ([name, raw]) => [`${/^m_/.test(name) ? "aux" : "arg"}:${name}`, raw] as const,
  );
  const real = ["cases/06_mxnet_legacy_batchnorm", "cases/07_mxnet_reshape"].flatMap((folder) =>
    shared(folder, /-symbol\.json$/).map(({ name, bytes }) => {
      const params = readFileSync(sharedPath(`${folder}/${name.replace("-symbol.json", "-0000.params")}`));
      return joined(name, bytes, params);
    }),
  );
  return [joined("small", symbolText(nodes), writeParams(new Map(named))), ...real];
}

export function paramsVictims(): readonly Victim[] {
  const tensors = randomTensors({ "arg:c_weight": [4, 3, 3, 3], "arg:c_bias": [4], "aux:bn_moving_mean": [4] });
  const versions = [0, 1, 2, 3] as const;
  const scalars = paramsFile([arrayRecord(rawFloat32([], Float32Array.of(1)), 3)], ["arg:s"]);
  return [
    ...versions.map((version) => ({ name: `version ${version}`, bytes: writeParams(tensors, version) })),
    { name: "scalar", bytes: scalars },
    ...shared("cases/07_mxnet_reshape", /\.params$/),
  ];
}

export function torchVictims(): readonly Victim[] {
  const weight = tensorText({ elements: 2, shape: [2], strides: [1] });
  const small = torchZip(`${dictText({ w: weight })}.`, { "0": floatBytes(1, 2) });
  return [
    { name: "small", bytes: small },
    ...fixtureNames.map((name) => ({ name, bytes: fixture(name) })),
    ...shared("cases/20_hostile", /\.pt$/),
  ];
}

export function safetensorsVictims(): readonly Victim[] {
  const random = seededRandom(3);
  const tensors = new Map([
    ["first", rawFloat32([4, 3, 2, 2], randomFloats(48, random))],
    ["second", rawFloat32([5], randomFloats(5, random))],
    ["empty", rawFloat32([0, 3], new Float32Array(0))],
  ]);
  const description = JSON.stringify({ model: "resnet18_e1" });
  return [
    { name: "floats", bytes: writeSafetensors(tensors, new Map([["note", "text"]])) },
    { name: "described", bytes: writeSafetensors(tensors, new Map([["description", description]])) },
  ];
}

export function packedVictims(): readonly Victim[] {
  const graph = smallGraph();
  return [{ name: "packed", bytes: saveModel({ graph, weights: randomWeights(graph, 7) }) }];
}

/** Graphs of every kind of node, drawn once, and one of the registry. */
export function graphVictims(): readonly Victim[] {
  const drawn = computedKinds.flatMap((kind) =>
    fc.sample(graphWith(kind), { numRuns: 3, seed: 7 }).map((graph) => text(kind, graphToJson(graph))),
  );
  return [text("small", graphToJson(smallGraph())), ...drawn];
}

export function descriptionVictims(): readonly Victim[] {
  return [
    text("by name", JSON.stringify({ framework: "bmxnet-v2", model: "resnet18_e1", input_shape: [1, 3, 32, 32] })),
    text(
      "awnas",
      JSON.stringify({
        framework: "awnas",
        search_space_cfg: { num_cell_groups: 2, num_init_nodes: 1, num_layers: 2, cell_layout: [0, 1], num_steps: 1 },
        model_cfg: {
          genotypes: "normal_0=[('xnor_resnet_block', 0, 1)], reduce_1=[('xnor_resnet_block', 0, 1)]",
          ...{ init_channels: 8, stem_multiplier: 1, layer_channels: [8, 8, 16], num_classes: 4 },
        },
        input_shape: [1, 3, 8, 8],
      }),
    ),
    ...shared("goldens", /^(awnas|bmx)_(?!.*ops).*\.json$/),
  ];
}

export function yamlVictims(): readonly Victim[] {
  const lines = [
    ...["# beside a checkpoint", "search_space_type: cnn", "search_space_cfg:", "  num_cell_groups: 2"],
    ...["  num_init_nodes: 1", "  num_layers: 2", "  cell_layout: [0, 1]", "  reduce_cell_groups: !!python/tuple [1]"],
    ...["  num_steps: 1", "final_model_type: bnn_final_model", "final_model_cfg:"],
    `  genotypes: "normal_0=[('xnor_resnet_block', 0, 1)], reduce_1=[('xnor_resnet_block', 0, 1)]"`,
    ...["  init_channels: 8", "  stem_multiplier: 1", "  layer_channels: [8, 8, 16]", "  cell_use_preprocess: no"],
    ...["  num_classes: 4", "final_trainer_cfg: {epochs: 100, learning_rate: 0.1}", ""],
  ];
  return [text("written by AWNAS", lines.join("\n"))];
}

export function idxVictims(): readonly Victim[] {
  const bytes = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, ...Array(24).keys());
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 4, 0, 9, 2, 3);
  return [
    { name: "images", bytes },
    { name: "labels", bytes: labels },
    { name: "images.gz", bytes: Uint8Array.from(gzipSync(bytes)) },
  ];
}

/** A ustar archive of regular files. */
function tar(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const blocks = Object.entries(files).map(([name, data]) => {
    const entry = Buffer.alloc(512 + Math.ceil(data.length / 512) * 512);
    entry.write(name, 0);
    entry.write(`${data.length.toString(8).padStart(11, "0")} `, 124);
    entry.write(" ".repeat(8), 148);
    entry.write("0", 156);
    entry.write("ustar\x0000", 257);
    const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    entry.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    entry.set(data, 512);
    return entry;
  });
  return Uint8Array.from(Buffer.concat([...blocks, new Uint8Array(1024)]));
}

export function cifarVictims(): readonly Victim[] {
  const record = (...labels: readonly number[]) => Uint8Array.of(...labels, ...new Uint8Array(3072).fill(7));
  const names = new TextEncoder().encode("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n");
  const archive = tar({ "c/test_batch.bin": record(3), "c/batches.meta.txt": names });
  return [
    { name: "batch", bytes: record(9) },
    { name: "hundred", bytes: record(19, 99) },
    { name: "archive", bytes: archive },
    { name: "archive.gz", bytes: Uint8Array.from(gzipSync(archive)) },
  ];
}

export function pngVictims(): readonly Victim[] {
  return kinds.flatMap(({ colorType, depth }) =>
    [false, true].map((interlaced) => ({
      name: `${colorType} ${depth}${interlaced ? " interlaced" : ""}`,
      bytes: Uint8Array.from(
        drawPng({ colorType, depth, width: 9, height: 5, interlaced, transparent: interlaced, seed: depth }),
      ),
    })),
  );
}

/** Programs of floats and of bytes, with taps. */
export async function programVictims(): Promise<readonly Victim[]> {
  const model = tinyModel();
  return [
    { name: "floats", bytes: await compileProgram(model, { taps: ["features.2"] }) },
    { name: "bytes", bytes: await compileProgram(model, { inputType: "u8" }) },
  ];
}

/** The corpus has pictures of every common kind. */
export function jpegVictims(): readonly Victim[] {
  return shared("cases/03_cmyk_jpeg", /\.jpg$/);
}
