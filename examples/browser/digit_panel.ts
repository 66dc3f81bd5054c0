/** The drawing pad, the pixels that the network reads, and its answer for all ten digits. */
import { showClassBars } from "./class_bars.js";
import { demonstrations } from "./demonstration.js";
import { byId, element, nextTask, showError } from "./dom.js";
import { type DrawingPad, drawingPad } from "./drawing_pad.js";
import { startEngine } from "./engine.js";
import { formatCount, formatFigure, formatPercent, formatSpeed } from "./figures.js";
import { imagePixels, isolateInk } from "./ink.js";
import type { DigitAnswer } from "./worker/digits.js";

const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
/** Milliseconds in which the page draws a digit. */
const DEMONSTRATION = 1400;
/** Milliseconds in which the network's speed is measured. */
const BUDGET = 50;

const sampleUrls = import.meta.glob<string>("../digits/*.png", { eager: true, query: "?url", import: "default" });

async function sampleInk(digit: string): Promise<ImageData> {
  const image = new Image();
  image.src = sampleUrls[`../digits/${digit}.png`];
  await image.decode();
  return isolateInk(imagePixels(image));
}

/** Draws grey levels, one a pixel. */
function showPixels(canvas: HTMLCanvasElement, levels: Uint8Array | null): void {
  const picture = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    const level = levels?.[i] ?? 0;
    picture.data.set([level, level, level, 255], 4 * i);
  }
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
}

function showAnswer(probabilities: Float64Array | null): void {
  const best = probabilities === null ? null : probabilities.indexOf(Math.max(...probabilities));
  showClassBars(
    byId("digit-bars", HTMLOListElement),
    DIGITS.map((label, i) => ({ label, probability: probabilities?.[i] ?? 0 })),
  );
  const answer = byId("answer", HTMLElement);
  answer.textContent = best === null ? "–" : DIGITS[best];
  answer.classList.toggle("empty", best === null);
  byId("answer-sure", HTMLElement).textContent = best === null ? "nothing drawn" : formatPercent(probabilities![best]);
}

function show(answer: DigitAnswer | null): void {
  byId("pad-hint", HTMLElement).hidden = answer !== null;
  showPixels(byId("seen", HTMLCanvasElement), answer?.seen ?? null);
  showAnswer(answer?.probabilities ?? null);
  const { dataset } = document.documentElement;
  if (answer !== null) dataset.firstAnswer ??= performance.now().toFixed(0);
}

/** Tells screen readers the answer: once a stroke is done. */
function announce(isEmpty: boolean): void {
  const { textContent: digit } = byId("answer", HTMLElement);
  const { textContent: sure } = byId("answer-sure", HTMLElement);
  byId("answer-live", HTMLElement).textContent = isEmpty ? "The pad is empty." : `This is a ${digit}, ${sure}.`;
}

function showSpeed(milliseconds: number): void {
  byId("speed", HTMLElement).textContent = formatSpeed(1000 / milliseconds);
  byId("digit-time", HTMLElement).textContent = `${formatFigure(milliseconds)} ms a picture, one thread`;
}

/** Reads the pad as often as answers come, and always once more after its last change. */
function reader(pad: () => DrawingPad) {
  const engine = startEngine("digits");
  const error = byId("draw-error", HTMLElement);
  let isBusy = false;
  let next: "no" | "goes on" | "done" = "no";

  const hasChanged = () => next !== "no";
  const takeChange = () => {
    const change = next;
    next = "no";
    return change;
  };
  const read = async () => {
    const isDone = takeChange() === "done";
    const answer = await engine.call("readDigit", pad().read());
    show(answer);
    showError(error, null);
    if (!isDone || hasChanged()) return;
    announce(answer === null);
    const milliseconds = answer === null ? null : await engine.call("timeDigit", BUDGET);
    if (milliseconds !== null) showSpeed(milliseconds);
  };
  const changed = async (done: boolean) => {
    next = done ? "done" : "goes on";
    if (isBusy) return;
    isBusy = true;
    try {
      while (hasChanged()) await read();
    } catch (reason) {
      next = "no";
      showAnswer(null);
      showError(error, reason);
    }
    isBusy = false;
  };
  const open = async () => {
    await engine.call("openDigits");
    byId("size", HTMLElement).textContent = formatCount((await engine.call("digitsBytes")) / 1000);
  };
  return { changed, open };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}

/** Opens the panel, and draws a digit on it. The promise is kept when the network is ready. */
export async function openDigitPanel(): Promise<void> {
  const { changed, open } = reader(() => pad);
  const pad = drawingPad(byId("pad", HTMLCanvasElement), changed);
  const error = byId("draw-error", HTMLElement);

  // Pictures are decoded in any order: only the sample that was asked for last is placed.
  let asked = 0;
  const clear = () => {
    asked++;
    pad.clear();
  };
  const load = async (digit: string) => {
    const request = ++asked;
    try {
      const ink = await sampleInk(digit);
      if (request === asked) pad.place(ink);
    } catch (reason) {
      showError(error, reason);
    }
  };
  let shown = 0;
  const demonstrate = () => {
    asked++;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return pad.trace(demonstrations[shown++ % demonstrations.length], isStill ? 0 : DEMONSTRATION);
  };
  for (const digit of DIGITS) {
    const button = element("button", { text: digit });
    button.type = "button";
    button.ariaLabel = `Sample ${digit}`;
    button.addEventListener("click", () => load(digit));
    byId("samples", HTMLElement).append(button);
  }
  byId("clear", HTMLButtonElement).addEventListener("click", clear);
  byId("demonstrate", HTMLButtonElement).addEventListener("click", demonstrate);
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") clear();
    else if (DIGITS.includes(event.key)) load(event.key);
  });
  showAnswer(null);
  const begin = () => void demonstrate();
  await Promise.all([open(), nextTask().then(begin)]);
}
