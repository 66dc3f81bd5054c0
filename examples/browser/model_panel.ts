/** A network of the user's and a picture: what the network is, what it says, how long it takes. */
import { createSession, loadModel, type Model, type Session, summarize, type Tensor } from "xnorkit";
import { digitsModel } from "xnorkit/models/digits";
import { softmax, topIndices } from "../../src/cli/probabilities.js";
import { showClassBars } from "./class_bars.js";
import { byId, element, formatBytes, formatCount, formatFigure, formatShort, showError } from "./dom.js";
import { meanMilliseconds } from "./measure.js";
import { fitToNetwork, isPicture, type Picture, readPicture } from "./picture.js";

/** As many classes as fit beside the picture. */
const TOP = 5;
/** Largest model file that is read into memory, bytes: several times the largest binary network published. */
const MAX_MODEL_BYTES = 512e6;

interface Network {
  readonly session: Session;
  /** Null for the network that the page carries. */
  readonly fileBytes: number | null;
}

function showFacts({ session, fileBytes }: Network): void {
  const { graph } = session;
  const { totals } = summarize(graph);
  const facts: readonly (readonly [string, string])[] = [
    ["Input", graph.inputShape.join(" × ")],
    ["Layers", formatCount(graph.nodes.length - 1)],
    ["Parameters", formatCount(totals.parameters)],
    ["Packed", formatBytes(totals.packedBytes)],
    ["File", fileBytes === null ? "in the page" : formatBytes(fileBytes)],
    ["Binary MACs", formatShort(totals.binaryMacs)],
    ["Float MACs", formatShort(totals.floatMacs + totals.denseMacs)],
    ["Memory", formatBytes(session.memoryBytes)],
  ];
  byId("model-name", HTMLElement).textContent = graph.name;
  byId("model-facts", HTMLElement).replaceChildren(
    ...facts.map(([name, value]) =>
      element("div", {}, [element("dt", { text: name }), element("dd", { text: value })]),
    ),
  );
}

/** A black picture, so that a network has a plan to profile before it has seen one. */
function blackPicture(inputShape: readonly number[]): Tensor {
  const shape = [1, ...inputShape.slice(1)];
  return { shape, data: new Uint8Array(shape.reduce((product, size) => product * size, 1)) };
}

async function openNetwork(model: Model, fileBytes: number | null): Promise<Network> {
  const session = await createSession(model, { inputShape: blackPicture(model.graph.inputShape).shape });
  session.run(blackPicture(model.graph.inputShape));
  return { session, fileBytes };
}

async function readNetwork(file: File): Promise<Network> {
  if (file.size > MAX_MODEL_BYTES) {
    throw new Error(
      `${file.name} has ${formatBytes(file.size)}: this page reads models up to ${formatBytes(MAX_MODEL_BYTES)}`,
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return await openNetwork(loadModel(bytes), file.size);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${file.name} is not a network this page can run: ${reason}`, { cause });
  }
}

function showPicture({ width, height, data, name }: Picture): void {
  const canvas = byId("picture", HTMLCanvasElement);
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * i + channel] = data[3 * i + channel];
    pixels.data[4 * i + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  canvas.ariaLabel = `Your picture, ${name}`;
  canvas.hidden = false;
}

function classify({ session }: Network, picture: Picture): void {
  const { graph } = session;
  const input = fitToNetwork(picture, graph);
  const { shape, data } = session.run(input);
  if (shape.length !== 2) throw new Error(`${graph.name} gives ${shape.join("x")}, not one number a class`);
  const probabilities = softmax(data);
  const top = topIndices(probabilities, Math.min(TOP, probabilities.length));
  const bars = top.map((i) => ({ label: graph.labels?.[i] ?? `class ${i}`, probability: probabilities[i] }));
  showClassBars(byId("classes", HTMLOListElement), bars);
  const milliseconds = meanMilliseconds(() => session.run(input), 40);
  byId("classes-note", HTMLElement).textContent =
    `${picture.name}: ${bars[0].label}, in ${formatFigure(milliseconds)} ms a picture.`;
}

/** Opens the panel with the digits network; `onNetwork` is told of each network that is loaded. */
export async function openModelPanel(onNetwork: (session: Session) => void): Promise<void> {
  const error = byId("own-error", HTMLElement);
  const note = byId("classes-note", HTMLElement);
  const waiting = "No picture yet.";
  let network = await openNetwork(digitsModel(), null);
  let picture: Picture | null = null;

  const useNetwork = (next: Network) => {
    if (next !== network) network.session.dispose();
    network = next;
    showFacts(network);
    onNetwork(network.session);
  };
  const answer = () => {
    byId("classes", HTMLOListElement).replaceChildren();
    note.textContent = waiting;
    if (picture !== null) classify(network, picture);
  };

  const read = async (files: readonly File[]) => {
    try {
      showError(error, null);
      note.textContent = "Reading …";
      for (const file of files) {
        if ((await isPicture(file)) || file.type.startsWith("image/")) {
          picture = await readPicture(file);
          showPicture(picture);
        } else {
          useNetwork(await readNetwork(file));
        }
      }
      answer();
    } catch (reason) {
      if (note.textContent === "Reading …") note.textContent = waiting;
      showError(error, reason);
    }
  };

  // One after the other, so that the last files given are those that stay.
  let queue = Promise.resolve();
  const take = (files: readonly File[]) => {
    queue = queue.then(() => read(files));
  };

  for (const id of ["model-file", "picture-file"]) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      // The same file may be chosen again after it was changed.
      input.value = "";
      take(files);
    });
  }
  acceptDrops(byId("drop", HTMLElement), take);
  useNetwork(network);
  note.textContent = waiting;
}

/** Files may be dropped anywhere; `zone` shows that they may. */
function acceptDrops(zone: HTMLElement, take: (files: readonly File[]) => void): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
