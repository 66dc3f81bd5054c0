/**
 * One .onnx file of a binary network in xnorkit and in runtimes of ONNX, and the same network built from the registry's
 * vocabulary.
 */
import type { BenchOptions, BenchReport } from "../../src/cli/bench_report.js";
import { createSession, type Session, summarize, type Tensor } from "../../src/index.js";
import { importOnnx } from "../../src/onnx.js";
import { floatPicture } from "../support/inputs.js";
import { interleave, type MeasureOptions, type Timed } from "../support/measure.js";
import { benchResult, machineFacts, reasonOf, wanted } from "../support/report.js";
import type { BiReal } from "./bireal.js";
import { birealModel } from "./bireal_graph.js";
import { birealOnnx } from "./bireal_onnx.js";
import { type OnnxLibrary, onnxLibraries } from "./onnxruntime.js";
import type { Peer } from "./peer.js";

/**
 * At 224x224 and the network of seed 1 no value before a sign of this picture is nearer to zero than 5e-6: no rounding
 * turns one.
 */
const PICTURE_SEED = 2;
/** Libraries round their sums in different orders: logits agree to this, relative to the largest. */
const TOLERANCE = 1e-3;

export interface SameFileComparison {
  readonly network: BiReal;
  readonly measure: MeasureOptions;
  readonly filter?: string;
  readonly kernel?: BenchOptions["kernel"];
  readonly threads?: number;
}

function largestAt(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * @throws Error if two outputs are not those of one network: another class, or numbers further apart than sums in
 * another order are.
 */
export function checkSameOutput(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (found.length !== expected.length)
    throw new Error(`it gives ${found.length} numbers, expected ${expected.length}`);
  let [worst, largest] = [0, 1];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i] - expected[i]);
    if (error > worst || Number.isNaN(error)) worst = error;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  if (!(worst <= TOLERANCE * largest)) throw new Error(`its output differs by ${worst}`);
  const [one, other] = [largestAt(found), largestAt(expected)];
  if (one !== other) throw new Error(`its first class is ${one}, expected ${other}`);
}

interface Ours {
  readonly name: string;
  readonly variant: string;
  readonly session: Session;
}

/** The imported file, and the same network built here. */
async function openOurs(file: Uint8Array, { network, kernel, threads }: SameFileComparison): Promise<readonly Ours[]> {
  const name = "xnorkit bireal_resnet18";
  const imported = importOnnx(file);
  return [
    { name, variant: "imported .onnx", session: await createSession(imported, { kernel, threads }) },
    { name, variant: "registry's vocabulary", session: await createSession(birealModel(network), { kernel, threads }) },
  ];
}

/** Opens the runtimes that are wanted; one that fails or computes something else leaves a note. */
async function openPeers(
  libraries: readonly OnnxLibrary[],
  file: Uint8Array,
  picture: Tensor,
  expected: ArrayLike<number>,
  filter: string | undefined,
) {
  const peers: Peer[] = [];
  const notes: string[] = [];
  const versions: Record<string, string> = {};
  for (const library of libraries) {
    if (!wanted(library.name, filter)) continue;
    try {
      const peer = await library.openFile(file, Float32Array.from(picture.data), picture.shape);
      try {
        checkSameOutput(await peer.run(), expected);
      } catch (error) {
        await peer.close();
        throw error;
      }
      peers.push(peer);
      versions[library.name] = library.version();
    } catch (error) {
      notes.push(`${library.name} on bireal_resnet18.onnx is not measured: ${reasonOf(error)}`);
    }
  }
  return { peers, notes, versions };
}

/** Measures the file by turns in all that run it. */
export async function compareSameFile(
  comparison: SameFileComparison,
  libraries: readonly OnnxLibrary[] = onnxLibraries(comparison.threads, comparison.filter),
): Promise<BenchReport> {
  const { network, measure, filter } = comparison;
  const file = birealOnnx(network);
  const picture = floatPicture(network.inputShape, PICTURE_SEED);
  const ours = await openOurs(file, comparison);
  const outputs = ours.map(({ session }) => Float32Array.from(session.run(picture).data));
  checkSameOutput(outputs[1], outputs[0]);
  const { peers, notes, versions } = await openPeers(libraries, file, picture, outputs[0], filter);
  const timedName = ({ name, variant }: Ours) => `${name}, ${variant}`;
  const timings = await interleave(
    [
      ...ours.map((each): Timed => ({ name: timedName(each), run: () => each.session.run(picture) })),
      ...peers.map(({ name, run }): Timed => ({ name, run })),
    ],
    measure,
  );
  const { binaryMacs, floatMacs, denseMacs } = summarize(birealModel(network).graph).totals;
  const macs = binaryMacs + floatMacs + denseMacs;
  const [imported, built] = ours.map((each) => timings.get(timedName(each))!);
  const others = Object.fromEntries(peers.map(({ name }) => [name, timings.get(name)!]));
  const results = [
    benchResult({
      suite: "peers",
      ...ours[0],
      timing: imported,
      macs,
      others: { "registry's vocabulary": built, ...others },
    }),
    benchResult({ suite: "peers", ...ours[1], timing: built, macs, others }),
    ...peers.map(({ name, precision }) =>
      benchResult({
        suite: "peers",
        name: `${name} bireal_resnet18`,
        variant: precision,
        timing: timings.get(name)!,
        macs,
      }),
    ),
  ];
  for (const { session } of ours) session.dispose();
  for (const peer of peers) await peer.close();
  return { machine: { ...machineFacts(), ...versions }, results, notes };
}
