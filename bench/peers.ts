/**
 * `bench peers`: a binary ResNet-18 in xnorkit beside float and int8 ResNet-18 in other libraries, by turns in one
 * process.
 */

import { getAwnasModel } from "../src/awnas.js";
import type { BenchOptions, BenchReport, BenchResult } from "../src/cli/bench_report.js";
import { createSession, randomWeights, type Session, summarize, type Tensor } from "../src/index.js";
import { bireal } from "./peers/bireal.js";
import { BUSY_THREADS, onnxLibraries } from "./peers/onnxruntime.js";
import type { Peer, PeerLibrary } from "./peers/peer.js";
import { type FloatNetwork, randomPicture, resnet18 } from "./peers/resnet18.js";
import { compareSameFile } from "./peers/same_file.js";
import { tfjsLibrary } from "./peers/tfjs.js";
import { binaryNetwork, bytePicture, floatPicture } from "./support/inputs.js";
import { interleave, type MeasureOptions, type Timed } from "./support/measure.js";
import { type OwnModel, ownCases } from "./support/own_model.js";
import { benchResult, machineFacts, reasonOf, wanted } from "./support/report.js";

const SEED = 1;

export interface PeerComparison {
  readonly network: FloatNetwork;
  readonly measure: MeasureOptions;
  readonly filter?: string;
  readonly kernel?: BenchOptions["kernel"];
  readonly threads?: number;
  /** A network to measure beside ours. */
  readonly own?: OwnModel;
}

interface Opened {
  readonly peers: readonly Peer[];
  readonly versions: Readonly<Record<string, string>>;
  /** Why a library is missing from the figures. */
  readonly notes: readonly string[];
}

/** Multiply-accumulates of a float network, which are those of its convolutions and its dense layer. */
export function networkMacs({ layers, inputShape }: FloatNetwork): number {
  const sizes = new Map([["input", inputShape[2]]]);
  let macs = 0;
  for (const layer of layers) {
    const before = sizes.get(layer.kind === "addRelu" ? layer.left : layer.input)!;
    if (layer.kind === "conv") {
      const size = Math.floor((before + 2 * layer.padding - layer.kernel) / layer.stride) + 1;
      sizes.set(layer.name, size);
      macs += layer.outChannels * layer.inChannels * (layer.kernel * size) ** 2;
    } else {
      sizes.set(layer.name, layer.kind === "maxPool" ? Math.floor((before - 1) / 2) + 1 : before);
      if (layer.kind === "dense") macs += layer.units * layer.inputs;
    }
  }
  return macs;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let normA = 0;
  let normB = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    normA += a[i] ** 2;
    normB += b[i] ** 2;
  }
  return dot / Math.sqrt(normA * normB);
}

/**
 * Whether a peer computes the network at all, or a time says nothing: float libraries agree to about 1e-6 in the
 * cosine, int8 is coarse (0.9996 measured at 224x224).
 */
function computesTheSame(logits: Float32Array, reference: Float32Array, precision: Peer["precision"]): boolean {
  return logits.length === reference.length && cosine(logits, reference) > (precision === "fp32" ? 0.99999 : 0.99);
}

/** Opens what is wanted of all libraries; one that fails leaves a note. */
async function openPeers(
  libraries: readonly PeerLibrary[],
  network: FloatNetwork,
  filter: string | undefined,
): Promise<Opened> {
  const picture = randomPicture(network, SEED);
  const peers: Peer[] = [];
  const notes: string[] = [];
  const versions: Record<string, string> = {};
  let reference: Float32Array | undefined;
  // Float first: its logits check the others.
  for (const precision of ["fp32", "int8"] as const) {
    for (const library of libraries.filter(({ precisions }) => precisions.includes(precision))) {
      const name = `${library.name} ${precision}`;
      if (!wanted(name, filter)) continue;
      try {
        const peer = await library.open(network, picture, precision);
        const logits = await peer.run();
        reference ??= precision === "fp32" ? logits : undefined;
        if (reference !== undefined && !computesTheSame(logits, reference, precision)) {
          await peer.close();
          throw new Error(`its logits are not those of the float network (cosine ${cosine(logits, reference)})`);
        }
        peers.push(peer);
        versions[library.name] = library.version();
      } catch (error) {
        notes.push(`${name} is not measured: ${reasonOf(error)}`);
      }
    }
  }
  return { peers, versions, notes };
}

interface Ours {
  readonly name: string;
  readonly variant: string;
  readonly session: Session;
  readonly input: Tensor;
  readonly macs: number;
}

