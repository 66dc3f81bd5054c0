/** Files that hold networks or weights, told apart by the table of formats. */
import { basename, dirname, join } from "node:path";
import { XnorkitError } from "../errors.js";
import { fileName } from "../fetch/address.js";
import { describePrefix, fitWeights } from "../formats/fit_weights.js";
import { findReader, type Reading, type ReadOptions, type WeightsReading } from "../formats/readers.js";
import { describeFile, SNIFF_BYTES } from "../formats/sniff.js";
import { checkWeights } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Weights } from "../weights.js";
import { isUrl, urlBeside } from "./fetched.js";
import { atPath, listFolder, readBytes, withFile } from "./files.js";

/** Where the parameters of a network are. */
export type WeightSource =
  | { readonly kind: "loaded"; readonly weights: Weights }
  /** A safetensors file of floats, which may be too large for the memory. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "none" };

export interface FoundModel {
  /** How messages call the model. */
  readonly name: string;
  readonly graph: Graph;
  readonly weights: WeightSource;
  /** What was decided by itself, for people to know. */
  readonly notes: readonly string[];
}

interface ReadFile {
  readonly format: string;
  readonly reading: Reading;
}

/** Reads a file by the row of the table that knows it. */
async function readModelFile(path: string, options: ReadOptions): Promise<ReadFile> {
  const { start, size } = await withFile(path, async (file) => ({
    start: await file.read(0, Math.min(file.size, SNIFF_BYTES)),
    size: file.size,
  }));
  return atPath(path, async () => {
    const name = isUrl(path) ? fileName(new URL(path)) : basename(path);
    const reader = findReader(name, start);
    if (reader === null) {
      throw new XnorkitError("bad-file", `expected a network or its weights, but ${describeFile(start)}`);
    }
    // Opened anew for each read: the weights of some formats are read when the network is known, of others piece by
    // piece.
    const read = (offset: number, length: number) =>
      offset === 0 && length === size ? readBytes(path) : withFile(path, (file) => file.read(offset, length));
    const beside = async (other: string) => {
      if (!isUrl(path)) return readBytes(join(dirname(path), other));
      const { fetchUrl } = await import("./fetch_url.js");
      return fetchUrl(urlBeside(path, other), null);
    };
    return { format: reader.name, reading: await reader.read({ name, size, read, beside }, options) };
  });
}

/** The file of a symbol's parameters: the one that is named, or the only one beside it that may be. */
async function parametersOf(path: string, pattern: RegExp, weightsPath: string | undefined): Promise<string> {
  if (weightsPath !== undefined) return weightsPath;
  const names = isUrl(path) ? [] : (await listFolder(dirname(path))).filter((name) => pattern.test(name));
  if (names.length === 1) return join(dirname(path), names[0]);
  const stem = basename(path).replace(/(-symbol)?\.json$/i, "");
  throw new XnorkitError(
    "bad-file",
    names.length === 0
      ? `${path}: there is no ${stem}-0000.params (of any number) beside this MXNet symbol: ` +
          "name the parameters with --weights F"
      : `${path}: ${names.join(", ")} are beside this MXNet symbol: name one with --weights F`,
  );
}

/** Weights for a network, under the names that it has for them. */
export interface WeightsFor {
  readonly weights: Weights;
  readonly notes: readonly string[];
}

async function weightsFor(graph: Graph, path: string, reading: WeightsReading): Promise<WeightsFor> {
  return atPath(path, async () => {
    const { weights, prefix } = fitWeights(graph, await reading.weights(graph));
    checkWeights(graph, weights);
    return { weights, notes: prefix === "" ? [] : [describePrefix(prefix)] };
  });
}

/**
 * Reads a file of floats for a network.
 * @throws XnorkitError that starts with the path if its weights are not those of the network.
 */
export async function readFloatFile(graph: Graph, path: string): Promise<WeightsFor> {
  const { reading } = await readModelFile(path, {});
  const weights = reading.kind === "graph" ? reading.weights : reading;
  if (weights?.kind === "weights") return weightsFor(graph, path, weights);
  throw new XnorkitError("bad-file", `${path}: it was a file of weights before and is none any more`);
}

/** The network with the weights of a file. */
export async function withWeights(found: FoundModel, path: string | undefined): Promise<FoundModel> {
  if (path === undefined) return found;
  const { format, reading } = await readModelFile(path, {});
  if (reading.kind === "model") {
    return { ...found, weights: { kind: "loaded", weights: reading.model.weights } };
  }
  const weights = reading.kind === "graph" ? reading.weights : reading;
  if (weights?.kind !== "weights") {
    throw new XnorkitError("bad-file", `${path}: it is ${format}, which holds no weights: name it as --model`);
  }
  if (weights.isFloatFile) return { ...found, weights: { kind: "file", path } };
  const { weights: loaded, notes } = await weightsFor(found.graph, path, weights);
  return { ...found, weights: { kind: "loaded", weights: loaded }, notes: [...found.notes, ...notes] };
}

/**
 * The network of a file, with the weights of another or its own.
 * @throws XnorkitError that starts with the path if it holds no network.
 */
export async function findModelFile(
  path: string,
  weightsPath: string | undefined,
  options: ReadOptions,
): Promise<FoundModel> {
  const { format, reading } = await readModelFile(path, options);
  switch (reading.kind) {
    case "model": {
      const { graph, weights } = reading.model;
      return withWeights(
        { name: path, graph, weights: { kind: "loaded", weights }, notes: reading.notes },
        weightsPath,
      );
    }
    case "graph": {
      const weights: WeightSource = reading.weights === null ? { kind: "none" } : { kind: "file", path };
      return withWeights({ name: path, graph: reading.graph, weights, notes: [] }, weightsPath);
    }
    case "symbol": {
      const parameters = await readBytes(await parametersOf(path, reading.parameterFiles, weightsPath));
      const { graph, weights, notes } = await atPath(path, () => reading.model(parameters));
      return { name: path, graph, weights: { kind: "loaded", weights }, notes };
    }
    case "program":
      throw new XnorkitError(
        "bad-file",
        `${path}: it is a program, which has no graph any more: run, classify and summary take it, for all else name ` +
          "the model that it was compiled from",
      );
    case "weights": {
      const what = reading.isFloatFile ? `${format} with no description in its metadata` : format;
      throw new XnorkitError(
        "bad-file",
        `${path}: ${what} holds weights, not a network: give it as --weights ${path} beside --model ` +
          "NAME or DESCRIPTION.json",
      );
    }
  }
}
