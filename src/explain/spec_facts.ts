/** `spec`: what the numbers of a ResNet table became, the stages and blocks that were built from them. */
import { type ResnetDepth, resnetDepths, resnetSpec } from "../models/resnet_spec.js";
import { convolutionsInSeries, isConvolutionLayer, mainLayers } from "./branches.js";
import type { PartDescription, UnitDescription } from "./describe.js";
import type { Examined, Fact } from "./facts.js";
import type { Proof } from "./proofs/numbers.js";

/** How many blocks each class of network builds for one layer of the table. */
const BLOCKS_PER_LAYER: Readonly<Record<string, number>> = {
  ResNetE1: 2,
  ResNetE2: 2,
  ResNetV1: 1,
  ResNetV2: 1,
  Binet: 1,
  BNNGenotypeModel: 1,
};

function counted(what: string, value: number, limit: number): Proof {
  return { what, value, limit, mustAgree: true, holds: value === limit };
}

function blocksOf({ units }: PartDescription): number {
  return new Set(units.map(({ block, label }) => block?.path ?? label)).size;
}

/** The row of the table with these layers and stage widths. */
function depthOf(layers: readonly number[], widths: readonly number[]): ResnetDepth | null {
  const same = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length && a.every((x, index) => x === b[index]);
  return (
    resnetDepths.find(
      (depth) => same(resnetSpec[depth].layers, layers) && same(resnetSpec[depth].channels.slice(1), widths),
    ) ?? null
  );
}

/** Convolutions one after the other; those that only write a part of the channels count as parts. */
function convolutionsOf(stage: PartDescription): number {
  const slices = slicesOf(stage);
  return stage.units.reduce((sum, unit) => {
    const share = convolutionsInSeries(unit);
    return sum + (unit.reduces || unit.layers.at(-1)?.outputShape[1] === mainWidth(unit) ? share : share / slices);
  }, 0);
}

/** Channels that the convolutions of the main branch give. */
function mainWidth(unit: UnitDescription): number {
  const convolutions = mainLayers(unit).filter(isConvolutionLayer);
  const widths = convolutions.map(({ outputShape }) => outputShape[1]);
  return convolutionsInSeries(unit) < convolutions.length
    ? widths.reduce((sum, width) => sum + width, 0)
    : Math.max(...widths);
}

/** Blocks of a stage that only write a part of the channels count together. */
function slicesOf(stage: PartDescription): number {
  const offsets = stage.units.flatMap(({ layers }) =>
    layers.flatMap(({ kind, fields }) => (kind === "add" ? [fields.channelOffset] : [])),
  );
  return Math.max(new Set(offsets).size, 1);
}

function layersOf(stages: readonly PartDescription[], perLayer: number): readonly number[] {
  const slices = stages.length === 0 ? 1 : slicesOf(stages[0]);
  // Sliced, the first block of a stage that halves the map stays whole.
  return stages.map((stage, index) => {
    const blocks = blocksOf(stage);
    return (index === 0 ? blocks / slices : 1 + (blocks - 1) / slices) / perLayer;
  });
}

export function specFacts({ description, outline }: Examined): readonly Fact[] {
  const stem = description.parts.find(({ role }) => role === "stem");
  const stages = description.parts.filter(({ role }) => role === "stage");
  const width = (part: PartDescription) => part.outputShape[1];
  const perLayer = BLOCKS_PER_LAYER[description.class] ?? null;
  const layers = perLayer === null ? null : layersOf(stages, perLayer);
  const depth = layers === null ? null : depthOf(layers, stages.map(width));
  const table = depth === null ? "" : ` (depth ${depth} of resnet_spec)`;
  const facts: Fact[] = [];
  if (layers !== null && perLayer !== null) {
    const block = stages[0]?.units[0].block?.class ?? "block";
    const each = perLayer === 1 ? `one ${block}` : `${perLayer} blocks ${block}`;
    facts.push({
      path: "",
      kind: "layers",
      text:
        `layers ${JSON.stringify(layers)}${table}: ${each} for each layer of a stage, ` +
        `so ${stages.map(blocksOf).join(", ")} blocks`,
      data: { layers, depth, blocksPerLayer: perLayer, blocks: stages.map(blocksOf) },
      // A layer of the table is two convolutions, however many blocks they are printed as.
      proofs: stages.map((stage, index) =>
        counted(
          `convolutions in a row in ${stage.label}, two for each of layers[${index}] = ${layers[index]}`,
          convolutionsOf(stage),
          2 * layers[index],
        ),
      ),
    });
  }
  if (stem !== undefined) {
    facts.push({
      path: "stem",
      kind: "stemChannels",
      text: `channels[0] = ${width(stem)}: what the stem gives`,
      data: { channels: width(stem) },
      proofs: [],
    });
  }
  stages.forEach((stage, index) => {
    const [first] = stage.units;
    const before = outline.shapes.get(first.reads)!;
    const isProjected = first.shortcuts.some(({ kind }) => kind === "projection");
    const reduces = first.reduces ? "halves the map" : "keeps the map's size";
    const reason = `${before[1]} ${before[1] === width(stage) ? "=" : "!="} ${width(stage)} channels`;
    const blocks = blocksOf(stage);
    facts.push({
      path: stage.label,
      kind: "stage",
      text:
        `channels[${index + 1}] = ${width(stage)}: ${stage.label} of ${blocks} block${blocks === 1 ? "" : "s"}; ` +
        `the first ${reduces} and has` +
        ` ${isProjected ? "a convolution" : "no convolution"} in its shortcut (${reason})`,
      data: { channels: width(stage), blocks, reduces: first.reduces, hasProjection: isProjected },
      proofs: [],
    });
  });
  return facts;
}