const timedName = ({ name, variant }: Pick<Ours, "name" | "variant">) => `${name}, ${variant}`;

/**
 * Our networks of the same picture size and classes: resnet18_e1 with the imagenet stem and float 1x1 shortcuts with
 * average pooling, on floats and on bytes; and awnas_resnet18.
 */
async function openOurs({ network, kernel, threads, own: choice = {} }: PeerComparison): Promise<readonly Ours[]> {
  const last = network.layers[network.layers.length - 1];
  const classes = last.kind === "dense" ? last.units : 1000;
  const graph = binaryNetwork({ useFp: true, usePooling: true, classes, inputShape: network.inputShape });
  const cell = getAwnasModel("awnas_resnet18", { classes, inputShape: network.inputShape });
  const floats = floatPicture(graph.inputShape, SEED);
  const bytes = bytePicture(graph.inputShape, SEED);
  const kinds = [
    { name: "resnet18_e1", variant: "float input", graph, input: floats },
    { name: "resnet18_e1", variant: "byte input", graph, input: bytes },
    { name: "awnas_resnet18", variant: "float input", graph: cell, input: floats },
  ];
  const ours: Ours[] = [];
  for (const { name, variant, graph: each, input } of kinds) {
    const { binaryMacs, floatMacs, denseMacs } = summarize(each).totals;
    const model = { graph: each, weights: randomWeights(each, SEED) };
    const session = await createSession(model, { kernel, threads });
    ours.push({ name, variant, session, input, macs: binaryMacs + floatMacs + denseMacs });
  }
  for (const { name, variant, input, ...own } of await ownCases(choice)) {
    const { binaryMacs, floatMacs, denseMacs } = summarize(own.graph).totals;
    const session = await createSession(own, { kernel, threads });
    ours.push({ name, variant, session, input, macs: binaryMacs + floatMacs + denseMacs });
  }
  return ours;
}

/** Measures ours and every library that runs here on networks of the same size. */
export async function comparePeers(
  comparison: PeerComparison,
  libraries: readonly PeerLibrary[] = [...onnxLibraries(comparison.threads, comparison.filter), tfjsLibrary],
): Promise<BenchReport> {
  const { network, measure, filter } = comparison;
  const { peers, versions, notes } = await openPeers(libraries, network, filter);
  const ours = await openOurs(comparison);
  const timings = await interleave(
    [
      ...ours.map((each): Timed => ({ name: timedName(each), run: () => each.session.run(each.input) })),
      ...peers.map(({ name, run }): Timed => ({ name, run })),
    ],
    measure,
  );
  const others = Object.fromEntries(peers.map(({ name }) => [name, timings.get(name)!]));
  const floatMacs = networkMacs(network);
  const results: BenchResult[] = [
    ...ours.map((each) =>
      benchResult({
        suite: "peers",
        name: `xnorkit ${each.name}`,
        variant: each.variant,
        timing: timings.get(timedName(each))!,
        macs: each.macs,
        others,
      }),
    ),
    ...peers.map(({ name, precision }) =>
      benchResult({
        suite: "peers",
        name: `${name.replace(` ${precision}`, "")} resnet18`,
        variant: precision,
        timing: timings.get(name)!,
        macs: floatMacs,
      }),
    ),
  ];
  for (const { session } of ours) session.dispose();
  for (const peer of peers) await peer.close();
  return { machine: { ...machineFacts(), ...versions }, results, notes };
}

/**
 * Ten rounds (`runs`) of three runs of everything at 224x224; `filter` chooses among the peers, ours always run. Then
 * Bi-Real Net's ResNet-18, the same .onnx file in all that read such files. With `threads` all run in so many but
 * TensorFlow.js, which has one here.
 */
export async function runPeerBench(options: BenchOptions): Promise<BenchReport> {
  const { runs = 10, filter, kernel, threads: [threads] = [1] } = options;
  const shared = { measure: { rounds: runs, repeats: 3 }, filter, kernel, threads };
  const sizes = await comparePeers({ network: resnet18({ seed: SEED }), own: options, ...shared });
  const file = await compareSameFile({ network: bireal({ seed: SEED }), ...shared });
  return {
    machine: { ...sizes.machine, ...file.machine, threads },
    results: [...sizes.results, ...file.results],
    notes: [
      ...(threads > 1 && filter === undefined ? [BUSY_THREADS] : []),
      ...(sizes.notes ?? []),
      ...(file.notes ?? []),
    ],
  };
}
