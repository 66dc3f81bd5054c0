/** The network against itself in floats, and its file in another runtime, picture by picture in turns. */

import { planarShape } from "../../../src/classify/port_layout.js";
import { PRESETS } from "../../../src/image/index.js";
import { createSession, type Session, summarize, type Tensor } from "../../../src/index.js";
import { elementCount } from "../../../src/tensor.js";
import { floatBytes, floatTwin } from "./float_twin.js";
import { openPeer, type Peer } from "./peer.js";
import { fitToNetwork, readsPictures } from "./picture.js";
import { currentNetwork, state } from "./state.js";

interface Race {
  readonly bits: Session;
  readonly floats: Session;
  readonly peer: Peer | null;
  readonly input: Tensor;
}

export interface RaceView {
  readonly name: string;
  readonly bitsBytes: number;
  readonly floatBytes: number;
  /** Of the two outputs, the largest difference and the largest value. */
  readonly difference: number;
  readonly largest: number;
  /** What came of onnxruntime-web on the same file: its bytes, or why it does not run; null if it is not asked. */
  readonly peer: { readonly bytes: number; readonly isSameClass: boolean } | { readonly reason: string } | null;
}

/** Pictures done and the milliseconds that they took. */
export interface Runner {
  readonly runs: number;
  readonly milliseconds: number;
}

export interface Lap {
  readonly bits: Runner;
  readonly floats: Runner;
  readonly peer: Runner | null;
}

let race: Race | null = null;

export function closeRace(): void {
  race?.floats.dispose();
  race?.peer?.close();
  race = null;
}

/** The picture if there is one that fits, else noise: floats, as other runtimes take them. */
function raceInput({ graph }: Session): Tensor {
  const { picture } = state;
  if (picture === null || !readsPictures(graph)) {
    const shape = [1, ...graph.inputShape.slice(1)];
    return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => 2 * Math.random() - 1) };
  }
  const { shape, data } = fitToNetwork(picture, graph);
  const { mean, std } = graph.preprocess ?? PRESETS.none;
  const channels = planarShape(graph)[1];
  const plane = data.length / channels;
  const normalized = Float32Array.from(data, (pixel, i) => {
    const channel = graph.layout === "NHWC" ? i % channels : Math.floor(i / plane);
    return (pixel - mean[channel % mean.length]) / std[channel % std.length];
  });
  return { shape, data: normalized };
}

const indexOfLargest = (values: Float32Array) => values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));

async function enterPeer(file: File | null, input: Tensor, expected: Float32Array) {
  if (file === null) return { peer: null, view: null };
  try {
    const peer = await openPeer(file, input);
    if (peer === null) return { peer, view: null };
    const isSameClass = indexOfLargest(await peer.run()) === indexOfLargest(expected);
    return { peer, view: { bytes: file.size, isSameClass } };
  } catch (error) {
    return { peer: null, view: { reason: error instanceof Error ? error.message : String(error) } };
  }
}

/**
 * Makes the network in floats and runs both once.
 * @throws Error with one sentence if no layer runs on bits: there is nothing to race.
 */
export async function openRace(): Promise<RaceView> {
  closeRace();
  const { files, session } = currentNetwork();
  const { totals } = summarize(session.graph);
  if (totals.binaryMacs === 0) throw new Error(`${session.graph.name} has no layer on bits: there is nothing to race`);
  const floats = await createSession({ graph: floatTwin(session.graph), weights: files.weights });
  if (state.current?.session !== session) {
    floats.dispose();
    throw new Error(`${session.graph.name} is not here any more`);
  }
  const input = raceInput(session);
  const expected = Float32Array.from(session.run(input).data);
  const found = floats.run(input).data;
  const { peer, view } = await enterPeer(files.onnx, input, expected);
  race = { bits: session, floats, peer, input };
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return {
    name: session.graph.name,
    bitsBytes: totals.packedBytes,
    floatBytes: floatBytes(session.graph),
    difference,
    largest,
    peer: view,
  };
}

async function runFor(run: () => unknown, budget: number): Promise<Runner> {
  const start = performance.now();
  let runs = 0;
  let milliseconds = 0;
  while (milliseconds < budget) {
    const made = run();
    if (made instanceof Promise) await made;
    runs++;
    milliseconds = performance.now() - start;
  }
  return { runs, milliseconds };
}

/** Each runs for `budget` milliseconds; null if the race was closed. */
export async function runLap(budget: number): Promise<Lap | null> {
  if (race === null) return null;
  const { bits, floats, peer, input } = race;
  return {
    bits: await runFor(() => bits.run(input), budget),
    floats: await runFor(() => floats.run(input), budget),
    peer: peer === null ? null : await runFor(peer.run, budget),
  };
}
