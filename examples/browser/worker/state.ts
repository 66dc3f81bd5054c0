/** The network that the visitor looks at and the picture that it is shown: what the calls of this worker share. */

import { planarShape } from "../../../src/classify/port_layout.js";
import { floatLayers } from "../../../src/compiler/float_layers.js";
import { PRESETS, type PresetName, presetsFor } from "../../../src/image/index.js";
import { createSession, type Graph, type Session, summarize, type Tensor } from "../../../src/index.js";
import { elementCount } from "../../../src/tensor.js";
import { formatBytes, formatCount, formatShort } from "../figures.js";
import type { NetworkFiles } from "./files.js";
import { type Picture, readsPictures } from "./picture.js";

/** What the page shows of a network. */
export interface NetworkView {
  readonly name: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly notes: readonly string[];
  /** What may be said of its pixels; none if it reads no pictures. */
  readonly presets: readonly PresetName[];
  /** What is in force: a preset, what the file says itself, or nothing yet. */
  readonly preset: PresetName | "file" | null;
  readonly statesPreset: boolean;
  readonly readsColor: boolean;
}

export interface Current {
  readonly files: NetworkFiles;
  readonly preset: NetworkView["preset"];
  readonly session: Session;
}

interface State {
  current: Current | null;
  picture: Picture | null;
}

export const state: State = { current: null, picture: null };

/** @throws Error if no network was opened. */
export function currentNetwork(): Current {
  if (state.current === null) throw new Error("no network is open");
  return state.current;
}

/** A black picture or a vector of zeros, so that a network has a plan to profile before it has seen anything. */
function blank({ inputShape }: Graph): Tensor {
  const shape = [1, ...inputShape.slice(1)];
  const count = elementCount(shape);
  return { shape, data: shape.length === 4 ? new Uint8Array(count) : new Float32Array(count) };
}

/** The network as a session, its pixels read by a preset, or as the file says if that is null. */
export async function openSession(files: NetworkFiles, preset: PresetName | null): Promise<Current> {
  const graph = preset === null ? files.graph : { ...files.graph, preprocess: PRESETS[preset] };
  const input = blank(graph);
  const session = await createSession({ graph, weights: files.weights }, { inputShape: input.shape });
  session.run(input);
  return { files, preset: preset ?? (graph.preprocess === undefined ? null : "file"), session };
}

/** Says which layers are not what the visitor came for. */
function bitsNote(graph: Graph): readonly string[] {
  const layers = graph.nodes.filter(({ kind }) => kind === "binaryConv2d" || kind === "binaryDense");
  const inFloat = floatLayers(graph);
  if (layers.length === 0) return ["no layer of it is binary: it runs on the float kernels"];
  if (inFloat.length === 0) return [];
  const [{ name, reason }] = inFloat;
  return [`${inFloat.length} of its ${layers.length} layers of 1-bit weights run in float; ${name}: ${reason}`];
}

export function viewOf({ files, preset, session }: Current): NetworkView {
  const { graph } = session;
  const { totals } = summarize(graph);
  const layout = graph.layout === "NHWC" ? ", channels last" : "";
  const channels = planarShape(graph)[1];
  return {
    name: graph.name,
    facts: [
      ["Read from", files.format],
      ["Input", `${graph.inputShape.join(" × ")}${layout}`],
      ["Layers", formatCount(graph.nodes.length - 1)],
      ["Parameters", formatCount(totals.parameters)],
      ["Packed", formatBytes(totals.packedBytes)],
      ["File", files.bytes === 0 ? "in the page" : formatBytes(files.bytes)],
      ["Binary MACs", formatShort(totals.binaryMacs)],
      ["Float MACs", formatShort(totals.floatMacs + totals.denseMacs)],
      ["Memory", formatBytes(session.memoryBytes)],
    ],
    notes: [...files.notes, ...bitsNote(graph)],
    presets: readsPictures(graph) ? presetsFor(channels) : [],
    preset,
    statesPreset: files.graph.preprocess !== undefined,
    readsColor: channels === 3 && graph.inputShape.length === 4,
  };
}
