/** PyTorch checkpoints (.pth, .pt) on the command line: the weights of a model. */
import { SNIFF_BYTES } from "../formats/sniff.js";
import { checkWeights } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import { isTorch, readTorch } from "../torch.js";
import type { Weights } from "../weights.js";
import { atPath, readBytes, withFile } from "./files.js";

/** The weights of a graph from a torch checkpoint; null where the file is another format. */
export async function readTorchWeights(path: string, graph: Graph): Promise<Weights | null> {
  const start = await withFile(path, ({ size, read }) => read(0, Math.min(size, SNIFF_BYTES)));
  if (!isTorch(start)) return null;
  const bytes = await readBytes(path);
  return atPath(path, () => {
    const weights = readTorch(bytes);
    checkWeights(graph, weights);
    return weights;
  });
}
