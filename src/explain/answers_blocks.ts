/**
 * Answers about blocks: what is printed, the order of layers, shortcuts, the real-valued path, how a stage is reduced.
 */
import { convolutionsInSeries, isConvolutionLayer, mainLayers } from "./branches.js";
import type { LayerDescription, ShortcutDescription, UnitDescription } from "./describe.js";
import type { Answer, Questioned } from "./question.js";
import { nonNegativeValues } from "./values.js";

const NONE = "none";

function printedUnit({ description, typical }: Questioned): Answer {
  const stages = description.parts.filter(({ role }) => role === "stage");
  const blocks = stages.map(({ units }) => new Set(units.map(({ block }) => block?.path ?? null)));
  const block = typical?.block ?? null;
  const path = block?.path;
  const own = stages.flatMap(({ units }) => units.filter((unit) => path !== undefined && unit.block?.path === path));
  const convolutions = (own.length > 0 ? own : typical === null ? [] : [typical]).map(convolutionsInSeries);
  const data = {
    class: block?.class ?? null,
    convolutions: convolutions.reduce((sum, count) => sum + count, 0),
    blocksPerStage: blocks.map((paths) => paths.size),
  };
  const many = `${data.convolutions} convolution${data.convolutions === 1 ? "" : "s"}`;
  const text = `${data.class ?? "no module"} of ${many}, ${data.blocksPerStage.join(", ")} in the stages`;
  return { key: "unit", question: "block as printed", text: stages.length === 0 ? NONE : text, data };
}

function order({ typical }: Questioned): Answer {
  const text = typical?.expression ?? NONE;
  return { key: "order", question: "order in a unit", text, data: text };
}

/** A shortcut that several units have; printing the network shows it as one of these classes, or not at all (null). */
function shortcutFact(same: readonly ShortcutDescription[]) {
  const [{ kind, readsWhat, via, addedAfter, how }] = same;
  const classes = new Set(same.map((shortcut) => shortcut.printedAs?.class ?? null));
  const named = [...classes].flatMap((name) => (name === null ? [] : [name])).sort();
  const printedAs = [...named, ...(classes.has(null) ? [null] : [])];
  return { reads: readsWhat, via, kind, addedAfter, how, printedAs };
}

function shortcutWords({ reads, via, addedAfter, how, printedAs }: ReturnType<typeof shortcutFact>): string {
  const what = via === "" ? reads : `${reads}-${via}`;
  const place = how === "add" ? `after ${addedAfter}` : `beside ${addedAfter}`;
  const classes = printedAs.filter((name) => name !== null).join(", ");
  const isHidden = printedAs.includes(null);
  const printed = classes === "" ? "not printed" : `printed as ${classes}${isHidden ? " or not at all" : ""}`;
  return `${what} ${place} (${printed})`;
}

/** The shortcuts of units that are alike, each once. */
function commonShortcuts(units: readonly UnitDescription[]) {
  const [first] = units;
  return (first?.shortcuts ?? []).map((_, index) => shortcutFact(units.map((unit) => unit.shortcuts[index])));
}

function shortcuts({ typical, alike }: Questioned): Answer {
  const found = commonShortcuts(alike);
  const convolutions = typical === null ? 0 : convolutionsInSeries(typical);
  const perConvolution = convolutions === 0 ? 0 : found.length / convolutions;
  const text = found.length === 0 ? NONE : `${perConvolution} a convolution: ${found.map(shortcutWords).join("; ")}`;
  return {
    key: "shortcuts",
    question: "shortcuts",
    text,
    data: { perConvolution, shortcuts: found },
  };
}

/** What is added to the path that runs through all units: signed values, or values that cannot be negative. */
function realPath({ outline, typical }: Questioned): Answer {
  const last = typical?.shortcuts.at(-1);
  const key = { key: "realPath", question: "real-valued path" };
  const sum = typical?.layers.findLast(({ unused }) => !unused);
  if (typical === null || last === undefined || sum === undefined || last.addedAt !== sum.name) {
    return { ...key, text: "no sums from unit to unit", data: null };
  }
  if (last.how === "concat")
    return { ...key, text: `grows by ${last.addedAfter} outputs`, data: { joins: last.addedAfter } };
  const passed = last.layers.at(-1) ?? last.reads;
  const added = sum.reads.find((name) => name !== passed) ?? passed;
  const isNonNegative = nonNegativeValues(outline.flow).has(added);
  return {
    ...key,
    text: `sum of ${last.addedAfter} outputs, ${isNonNegative ? "never negative" : "signed"}`,
    data: { adds: last.addedAfter, sign: isNonNegative ? "nonNegative" : "signed" },
  };
}

