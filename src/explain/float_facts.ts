/** `float`: which layers compute in floats and why, and where values that are bits become floats again. */
import type { Description, LayerDescription, PartDescription } from "./describe.js";
import type { Examined, Fact } from "./facts.js";
import { isWeighted } from "./flow.js";
import { notation } from "./notation.js";
import type { Outline } from "./outline.js";
import type { Numbers, Proof } from "./proofs/numbers.js";
import { millions } from "./text.js";

interface Weighted {
  readonly layer: LayerDescription;
  readonly role: PartDescription["role"];
  readonly isOnShortcut: boolean;
}

function weightedLayers({ parts }: Description): readonly Weighted[] {
  return parts.flatMap(({ role, units }) =>
    units.flatMap(({ layers, shortcuts }) => {
      const beside = new Set(shortcuts.flatMap((shortcut) => shortcut.layers));
      return layers
        .filter(({ precision, unused }) => precision !== null && !unused)
        .map((layer) => ({ layer, role, isOnShortcut: beside.has(layer.name) }));
    }),
  );
}

/** The largest distance of a value from -1, 0 and +1. */
function distanceFromSigns({ data }: Numbers): number {
  let most = 0;
  for (let index = 0; index < data.length; index++) {
    const size = Math.abs(data[index]);
    most = Math.max(most, Math.min(size, Math.abs(size - 1)));
  }
  return most;
}

function inputProof({ value, input }: Examined, layer: LayerDescription, areBits: boolean): Proof {
  const distance = distanceFromSigns(value(layer.reads[0]));
  const what = `distance of what ${layer.name} reads from -1, 0 and +1, on ${input}`;
  return { what, value: distance, limit: 0, mustAgree: areBits, holds: areBits === (distance === 0) };
}

function reasonOf({ layer, role, isOnShortcut }: Weighted, { outline }: Examined): string {
  const source = outline.flow.byName.get(layer.reads[0])!;
  const reads = source.kind === "input" ? "the image" : `${notation(source)} ${source.name}`;
  if (layer.precision === "binaryWeights")
    return `its weights are 1 bit, but it reads ${reads}, and no sign is before it`;
  if (layer.precision === "fewBits") return "its weights have several bits";
  if (role === "stem") return `it belongs to the stem and reads ${reads}: values of more than 1 bit`;
  if (role === "head") return "it is the classifier: its weights are floats";
  return isOnShortcut ? "it is the downsample layer, whose weights are floats" : "its weights are floats";
}

function floatFact(examined: Examined, weighted: Weighted): Fact {
  const { layer } = weighted;
  const macs = layer.floatMacs + layer.denseMacs + layer.binaryMacs;
  const reason = reasonOf(weighted, examined);
  return {
    path: layer.name,
    kind: "float",
    text: `${layer.notation} ${layer.name} (${millions(macs)} MACs) is no layer on bits: ${reason}`,
    data: { precision: layer.precision, macs, reason },
    proofs: layer.precision === "binaryWeights" ? [inputProof(examined, layer, false)] : [],
  };
}

/** Why what a layer on bits gives is a float where it goes on: the layers that read it. */
function leavingFact(examined: Examined, binary: readonly Weighted[]): Fact {
  const readers = new Map<string, number>();
  for (const { layer } of binary) {
    for (const reader of examined.outline.flow.readers.get(layer.name) ?? []) {
      readers.set(notation(reader), (readers.get(notation(reader)) ?? 0) + 1);
    }
  }
  const sums = examined.outline.flow.live.filter(({ kind }) => kind === "add").length;
  const read = [...readers].map(([word, count]) => `${count} ${word}`).join(", ");
  return {
    path: "",
    kind: "leaving",
    text:
      `what layers on bits give are integers and leave the bits at once: ${read} read them` +
      (sums > 0 ? `; ${sums} sums carry real values from unit to unit, and each sign makes bits of them again` : ""),
    data: { readers: Object.fromEntries(readers), sums },
    proofs: [],
  };
}

export function floatFacts(examined: Examined): readonly Fact[] {
  const layers = weightedLayers(examined.description);
  const binary = layers.filter(({ layer }) => layer.precision === "binary");
  const macs = (all: readonly Weighted[]) =>
    all.reduce((sum, { layer }) => sum + layer.binaryMacs + layer.floatMacs + layer.denseMacs, 0);
  const share = (100 * macs(binary)) / Math.max(macs(layers), 1);
  const whole: Fact = {
    path: "",
    kind: "bits",
    text:
      `${binary.length} of ${layers.length} layers with weights compute on bits, ${millions(macs(binary))} MACs, ` +
      `${share.toFixed(1)} % of all`,
    data: { layers: binary.map(({ layer }) => layer.name), macs: macs(binary), share: share / 100 },
    proofs: binary.map(({ layer }) => inputProof(examined, layer, true)),
  };
  const others = layers.filter(({ layer }) => layer.precision !== "binary");
  return [
    whole,
    ...others.map((weighted) => floatFact(examined, weighted)),
    ...(binary.length > 0 ? [leavingFact(examined, binary)] : []),
  ];
}

export function floatValues({ flow }: Outline): readonly string[] {
  const read = flow.live
    .filter((node) => isWeighted(node) && node.kind.startsWith("binary"))
    .map(({ inputs }) => inputs[0]);
  return [...new Set(read)];
}
