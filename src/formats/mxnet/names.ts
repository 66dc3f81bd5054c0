/**
 * Names of parameters of BMXNet v2's networks: from a `.params` file to the dotted names of the registry's graphs.
 *
 * gluon's `save_parameters` writes the dotted names themselves. A symbol export writes the names that layers get when
 * they are made:
 *
 *   arg:resnete10_stage2_sc_qconv_weight      arg: | net prefix | scope | sc_ | kind | counter | role
 *   aux:resnete10_stage2_batchnorm1_running_mean
 *
 * The counter counts the layers of a kind in its scope (the net, its stem, one of its stages) in the order in which
 * they are made. The net prefix ends in a counter of the process (0 for the first network); BiNet has none, so that its
 * layers count on from those of networks made before, and so does the classifier of the ResNets. Only ranks are
 * compared therefore, not numbers.
 */
import { XnorkitError } from "../../errors.js";
import { signsSuffice } from "../../graph/packing.js";
import {
  checkWeights,
  isKnownExtra,
  matchWeights,
  type ParameterSpec,
  parameterSpecs,
} from "../../graph/parameters.js";
import { quoteName } from "../../graph/suggest.js";
import type { Graph, Node } from "../../graph/types.js";
import type { Weight, Weights } from "../../weights.js";
import { isFloatDtype, type RawTensor, toFloat32 } from "../dtypes.js";
import { stripPrefixes } from "./import.js";
import { holdsPackedWords, unpackWords } from "./packed.js";

const KINDS: Partial<Record<Node["kind"], string>> = {
  conv2d: "conv",
  binaryConv2d: "qconv",
  batchNorm: "batchnorm",
  dense: "dense",
  binaryDense: "dense",
};

/** `(net prefix)(scope)(sc_)(kind)(counter)_(role)`; the prefix, as short as it can be, is empty or ends in "_". */
const EXPORT_NAME = new RegExp(
  "^((?:.{0,200}?_)??)((?:stage\\d{1,4}_|stem_)?)((?:sc_)?)(batchnorm|qconv|conv|qdense|dense)(\\d{0,9})_" +
    "(weight|bias|gamma|beta|running_mean|running_var|moving_mean|moving_var)$",
);

/** Layers of one kind in one scope, in the order in which they were made; each maps roles to parameter names. */
type Group = ReadonlyMap<string, string>[];

/** Where the parts of a graph stand in the source's name scopes, by the dotted path of a layer. */
function scopeOf(path: string, stages: readonly string[]): string {
  const stage = /^features\.(\d+)\.\d+\./.exec(path)?.[1];
  if (stage !== undefined) return `stage${stages.indexOf(stage) + 1}_`;
  if (/^features\.\d+\.\d+$/.test(path)) return "stem_";
  const [, layer, part] = /^layer(\d+)\.(\d+)\./.exec(path) ?? [];
  if (layer === undefined) return "";
  const isStage = layer === "0" || part === "1";
  return isStage ? `stage${Number(layer) + 1}_` : "";
}

/** The parameters of a graph by scope and kind, `stage2_sc_qconv`, and by rank. */
function groupGraph(graph: Graph, specs: readonly ParameterSpec[]): ReadonlyMap<string, Group> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const paths = specs.map(({ name }) => name.slice(0, name.lastIndexOf(".")));
  const stages = [...new Set(paths.flatMap((path) => /^features\.(\d+)\.\d+\./.exec(path)?.[1] ?? []))];
  const layers = new Map<string, Map<string, string>>();
  const groups = new Map<string, Map<string, string>[]>();
  for (const [index, { name, node }] of specs.entries()) {
    const path = paths[index];
    let layer = layers.get(path);
    if (layer === undefined) {
      layer = new Map();
      layers.set(path, layer);
      const kind = KINDS[nodes.get(node)!.kind]!;
      const isShortcut = /\.downsample\./.test(path) && kind.endsWith("conv");
      const key = `${kind === "dense" ? "" : scopeOf(path, stages)}${isShortcut ? "sc_" : ""}${kind}`;
      groups.set(key, [...(groups.get(key) ?? []), layer]);
    }
    layer.set(name.slice(path.length + 1), name);
  }
  return groups;
}