function shiftOf(layer: LayerDescription, all: readonly LayerDescription[]): readonly [number, number] {
  const byName = new Map(all.map((other) => [other.name, other]));
  for (let read = byName.get(layer.reads[0]); read !== undefined; read = byName.get(read.reads[0])) {
    if (read.kind === "crop") return [Number(read.fields.top), Number(read.fields.left)];
    if (read.kind !== "quantize" && read.kind !== "pad") break;
  }
  return [0, 0];
}

/** The convolutions that halve the map on the main branch, and the poolings without weights beside them. */
function reduction({ outline, reducing }: Questioned): Answer {
  const key = { key: "reduction", question: "where the map halves" };
  if (reducing === null) return { ...key, text: NONE, data: null };
  const { layers, shortcuts: found } = reducing;
  const main = mainLayers(reducing);
  const convolutions = main.filter(isConvolutionLayer).map((layer) => ({
    notation: layer.notation,
    channels: [outline.shapes.get(layer.reads[0])![1], layer.outputShape[1]],
    shift: shiftOf(layer, layers),
  }));
  const isJoined = main.some(({ kind, reads }) => kind === "concat" && new Set(reads).size > 1);
  const pooled = layers.filter(({ kind }) => kind === "avgPool" || kind === "maxPool");
  const poolings = pooled.map(({ name, notation }) => ({
    notation,
    copies: Math.max(...layers.map(({ reads }) => reads.filter((read) => read === name).length), 1),
  }));
  const words = convolutions.map(({ notation, channels, shift }) => {
    const shifted = shift.some((pixels) => pixels > 0) ? ` on the map shifted by ${shift.join(",")}` : "";
    return `${notation} (${channels.join(", ")})${shifted}`;
  });
  const pools = poolings.map(({ notation, copies }) => `${notation}${copies > 1 ? ` ${copies} times` : ""}`);
  const pooling = pools.length > 0 ? `; ${pools.join(", ")}` : "";
  const text = `${words.join(isJoined ? " joined with " : ", then ")}${pooling}`;
  const inner = found.filter(({ kind }) => kind !== "projection").length;
  return { ...key, text, data: { convolutions, isJoined, poolings, parameterFreeShortcuts: inner } };
}

function downsample({ reducing }: Questioned): Answer {
  const key = { key: "downsample", question: "downsample layers" };
  const branch = reducing?.shortcuts.find(({ kind }) => kind === "projection");
  if (reducing === null || branch === undefined) return { ...key, text: NONE, data: null };
  const layers = reducing.layers.filter(({ name }) => branch.layers.includes(name));
  const precision = layers.find(isConvolutionLayer)?.precision ?? null;
  const words: Readonly<Record<string, string>> = {
    binary: "binary",
    binaryWeights: "1-bit weights, float input",
    fewBits: "few bits",
    float: "float",
  };
  const data = {
    branch: "parallel",
    layers: branch.via,
    precision,
    hasRelu: layers.some(({ kind }) => kind === "relu"),
  };
  return { ...key, text: `a parallel branch: ${branch.via} (${words[precision ?? "float"]})`, data };
}

function shortcutInDownsample({ reducing }: Questioned): Answer {
  const found = commonShortcuts(reducing === null ? [] : [reducing]).filter(({ kind }) => kind !== "projection");
  const text = found.length === 0 ? NONE : found.map(shortcutWords).join("; ");
  return {
    key: "shortcutInDownsample",
    question: "other shortcuts there",
    text,
    data: found,
  };
}

export function blockAnswers(questioned: Questioned): readonly Answer[] {
  return [
    printedUnit(questioned),
    order(questioned),
    shortcuts(questioned),
    realPath(questioned),
    reduction(questioned),
    downsample(questioned),
    shortcutInDownsample(questioned),
  ];
}
