/** A network of the visitor's: what it is, what it says of a picture, how long it takes. */
import { openCamera } from "./camera.js";
import { showClassBars } from "./class_bars.js";
import { byId, element, onFiles, showError } from "./dom.js";
import type { DropZone } from "./drops.js";
import type { Engine } from "./engine.js";
import { formatFigure, formatSpeed } from "./figures.js";
import type { LayerPanel } from "./layer_panel.js";
import { openRacePanel } from "./race_panel.js";
import type { Answer } from "./worker/answer.js";
import type { PictureView } from "./worker/network.js";
import type { NetworkView } from "./worker/state.js";

/** Milliseconds in which a run is measured. */
const BUDGET = 40;

/** What presets are called on the page: the program's names, and what they do to a pixel. */
const PRESET_TEXTS: Readonly<Record<string, string>> = {
  mnist: "mnist: 0 to 1",
  unit: "unit: 0 to 1",
  "imagenet-torch": "imagenet-torch: mean and deviation of torchvision",
  "imagenet-mxnet": "imagenet-mxnet: less gluon’s mean colour",
  larq: "larq: -1 to 1",
  none: "none: 0 to 255",
};

const samplePhoto = new URL("../photos/cat.jpg", import.meta.url);

function option(value: string, text: string): HTMLOptionElement {
  const made = element("option", { text });
  made.value = value;
  return made;
}

function showPresets({ presets, preset, statesPreset }: NetworkView): void {
  const select = byId("preset", HTMLSelectElement);
  byId("preset-field", HTMLElement).hidden = presets.length === 0;
  select.replaceChildren(
    ...(statesPreset ? [option("file", "as the file says")] : preset === null ? [option("", "choose …")] : []),
    ...presets.map((name) => option(name, PRESET_TEXTS[name])),
  );
  select.value = preset ?? "";
}

function showNetwork(view: NetworkView): void {
  byId("model-name", HTMLElement).textContent = view.name;
  byId("model-facts", HTMLElement).replaceChildren(
    ...view.facts.map(([name, value]) =>
      element("div", {}, [element("dt", { text: name }), element("dd", { text: value })]),
    ),
  );
  const notes = byId("model-notes", HTMLUListElement);
  notes.replaceChildren(...view.notes.map((text) => element("li", { text })));
  notes.hidden = view.notes.length === 0;
  showPresets(view);
}

function showPicture({ name, preview }: PictureView): void {
  const canvas = byId("picture", HTMLCanvasElement);
  canvas.width = preview.width;
  canvas.height = preview.height;
  canvas.getContext("2d")!.drawImage(preview, 0, 0);
  preview.close();
  canvas.ariaLabel = `Your picture, ${name}`;
  canvas.hidden = false;
}

function showAnswer({ picture, classes, milliseconds }: Answer): void {
  showClassBars(byId("classes", HTMLOListElement), classes);
  const time = milliseconds === null ? "" : `, in ${formatFigure(milliseconds)} ms a picture`;
  byId("classes-note", HTMLElement).textContent = `${picture}: ${classes[0].label}${time}.`;
}

/** Opens the panel with the digits network. */
export async function openNetworkPanel(engine: Engine<"network">, layers: LayerPanel): Promise<DropZone> {
  const error = byId("own-error", HTMLElement);
  const note = byId("classes-note", HTMLElement);
  const classes = byId("classes", HTMLOListElement);
  const shape = byId("input-shape", HTMLInputElement);
  const race = openRacePanel(engine);
  let network = await engine.call("openDefault");

  const useNetwork = (view: NetworkView) => {
    network = view;
    showNetwork(view);
    race.forget(view.name);
    layers.show(view.name);
  };
  /** What is so when a file was refused: nothing that is shown belongs to it. */
  const refuse = (reason: unknown, before: string) => {
    note.textContent = before;
    const text = reason instanceof Error ? reason.message : String(reason);
    showError(error, `${text}. The network here is ${network.name}`);
  };
  const answer = async () => {
    const found = await engine.call("classify", BUDGET);
    if (found !== null) showAnswer(found);
    else {
      classes.replaceChildren();
      note.textContent = "No picture yet.";
    }
  };
  const answerOrSay = async () => {
    try {
      await answer();
    } catch (reason) {
      classes.replaceChildren();
      note.textContent = "No answer.";
      showError(error, reason);
    }
  };

  // One after the other, so that the last files given are those that stay.
  let queue: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>) => {
    queue = queue.then(work);
    return queue;
  };
  const take = (files: readonly File[]) =>
    inTurn(async () => {
      camera.stop();
      const before = note.textContent ?? "";
      showError(error, null);
      note.textContent = "Reading …";
      try {
        const taken = await engine.call("openFiles", files, shape.value);
        if (taken.picture !== null) showPicture(taken.picture);
        if (taken.network !== null) {
          // The shape was this network's: the next may have another.
          shape.value = "";
          useNetwork(taken.network);
        }
      } catch (reason) {
        refuse(reason, before);
        return;
      }
      await answerOrSay();
    });
  const takePhoto = async () => {
    try {
      const blob = await (await fetch(samplePhoto)).blob();
      take([new File([blob], "cat.jpg", { type: blob.type })]);
    } catch (reason) {
      showError(error, reason);
    }
  };
  const choosePreset = (name: string) =>
    inTurn(async () => {
      showError(error, null);
      try {
        useNetwork(await engine.call("choosePreset", name));
      } catch (reason) {
        refuse(reason, note.textContent ?? "");
        return;
      }
      await answerOrSay();
    });

  let told = 0;
  const camera = openCamera({
    async onFrame(frame, framesPerSecond) {
      const sent = engine.call("openFrame", frame);
      frame.close();
      await sent;
      const found = await engine.call("classify", 0);
      if (found === null) return;
      showClassBars(classes, found.classes);
      // Once a second: it is read out.
      if (performance.now() - told < 1000) return;
      told = performance.now();
      note.textContent = `The camera: ${found.classes[0].label}, ${formatSpeed(framesPerSecond)} pictures a second.`;
    },
    onStart() {
      showError(error, null);
      byId("picture", HTMLCanvasElement).hidden = true;
    },
    onError(reason) {
      classes.replaceChildren();
      note.textContent = "No answer.";
      showError(error, reason);
    },
  });

  onFiles(byId("model-file", HTMLInputElement), take);
  onFiles(byId("picture-file", HTMLInputElement), take);
  byId("sample-photo", HTMLButtonElement).addEventListener("click", takePhoto);
  byId("preset", HTMLSelectElement).addEventListener("change", ({ target }) =>
    choosePreset((target as HTMLSelectElement).value),
  );
  useNetwork(network);
  note.textContent = "No picture yet.";
  return { element: byId("drop", HTMLElement), take };
}
