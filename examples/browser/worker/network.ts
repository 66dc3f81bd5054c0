/** The network that the visitor looks at: where it comes from, and what it is shown. */

import { inferShapes } from "../../../src/graph/shapes.js";
import { isPresetName, type PresetName } from "../../../src/image/index.js";
import { digitsModel } from "../../../src/models/digits.js";
import { type NetworkFiles, readNetwork } from "./files.js";
import { isPicture, type Picture, pixelsOf, previewOf, readPicture } from "./picture.js";
import { closeRace } from "./race.js";
import { type Current, currentNetwork, type NetworkView, openSession, state, viewOf } from "./state.js";

export { classify, profile } from "./answer.js";
export { openRace, runLap } from "./race.js";

/** Longer side of the picture on the page, pixels of a fine screen. */
const PREVIEW = 400;
/** No file of class names is longer. */
const MAX_NAMES_BYTES = 2e6;

export interface PictureView {
  readonly name: string;
  readonly preview: ImageBitmap;
}

/** What came of files: each part is null if there was none of it. */
export interface Taken {
  readonly network: NetworkView | null;
  readonly picture: PictureView | null;
}

function use(next: Current): NetworkView {
  closeRace();
  state.current?.session.dispose();
  state.current = next;
  return viewOf(next);
}

async function open(files: NetworkFiles, preset: PresetName | null): Promise<NetworkView> {
  try {
    return use(await openSession(files, preset));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${files.name} is not a network this page can run: ${reason}`, { cause });
  }
}

/** The network that the page carries. */
export function openDefault(): Promise<NetworkView> {
  const files = { name: "digits", format: "the page itself", bytes: 0, hasWeights: true, onnx: null, notes: [] };
  return open({ ...files, ...digitsModel() }, null);
}

async function show(picture: Picture | null): Promise<PictureView | null> {
  if (picture === null) return null;
  state.picture = picture;
  return { name: picture.name, preview: await previewOf(picture, PREVIEW) };
}

interface ClassNames {
  readonly file: string;
  readonly lines: readonly string[];
}

/** A text file of several lines, which may be class names; null if it is none. */
async function readClassNames(file: File): Promise<ClassNames | null> {
  if (!/\.(txt|labels|names)$/i.test(file.name) || file.size > MAX_NAMES_BYTES) return null;
  const lines = (await file.text()).trim().split(/\r?\n/);
  return lines.length > 1 ? { file: file.name, lines: lines.map((line) => line.trim()) } : null;
}

function withClassNames(files: NetworkFiles, { file, lines }: ClassNames): NetworkFiles {
  const { graph } = files;
  const outputs = inferShapes(graph).get(graph.output)!.at(-1);
  if (lines.length === outputs) return { ...files, graph: { ...graph, labels: lines } };
  throw new Error(`${file} has ${lines.length} lines, but ${graph.name} has ${outputs} outputs: one name a line`);
}

/**
 * Takes files as they come: pictures, class names (one a line), and a network with its weights. If one is refused,
 * nothing changes.
 * @param shape Of the input, as a visitor types it, for files that leave it open.
 * @throws Error with one sentence that begins with the name of the file that is refused.
 */
export async function openFiles(files: readonly File[], shape: string): Promise<Taken> {
  const networks: File[] = [];
  let names: ClassNames | null = null;
  let picture: Picture | null = null;
  for (const file of files) {
    if (await isPicture(file)) picture = await readPicture(file);
    else {
      const found = await readClassNames(file);
      if (found === null) networks.push(file);
      else names = found;
    }
  }
  if (networks.length === 0 && names === null) return { network: null, picture: await show(picture) };
  const { files: before, preset } = currentNetwork();
  const read = networks.length > 0 ? await readNetwork(networks, shape) : before;
  const next = names === null ? read : withClassNames(read, names);
  const kept = networks.length > 0 || preset === "file" ? null : preset;
  return { network: await open(next, kept), picture: await show(picture) };
}

/** How pixels become the network's input: a preset by name, or what the file says. */
export function choosePreset(name: string): Promise<NetworkView> {
  return open(currentNetwork().files, isPresetName(name) ? name : null);
}

/** A frame of the camera is the picture from now on. */
export function openFrame(frame: ImageBitmap): void {
  state.picture = pixelsOf(frame, "the camera");
}
