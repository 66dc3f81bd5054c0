/**
 * The networks of `bench models`: resnet18_e1 with each stem, picture size and kind of shortcut, and awnas_resnet18.
 */
import { getAwnasModel } from "../../src/awnas.js";
import type { Graph } from "../../src/graph/types.js";
import { getModel, randomWeights, type Tensor, type Weights } from "../../src/index.js";
import { supportsRelaxedSimd } from "../../src/runtime/features.js";
import { binaryNetwork, bytePicture, floatPicture } from "./inputs.js";
import { wanted } from "./report.js";

const SEED = 1;

export interface ModelCase {
  /** Network and picture size. */
  readonly name: string;
  /** Stem, shortcuts, kind of input. */
  readonly variant: string;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly input: Tensor;
  readonly relaxed: boolean;
  readonly byteStem: boolean;
  /** One if it is not said. */
  readonly threads?: number;
}

interface Kind {
  /** BMXNet's stems build resnet18_e1, AWNAS's its ResNet-18. */
  readonly initialLayers: "imagenet" | "grouped_stem" | "thumbnail" | "imagenet_stem0";
  readonly size: 224 | 32;
  readonly useFp?: boolean;
  readonly usePooling?: boolean;
  readonly bytes?: boolean;
  readonly byteStem?: boolean;
  readonly relaxed?: boolean;
}

/** The first three are one network, on which the targets are set. */
const kinds: readonly Kind[] = [
  { initialLayers: "imagenet", size: 224, useFp: true, usePooling: true },
  { initialLayers: "imagenet", size: 224, useFp: true, usePooling: true, bytes: true },
  { initialLayers: "imagenet", size: 224, useFp: true, usePooling: true, relaxed: true },
  { initialLayers: "imagenet", size: 224, useFp: true },
  { initialLayers: "imagenet", size: 224 },
  { initialLayers: "grouped_stem", size: 224, useFp: true, usePooling: true },
  { initialLayers: "grouped_stem", size: 224, useFp: true, usePooling: true, bytes: true, byteStem: true },
  { initialLayers: "imagenet_stem0", size: 224 },
  { initialLayers: "imagenet", size: 32, useFp: true, usePooling: true },
  { initialLayers: "thumbnail", size: 32, useFp: true, usePooling: true },
  { initialLayers: "thumbnail", size: 32 },
];

const isAwnas = ({ initialLayers }: Kind) => initialLayers === "imagenet_stem0";

function sizeName(kind: Kind): string {
  return `${isAwnas(kind) ? "awnas_resnet18" : "resnet18_e1"} ${kind.size}x${kind.size}`;
}

function variantName({ initialLayers, useFp, usePooling, bytes, byteStem, relaxed }: Kind): string {
  const input = bytes ? "byte input" : "float input";
  const words = [
    initialLayers,
    useFp && "useFp",
    usePooling && "usePooling",
    input,
    byteStem && "byteStem",
    relaxed && "relaxed SIMD",
  ];
  return words.filter(Boolean).join(", ");
}

/** Network, picture size and variant in one. */
export const caseName = ({ name, variant }: Pick<ModelCase, "name" | "variant">) => `${name}, ${variant}`;

function modelCase(kind: Kind): ModelCase {
  const { initialLayers, size, useFp, usePooling, bytes, byteStem = false, relaxed = false } = kind;
  const inputShape = [1, 3, size, size];
  const classes = size === 32 ? 10 : 1000;
  const graph =
    initialLayers === "imagenet_stem0"
      ? getAwnasModel("awnas_resnet18", { inputShape, classes })
      : binaryNetwork({ initialLayers, useFp, usePooling, inputShape, classes });
  return {
    name: sizeName(kind),
    variant: variantName(kind),
    graph,
    weights: randomWeights(graph, SEED),
    input: bytes ? bytePicture(inputShape, SEED) : floatPicture(inputShape, SEED),
    relaxed,
    byteStem,
  };
}

/** The networks that `bench models --threads` measures: the first one, alone and in a batch, and MeliusNet-22. */
export function threadedCases(filter?: string): readonly ModelCase[] {
  const one = modelCase(kinds[0]);
  const inputShape = [1, 3, 224, 224];
  const meliusnet = getModel("meliusnet22", { inputShape, classes: 1000 });
  const batch = floatPicture([8, 3, 224, 224], SEED);
  const cases: readonly ModelCase[] = [
    one,
    { ...one, name: `${one.name} batch 8`, input: batch },
    {
      name: "meliusnet22 224x224",
      variant: "float input",
      graph: meliusnet,
      weights: randomWeights(meliusnet, SEED),
      input: one.input,
      relaxed: false,
      byteStem: false,
    },
  ];
  return cases.filter((each) => wanted(caseName(each), filter));
}

/** A network in as many threads as each of `threads` says, told in its variant. */
export function inThreads(cases: readonly ModelCase[], threads: readonly number[]): readonly ModelCase[] {
  return cases.flatMap((each) =>
    threads.map((count) => ({ ...each, variant: `${each.variant}, ${threadsName(count)}`, threads: count })),
  );
}

export const threadsName = (count: number) => (count === 1 ? "1 thread" : `${count} threads`);

/** The cases that this runtime can run and whose names have the text of `filter`. */
export function modelCases(filter?: string): readonly ModelCase[] {
  const canRelax = supportsRelaxedSimd();
  return kinds
    .filter((kind) => !kind.relaxed || canRelax)
    .filter((kind) => wanted(caseName({ name: sizeName(kind), variant: variantName(kind) }), filter))
    .map(modelCase);
}