/** The names of a file in the same way. */
function groupNames(names: Iterable<string>): ReadonlyMap<string, Group> {
  const layers = new Map<string, Map<number, Map<string, string>>>();
  const prefixes = new Set<string>();
  for (const name of names) {
    const match = EXPORT_NAME.exec(name);
    if (match === null) {
      throw new XnorkitError(
        "surplus-weight",
        `the .params file holds ${quoteName(name)}, which is neither a parameter of the network nor named as ` +
          "BMXNet v2's exports are",
      );
    }
    const [, prefix, scope, shortcut, found, counter, role] = match;
    const kind = found === "qdense" ? "dense" : found;
    if (kind !== "dense") prefixes.add(prefix);
    const key = `${kind === "dense" ? "" : scope}${shortcut}${kind}`;
    const counted = layers.get(key) ?? new Map<number, Map<string, string>>();
    const number = counter === "" ? 0 : Number(counter);
    layers.set(key, counted);
    counted.set(
      number,
      (counted.get(number) ?? new Map<string, string>()).set(role.replace("moving", "running"), name),
    );
  }
  if (prefixes.size > 1) {
    const shown = [...prefixes].slice(0, 4).map(quoteName).join(", ");
    throw new XnorkitError("bad-file", `the .params file holds parameters of ${prefixes.size} networks: ${shown}`);
  }
  const byCounter = (counted: ReadonlyMap<number, ReadonlyMap<string, string>>) =>
    [...counted].sort(([a], [b]) => a - b).map(([, layer]) => layer);
  return new Map([...layers].map(([key, counted]) => [key, byCounter(counted)]));
}

/** The names in the file by the graph's names. */
function matchExportNames(graph: Graph, specs: readonly ParameterSpec[], names: Iterable<string>): Map<string, string> {
  const wanted = groupGraph(graph, specs);
  const found = groupNames(names);
  const matched = new Map<string, string>();
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const layers = wanted.get(key) ?? [];
    const stored = found.get(key) ?? [];
    if (layers.length !== stored.length) {
      throw new XnorkitError(
        layers.length > stored.length ? "missing-weight" : "surplus-weight",
        `${graph.name} has ${layers.length} layers of the kind ${quoteName(key)}, but the .params file has ` +
          `${stored.length}: is it the file of this network?`,
      );
    }
    for (const [rank, layer] of layers.entries()) {
      for (const [role, name] of layer) {
        const source = stored[rank].get(role);
        if (source === undefined) {
          throw new XnorkitError(
            "missing-weight",
            `the .params file holds no ${role} of layer ${rank} of the kind ${quoteName(key)}, ` +
              `which is ${quoteName(name)} of ${graph.name}`,
          );
        }
        matched.set(name, source);
      }
    }
  }
  return matched;
}

function decode(spec: ParameterSpec, name: string, raw: RawTensor): Weight {
  const takesWords = spec.packing !== null && signsSuffice(spec.packing);
  if (takesWords && holdsPackedWords(raw, spec.shape)) return unpackWords(quoteName(name), raw, spec.shape);
  if (isFloatDtype(raw.dtype)) return { kind: "f32", shape: raw.shape, data: toFloat32(raw) };
  throw new XnorkitError(
    "unsupported",
    `parameter ${quoteName(name)} has dtype ${raw.dtype}, but weights are floats or packed words`,
  );
}

/**
 * The tensors of a `.params` file as the weights of a graph of the registry: gluon's dotted names as they are, the
 * `arg:` and `aux:` names of a symbol export by the rank of the layers, whatever the net's prefix and counters. Binary
 * weights may be floats or the packed words of BMXNet v2's converter.
 *
 * @throws XnorkitError `missing-weight`, `surplus-weight` or `bad-shape` with the parameter if the file is of
 *   another network; `bad-file`, `bad-value`, `unsupported`.
 */
export function mapMxnetNames(graph: Graph, tensors: ReadonlyMap<string, RawTensor>): Weights {
  const specs = parameterSpecs(graph);
  const stored = stripPrefixes(tensors);
  const names = [...stored.keys()].filter((name) => !isKnownExtra(name));
  const isDotted = names.some((name) => name.includes("."));
  if (isDotted) matchWeights(specs, names);
  const sources = isDotted ? new Map(specs.map(({ name }) => [name, name])) : matchExportNames(graph, specs, names);
  const weights = new Map<string, Weight>();
  for (const spec of specs) {
    const source = sources.get(spec.name)!;
    weights.set(spec.name, decode(spec, source, stored.get(source)!));
  }
  checkWeights(graph, weights);
  return weights;
}
