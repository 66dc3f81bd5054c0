/** A network from the bytes of a file; the reader of its format is loaded when it is needed. */
import { XnorkitError } from "../errors.js";
import { fileName } from "../fetch/address.js";
import { fetchFile } from "../fetch/fetch_file.js";
import type { FetchOptions } from "../fetch/types.js";
import { describePrefix, fitWeights } from "../formats/fit_weights.js";
import { findReader, type Reading, type Source, type WeightsReading } from "../formats/readers.js";
import { describeFile, SNIFF_BYTES } from "../formats/sniff.js";
import { checkWeights } from "../graph/parameters.js";
import { checkInputShape } from "../graph/shapes.js";
import { quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { ModelFile } from "./model_file.js";
import { atInputShape, type OpenedModel } from "./model_source.js";

function sourceOf({ bytes, url }: ModelFile, signal: FetchOptions["signal"]): Source {
  const whole = Uint8Array.from(bytes);
  return {
    name: url === null ? "model" : fileName(url),
    size: bytes.length,
    read: async (offset, length) => whole.subarray(offset, offset + length),
    async beside(name) {
      if (url !== null)
        return (await fetchFile("fetchModel", new URL(encodeURIComponent(name), url), { signal })).bytes;
      throw new XnorkitError(
        "bad-option",
        `the model needs the file ${quoteName(name)}, which lies beside its own: give its URL in place of its bytes`,
      );
    },
  };
}

interface ReadFile {
  readonly format: string;
  readonly reading: Reading;
}

async function readFile(file: ModelFile, inputShape?: Shape, signal?: FetchOptions["signal"]): Promise<ReadFile> {
  const source = sourceOf(file, signal);
  const start = file.bytes.subarray(0, SNIFF_BYTES);
  const reader = findReader(source.name, start);
  if (reader !== null) return { format: reader.name, reading: await reader.read(source, { inputShape }) };
  throw new XnorkitError("bad-file", `expected a network or its weights, but ${describeFile(start)}`);
}

async function weightsFor(graph: Graph, reading: WeightsReading): Promise<OpenedModel> {
  const { weights, prefix } = fitWeights(graph, await reading.weights(graph));
  checkWeights(graph, weights);
  return { graph, weights, notes: prefix === "" ? [] : [describePrefix(prefix)] };
}

/** The network with the weights of another file. */
async function withWeights(graph: Graph, file: ModelFile): Promise<OpenedModel> {
  const { format, reading } = await readFile(file);
  if (reading.kind === "model") return { graph, weights: reading.model.weights, notes: [] };
  const weights = reading.kind === "graph" ? reading.weights : reading;
  if (weights?.kind === "weights") return weightsFor(graph, weights);
  throw new XnorkitError("bad-file", `the file of the option weights is ${format}, which holds none`);
}

/** What `readModel` takes. */
export interface ReadModelOptions {
  readonly weights: ModelFile | null;
  readonly inputShape?: Shape;
  readonly signal?: FetchOptions["signal"];
}

/**
 * Reads a network and its weights.
 * @throws XnorkitError as the format's reader, `bad-file` if no format is known or it holds no network, `bad-option` if
 *   it needs another file.
 */
export async function readModel(file: ModelFile, options: ReadModelOptions): Promise<OpenedModel> {
  const { inputShape } = options;
  if (inputShape !== undefined) checkInputShape(inputShape, "the network");
  return atInputShape(await readStated(file, options), inputShape);
}

async function readStated(file: ModelFile, { weights, inputShape, signal }: ReadModelOptions): Promise<OpenedModel> {
  const { format, reading } = await readFile(file, inputShape, signal);
  switch (reading.kind) {
    case "model": {
      const { model, notes } = reading;
      if (weights === null) return { ...model, notes };
      const opened = await withWeights(model.graph, weights);
      return { ...opened, notes: [...notes, ...opened.notes] };
    }
    case "graph":
      if (weights !== null) return withWeights(reading.graph, weights);
      if (reading.weights !== null) return weightsFor(reading.graph, reading.weights);
      break;
    case "symbol":
      if (weights !== null) return reading.model(weights.bytes);
      break;
    case "weights":
      throw new XnorkitError(
        "bad-file",
        `${reading.isFloatFile ? `${format} with no description in its metadata` : format} holds weights, not a ` +
          "network: give the network, and this file as the option weights",
      );
  }
  throw new XnorkitError("bad-option", `${format} has its weights in another file: give that as the option weights`);
}
