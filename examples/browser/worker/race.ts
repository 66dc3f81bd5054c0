/** The network against itself in floats, picture by picture in turns. */
import { createSession, type Session, summarize, type Tensor } from "../../../src/index.js";
import { elementCount } from "../../../src/tensor.js";
import { floatBytes, floatTwin } from "./float_twin.js";
import { fitToNetwork, readsPictures } from "./picture.js";
import { currentNetwork, state } from "./state.js";

interface Race {
  readonly bits: Session;
  readonly floats: Session;
  readonly input: Tensor;
}

export interface RaceView {
  readonly name: string;
  readonly bitsBytes: number;
  readonly floatBytes: number;
  /** Of the two outputs, the largest difference and the largest value. */
  readonly difference: number;
  readonly largest: number;
}

/** Pictures done and the milliseconds that they took. */
export interface Lap {
  readonly bits: { readonly runs: number; readonly milliseconds: number };
  readonly floats: { readonly runs: number; readonly milliseconds: number };
}

let race: Race | null = null;

export function closeRace(): void {
  race?.floats.dispose();
  race = null;
}

/** The picture if there is one that fits, else noise. */
function raceInput(session: Session): Tensor {
  const { graph } = session;
  if (state.picture !== null && readsPictures(graph)) return fitToNetwork(state.picture, graph);
  const shape = [1, ...graph.inputShape.slice(1)];
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => 2 * Math.random() - 1) };
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
  const input = raceInput(session);
  const expected = session.run(input).data;
  const found = floats.run(input).data;
  race = { bits: session, floats, input };
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
  };
}

function runFor(session: Session, input: Tensor, budget: number): Lap["bits"] {
  const start = performance.now();
  let runs = 0;
  let milliseconds = 0;
  while (milliseconds < budget) {
    session.run(input);
    runs++;
    milliseconds = performance.now() - start;
  }
  return { runs, milliseconds };
}

/** Both run for `budget` milliseconds each; null if the race was closed. */
export function runLap(budget: number): Lap | null {
  if (race === null) return null;
  const { bits, floats, input } = race;
  return { bits: runFor(bits, input, budget), floats: runFor(floats, input, budget) };
}
