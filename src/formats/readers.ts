/**
 * The formats that networks and weights are read from, one row each: how its beginning looks, and what it holds.
 * Programs that take any file, as the command line does, are loops over this table. A row loads its reader when a file
 * needs it.
 */
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { isProgram } from "../runtime/program_file.js";
import type { Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { isMxnetParams, isMxnetSymbol } from "./mxnet/detect.js";
import { isOnnx } from "./onnx/detect.js";
import { isNumpyArchive, looksLikeSafetensors, textStart } from "./sniff.js";
import { isTflite } from "./tflite/detect.js";
import { isTorchLegacy, isZip } from "./torch/detect.js";

/** A file that is to be read. */
export interface Source {
  /** What messages and graphs call it: the file's name without its folder. */
  readonly name: string;
  readonly size: number;
  readonly read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** A file in the same folder, whole. */
  readonly beside: (name: string) => Promise<Uint8Array>;
}

/** The beginning of a file: its first `SNIFF_BYTES`. */
export interface FileStart {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** As text, without a byte order mark and white space before it. */
  readonly text: string;
}

export interface ReadOptions {
  /** Input shape, for files that state none. */
  readonly inputShape?: Shape;
}

/** Weights that a file holds; names of some formats depend on the network. */
export interface WeightsReading {
  readonly kind: "weights";
  readonly weights: (graph: Graph) => Promise<Weights>;
  /** A safetensors file of floats, which may be converted tensor by tensor. */
  readonly isFloatFile: boolean;
}

/** What a file turns out to be. */
export type Reading =
  /** A network with its weights; notes say what the importer decided. */
  | { readonly kind: "model"; readonly model: Model; readonly notes: readonly string[] }
  /** A network whose weights are elsewhere, or in the file itself. */
  | { readonly kind: "graph"; readonly graph: Graph; readonly weights: WeightsReading | null }
  /** A network that takes its shapes from the file of its parameters. */
  | {
      readonly kind: "symbol";
      /** Matches the names of files beside it that may hold them. */
      readonly parameterFiles: RegExp;
      readonly model: (parameters: Uint8Array) => Promise<Model & { readonly notes: readonly string[] }>;
    }
  /** A network compiled for one input, which has no graph any more. */
  | { readonly kind: "program"; readonly bytes: Uint8Array }
  | WeightsReading;

/** A format. */
export interface FormatReader {
  /** Behind "it is": `a torch checkpoint`. */
  readonly name: string;
  readonly detect: (start: FileStart) => boolean;
  /** @throws XnorkitError if the file is damaged, or of an unknown version. */
  readonly read: (source: Source, options: ReadOptions) => Promise<Reading>;
}

const whole = ({ size, read }: Source) => read(0, size);
const textOf = async (source: Source) => new TextDecoder().decode(await whole(source));

/** A network's description without weights. */
const graphAlone = (graph: Graph): Reading => ({ kind: "graph", graph, weights: null });

/** Of a float file, which may have gigabytes, the header alone is read until its weights are asked for. */
async function readSafetensorsFile(source: Source): Promise<Reading> {
  const { isPackedModel, loadModel, readSafetensorsHeader, readWeights } = await import("./safetensors_readers.js");
  const { metadata } = await readSafetensorsHeader(source);
  if (isPackedModel(metadata)) return { kind: "model", model: loadModel(await whole(source)), notes: [] };
  const weights: WeightsReading = {
    kind: "weights",
    isFloatFile: true,
    weights: async () => readWeights(await whole(source)),
  };
  const description = metadata.get("description");
  if (description === undefined) return weights;
  const { fromAnyDescription } = await import("../models/catalog.js");
  return { kind: "graph", graph: fromAnyDescription(description), weights };
}

const SYMBOL_ENDING = /(-symbol)?\.json$/i;

async function readSymbol(source: Source, { inputShape }: ReadOptions): Promise<Reading> {
  const { importMxnet } = await import("./mxnet/import.js");
  const text = await textOf(source);
  const name = source.name.replace(SYMBOL_ENDING, "");
  return {
    kind: "symbol",
    parameterFiles: new RegExp(`^${name.replace(/[^\w]/g, "\\$&")}(-\\d+)?\\.params$`),
    // Logits, as networks of the registry give: probabilities are made of them, and margins are those of logits.
    model: async (parameters) => importMxnet(text, parameters, { name, logits: true, inputShape }),
  };
}

/** Of layers the table of `summary` tells; what is left is about the file. */
const ABOUT_LAYERS: readonly string[] = ["bits", "float", "levels"];

async function readOnnx(source: Source, { inputShape }: ReadOptions): Promise<Reading> {
  const { importOnnx } = await import("./onnx/import.js");
  const { onnxExternalFiles } = await import("./onnx/beside.js");
  const bytes = await whole(source);
  const externalData = new Map<string, Uint8Array>();
  for (const name of onnxExternalFiles(bytes)) externalData.set(name, await source.beside(name));
  const name = source.name.replace(/\.onnx$/i, "");
  const { notes, ...model } = importOnnx(bytes, { name, logits: true, inputShape, externalData });
  const ofFile = notes.filter(({ kind }) => !ABOUT_LAYERS.includes(kind));
  return { kind: "model", model, notes: ofFile.map(({ text }) => text) };
}

/** The first that knows a file's beginning reads it. */
export const readers: readonly FormatReader[] = [
  {
    name: "a program",
    detect: ({ bytes }) => isProgram(bytes),
    read: async (source) => ({ kind: "program", bytes: await whole(source) }),
  },
  {
    name: "an MXNet .params file",
    detect: ({ bytes }) => isMxnetParams(bytes),
    read: async (source) => ({
      kind: "weights",
      isFloatFile: false,
      weights: async (graph) => {
        const { readMxnetParams } = await import("./mxnet/params.js");
        const { mapMxnetNames } = await import("./mxnet/names.js");
        return mapMxnetNames(graph, readMxnetParams(await whole(source)));
      },
    }),
  },
  {
    name: "a torch checkpoint",
    detect: ({ bytes }) => (isZip(bytes) && !isNumpyArchive(bytes)) || isTorchLegacy(bytes),
    read: async (source) => ({
      kind: "weights",
      isFloatFile: false,
      weights: async () => (await import("./torch/read_torch.js")).readTorch(await whole(source)),
    }),
  },
  { name: "a safetensors file", detect: ({ bytes }) => looksLikeSafetensors(bytes), read: readSafetensorsFile },
  { name: "an MXNet symbol", detect: ({ text }) => isMxnetSymbol(text), read: readSymbol },
  {
    name: "a TensorFlow Lite file",
    detect: ({ bytes }) => isTflite(bytes),
    read: async (source) => {
      const { importTflite } = await import("./tflite/import.js");
      const name = source.name.replace(/\.tflite$/i, "");
      const { notes, ...model } = importTflite(await whole(source), { name, logits: true });
      const ofFile = notes.filter(({ layer }) => layer === undefined);
      return { kind: "model", model, notes: ofFile.map(({ text }) => text) };
    },
  },
  { name: "an ONNX model", detect: ({ bytes }) => isOnnx(bytes), read: readOnnx },
  {
    name: "a model description",
    detect: ({ text }) => text.startsWith("{") && !/"weight_map"\s*:/.test(text),
    read: async (source) => {
      const { fromAnyDescription } = await import("../models/catalog.js");
      return graphAlone(fromAnyDescription(await textOf(source)));
    },
  },
  {
    name: "an AWNAS configuration",
    detect: ({ name, text }) => /\.ya?ml$/i.test(name) || /^(search_space|final_model|model)_cfg:/m.test(text),
    read: async (source) => {
      const { awnasFromYaml } = await import("../models/awnas/yaml.js");
      return graphAlone(awnasFromYaml(await textOf(source)));
    },
  },
];

/** The row of the table that reads a file; null if none knows it, and `describeFile` may. */
export function findReader(name: string, bytes: Uint8Array): FormatReader | null {
  const start: FileStart = { name, bytes, text: textStart(bytes) };
  return readers.find(({ detect }) => detect(start)) ?? null;
}
