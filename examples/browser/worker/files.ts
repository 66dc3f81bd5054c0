/** Files that a visitor drops, told apart by the library's table of formats and read as one network. */

import { describePrefix } from "../../../src/formats/fit_weights.js";
import {
  type FormatReader,
  findReader,
  type Reading,
  type Source,
  type WeightsReading,
} from "../../../src/formats/readers.js";
import { describeFile, SNIFF_BYTES } from "../../../src/formats/sniff.js";
import { fitWeights, type Graph, randomWeights, type Weights } from "../../../src/index.js";
import type { Shape } from "../../../src/tensor.js";

/** Largest files that are read into memory, bytes: several times the largest binary network published. */
const MAX_BYTES = 512e6;
/** Of the weights of a network that comes without any. */
const SEED = 1;

export interface NetworkFiles {
  /** The file that holds the network. */
  readonly name: string;
  readonly format: string;
  /** Of all files that it was read from. */
  readonly bytes: number;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly hasWeights: boolean;
  /** The .onnx file, if it is one and holds its tensors itself. */
  readonly onnx: File | null;
  /** What was decided by itself, for people to know. */
  readonly notes: readonly string[];
}

interface KnownFile {
  readonly file: File;
  readonly reader: FormatReader;
}

interface ReadFile extends KnownFile {
  readonly reading: Reading;
}

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
const startOf = (file: File) => bytesOf(file.slice(0, SNIFF_BYTES));

/** The file as readers want it; those beside it are the others that were dropped. */
function sourceOf(file: File, files: readonly File[]): Source {
  return {
    name: file.name,
    size: file.size,
    read: (offset, length) => bytesOf(file.slice(offset, offset + length)),
    async beside(name) {
      const found = files.find((other) => other.name === name.split("/").at(-1));
      if (found === undefined) throw new Error(`${file.name} keeps tensors in ${name}: drop both files together`);
      return bytesOf(found);
    },
  };
}

async function knownFiles(files: readonly File[]): Promise<readonly KnownFile[]> {
  const all = await Promise.all(
    files.map(async (file) => ({ file, reader: findReader(file.name, await startOf(file)) })),
  );
  return all.flatMap(({ file, reader }) => (reader === null ? [] : [{ file, reader }]));
}

/** Why none of these files is a network; they are the weights of one, or nothing that is known. */
async function noNetwork(files: readonly File[], read: readonly ReadFile[]): Promise<Error> {
  if (read.length > 0) {
    const [{ file, reader }] = read;
    return new Error(
      `${reader.name} holds weights, not a network: drop the network together with ${file.name} ` +
        "(a description, an MXNet symbol, an AWNAS configuration)",
    );
  }
  const what = describeFile(await startOf(files[0]));
  return new Error(what === null ? "expected a network" : `expected a network, but ${what}`);
}

interface Weighted {
  readonly weights: Weights;
  readonly notes: readonly string[];
}

async function fitted(graph: Graph, reading: WeightsReading): Promise<Weighted> {
  const { weights, prefix } = fitWeights(graph, await reading.weights(graph));
  return { weights, notes: prefix === "" ? [] : [describePrefix(prefix)] };
}

/** The weights that were dropped beside a network, if any were. */
async function besideWeights(graph: Graph, others: readonly ReadFile[]): Promise<Weighted | null> {
  for (const { reading } of others) {
    if (reading.kind === "weights") return fitted(graph, reading);
  }
  return null;
}

type Network = Omit<NetworkFiles, "name" | "format" | "bytes" | "onnx">;

function withoutWeights(graph: Graph): Network {
  const note =
    "the file holds no weights, and none came with it: these are random, so times mean something and answers do not";
  return { graph, weights: randomWeights(graph, SEED), hasWeights: false, notes: [note] };
}

/** The network of a file; others hold the weights of a description or of a symbol. */
async function networkOf(
  { file, reader, reading }: ReadFile,
  others: readonly ReadFile[],
  files: readonly File[],
): Promise<Network> {
  switch (reading.kind) {
    case "model": {
      const { graph, weights } = reading.model;
      const beside = await besideWeights(graph, others);
      return {
        graph,
        weights: beside?.weights ?? weights,
        hasWeights: true,
        notes: [...reading.notes, ...(beside?.notes ?? [])],
      };
    }
    case "graph": {
      const { graph } = reading;
      const own = reading.weights === null ? null : await fitted(graph, reading.weights);
      const found = (await besideWeights(graph, others)) ?? own;
      return found === null ? withoutWeights(graph) : { graph, hasWeights: true, ...found };
    }
    case "program":
      throw new Error(`${file.name} is a compiled program, which has no layers to show: drop the network it came from`);
    case "symbol": {
      const isParameters = (other: File) => reading.parameterFiles.test(other.name);
      const parameters = files.find(isParameters) ?? files.find(({ name }) => name.endsWith(".params"));
      if (parameters === undefined) {
        throw new Error(`${reader.name} says nothing of its shapes: drop its .params file together with ${file.name}`);
      }
      return { ...(await reading.model(await bytesOf(parameters))), hasWeights: true, notes: [] };
    }
    case "weights":
      throw new Error(`${reader.name} holds weights, not a network`);
  }
}

/** The shape that a visitor typed, axes with x between; undefined for nothing. */
function readShape(text: string): Shape | undefined {
  if (text.trim() === "") return undefined;
  const sizes = text.trim().split(/\s*[x×,]\s*/i);
  if (sizes.every((size) => /^[1-9]\d{0,6}$/.test(size))) return sizes.map(Number);
  throw new Error(`"${text}" is not an input shape: write its axes like 1x3x224x224`);
}

/**
 * Reads the network of these files: one that holds it, and those of its weights beside it. Of several networks the last
 * counts.
 * @param shape The input's, as a visitor types it, for files that leave it open.
 * @throws Error with one sentence that begins with a file's name if there is none, or it is damaged.
 */
export async function readNetwork(files: readonly File[], shape = ""): Promise<NetworkFiles> {
  let name = files[0].name;
  try {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes > MAX_BYTES) throw new Error(`it has ${bytes / 1e6} MB, and this page reads up to ${MAX_BYTES / 1e6} MB`);
    const read: ReadFile[] = [];
    for (const { file, reader } of await knownFiles(files)) {
      name = file.name;
      read.push({ file, reader, reading: await reader.read(sourceOf(file, files), { inputShape: readShape(shape) }) });
    }
    const network = read.findLast(({ reading }) => reading.kind !== "weights");
    if (network === undefined) throw await noNetwork(files, read);
    name = network.file.name;
    const others = read.filter((other) => other !== network);
    const onnx = /\.onnx$/i.test(name) && files.length === 1 ? network.file : null;
    return { name, format: network.reader.name, bytes, onnx, ...(await networkOf(network, others, files)) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${name} is not a network this page can run: ${reason}`, { cause });
  }
}
