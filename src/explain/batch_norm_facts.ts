/** `bn`: which batch norms fold into which layers, which do not and why, and what two in a row can become. */
import type { Node } from "../graph/types.js";
import { paddingSides } from "../graph/window.js";
import { batchNormSurroundings, type Chain, type Surroundings } from "./batch_norm_chains.js";
import {
  proveBehind,
  proveBorder,
  proveBothNeeded,
  proveMerged,
  proveThreshold,
  proveWrongFold,
} from "./batch_norm_proofs.js";
import type { Examined, Fact } from "./facts.js";
import { hasBinaryWeights, isWeighted } from "./flow.js";
import { notation } from "./notation.js";

function named(node: Node): string {
  return `${notation(node)} ${node.name}`;
}

function list(nodes: readonly Node[]): string {
  return nodes.map(named).join(" and ");
}

/** Into the layer before it. */
function behindFact(examined: Examined, around: Surroundings): Fact {
  const { node, before, beyond } = around;
  const { readers } = examined.outline.flow;
  const base = { path: node.name, kind: "intoLayerBefore" };
  if (before === null) {
    const text = `${node.name} reads the image: there is no layer before it to fold into`;
    return { ...base, text, data: { folds: false, reason: "input" }, proofs: [] };
  }
  if (isWeighted(before)) {
    const others = (readers.get(before.name) ?? []).filter((reader) => reader !== node);
    if (others.length > 0 || before.name === examined.model.graph.output) {
      const who = others.length > 0 ? list(others) : "the output";
      const text = `${node.name} does not fold into ${named(before)}: ${who} reads it, too`;
      return { ...base, text, data: { folds: false, reason: "secondReader", layer: before.name }, proofs: [] };
    }
    const how = hasBinaryWeights(before)
      ? "as A * dot + B, one factor and one summand a channel behind the integers"
      : "into weights and bias";
    const text = `${node.name} folds into ${named(before)}: ${how}`;
    return { ...base, text, data: { folds: true, layer: before.name }, proofs: [proveBehind(examined, node, before)] };
  }
  if (before.kind === "batchNorm") {
    const text = `${node.name} follows another batch norm, ${before.name}: what both become together is said there`;
    return { ...base, text, data: { folds: false, reason: "batchNorm", layer: before.name }, proofs: [] };
  }
  if (beyond === null) {
    const text = `${node.name} does not fold: no layer with weights is before it`;
    return { ...base, text, data: { folds: false, reason: before.kind }, proofs: [] };
  }
  const text = `${node.name} does not fold into ${named(beyond)}: ${named(before)} stands between`;
  const data = { folds: false, reason: before.kind, layer: beyond.name };
  return { ...base, text, data, proofs: proveWrongFold(examined, node, before, beyond) };
}

/** Into float convolutions that read it. */
function beforeFacts(examined: Examined, { node, readers }: Surroundings): readonly Fact[] {
  return readers.flatMap((reader): readonly Fact[] => {
    if (reader.kind !== "conv2d") return [];
    const [, , height, width] = examined.outline.shapes.get(node.name)!;
    const isPadded = paddingSides(reader, [height, width]).some((size) => size > 0);
    const others = readers.filter((other) => other !== reader);
    const base = { path: node.name, kind: "intoLayerBehind" };
    const stays = others.length === 0 ? "" : `; it stays for ${list(others)}`;
    if (isPadded) {
      const text =
        `${node.name} folds into ${named(reader)} within the map only: the convolution pads with 0 after the ` +
        "batch norm, so that at" +
        ` the border the folded mean is wrong (its factor folds everywhere)${stays}`;
      const data = { folds: false, reason: "border", layer: reader.name };
      return [{ ...base, text, data, proofs: proveBorder(examined, node, reader) }];
    }
    const text = `${node.name} folds into ${named(reader)}: it has no border${stays}`;
    const data = { folds: others.length === 0, layer: reader.name, stays: others.map(({ name }) => name) };
    return [{ ...base, text, data, proofs: proveBorder(examined, node, reader) }];
  });
}

/** Into the signs that read it. */
function signFacts(examined: Examined, { node, signs, readers }: Surroundings): readonly Fact[] {
  if (signs.length === 0) return [];
  const others = readers.filter((reader) => reader.kind !== "quantize" && reader.kind !== "crop");
  const [sign] = signs;
  const zero =
    sign.method === "sign"
      ? "equality gives 0"
      : sign.method === "sign_greater"
        ? "equality gives -1"
        : "equality gives +1";
  const rule = `x >= mean - beta sigma / gamma, turned round where gamma < 0, a constant where gamma = 0; ${zero}`;
  const text =
    others.length === 0
      ? `${node.name} becomes a threshold: only ${list(signs)} ${signs.length === 1 ? "reads" : "read"} it, ` +
        `and the sign is ${rule}`
      : `the sign of ${node.name} is a threshold (${rule}), but its values stay: ` +
        `${list(others)} ${others.length === 1 ? "reads" : "read"} them`;
  const data = {
    becomesThreshold: others.length === 0,
    signs: signs.map(({ name }) => name),
    readers: readers.map(({ name }) => name),
  };
  return [
    { path: node.name, kind: "threshold", text, data, proofs: signs.map((one) => proveThreshold(examined, node, one)) },
  ];
}

/** With the next batch norm. */
function mergeFact(examined: Examined, { node }: Surroundings, chain: Chain): Fact {
  const { between, next, others } = chain;
  const proofs = [...proveMerged(examined, node, chain), ...proveBothNeeded(examined, node, chain)];
  const base = { path: node.name, kind: "withNext" };
  const data = {
    next: next.name,
    between: between.map(({ name }) => name),
    others: others.map(({ reader }) => reader.name),
    merges: between.length === 0 && others.length === 0,
  };
  const pair = `${node.name} and ${next.name}`;
  const second = others.map(({ value, reader }) => `${named(reader)} reads ${value}`).join(", ");
  if (between.length === 0) {
    const text =
      others.length === 0
        ? `${pair} are one affine: nothing stands between them and nothing else reads the first`
        : `${pair} are one affine, y = (c a) u + (c b + d), but both results are needed: ${second}, too; ` +
          "one pass can give both";
    return { ...base, text, data, proofs };
  }
  const clamp =
    `${pair} are no one affine: ${list(between)} ${between.length === 1 ? "stands" : "stand"} between; ` +
    `where the factor of ${next.name} is not negative, its factor moves in` +
    " front and its shift stays behind, where it is negative both stay";
  return { ...base, text: others.length === 0 ? clamp : `${clamp}; ${second}, too`, data, proofs };
}

export function batchNormFacts(examined: Examined): readonly Fact[] {
  return batchNormSurroundings(examined.outline.flow).flatMap((around) => [
    behindFact(examined, around),
    ...beforeFacts(examined, around),
    ...signFacts(examined, around),
    ...around.next.map((chain) => mergeFact(examined, around, chain)),
  ]);
}

/** The values that the proofs look at. */
export function batchNormValues({ flow }: Examined["outline"]): readonly string[] {
  const around = batchNormSurroundings(flow);
  const values = around.flatMap(({ node, before, beyond, signs }) => [
    node.inputs[0],
    ...(before !== null ? before.inputs : []),
    ...(beyond !== null ? beyond.inputs : []),
    ...signs.flatMap(({ name, inputs }) => [name, ...inputs]),
  ]);
  return [...new Set(values)];
}
