/** MXNet files on the command line: a symbol as the model, and `.params` as the weights of another model. */
import { basename, dirname, join } from "node:path";
import { XnorkitError } from "../errors.js";
import { importMxnet } from "../formats/mxnet/import.js";
import { mapMxnetNames } from "../formats/mxnet/names.js";
import { isMxnetParams, readMxnetParams } from "../formats/mxnet/params.js";
import { SNIFF_BYTES } from "../formats/sniff.js";
import type { Graph } from "../graph/types.js";
import type { Weights } from "../weights.js";
import { atPath, listFolder, readBytes, withFile } from "./files.js";

const SYMBOL_ENDING = /(-symbol)?\.json$/i;

/** `X-0040.params` beside `X-symbol.json`. */
async function paramsBeside(path: string): Promise<string> {
  const stem = basename(path).replace(SYMBOL_ENDING, "");
  const names = (await listFolder(dirname(path))).filter(
    (name) => name.startsWith(stem) && /^(-\d+)?\.params$/.test(name.slice(stem.length)),
  );
  if (names.length === 1) return join(dirname(path), names[0]);
  throw new XnorkitError(
    "bad-file",
    names.length === 0
      ? `${path}: there is no ${stem}-0000.params (of any number) beside this MXNet symbol: name the parameters with --weights F`
      : `${path}: ${names.join(", ")} are beside this MXNet symbol: name one with --weights F`,
  );
}

/**
 * The network of a symbol with its parameters, from `weightsPath` or the one `.params` beside it. It returns logits, as networks of
 * the registry do: `classify` makes probabilities of them, and margins of `evaluate` are those of logits.
 * @throws XnorkitError `bad-file` where no or several `.params` are beside the symbol, and what `importMxnet` throws.
 */
export async function findSymbol(
  path: string,
  text: string,
  weightsPath: string | undefined,
): Promise<{ readonly graph: Graph; readonly weights: { readonly kind: "loaded"; readonly weights: Weights } }> {
  const bytes = await readBytes(weightsPath ?? (await paramsBeside(path)));
  const name = basename(path).replace(SYMBOL_ENDING, "");
  const { graph, weights } = await atPath(path, () => importMxnet(text, bytes, { name, logits: true }));
  return { graph, weights: { kind: "loaded", weights } };
}

/** The weights of a graph from a `.params` file, whose names depend on it; null where the file is another format. */
export async function readMxnetWeights(path: string, graph: Graph): Promise<Weights | null> {
  const start = await withFile(path, ({ size, read }) => read(0, Math.min(size, SNIFF_BYTES)));
  if (!isMxnetParams(start)) return null;
  const bytes = await readBytes(path);
  return atPath(path, () => mapMxnetNames(graph, readMxnetParams(bytes)));
}
