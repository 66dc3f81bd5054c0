/** The drawing pad, the pixels that the network reads, and its answer for all ten digits. */
import { createSession, type Session } from "xnorkit";
import { digitsModel } from "xnorkit/models/digits";
import { softmax, topIndices } from "../../src/cli/probabilities.js";
import { digitInput, toTensor } from "../../src/image/index.js";
import { showClassBars } from "./class_bars.js";
import { byId, element, formatFigure, formatPercent, showError } from "./dom.js";
import { drawingPad } from "./drawing_pad.js";
import { imagePixels, isolateInk } from "./ink.js";
import { meanMilliseconds } from "./measure.js";

const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

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

function showAnswer(probabilities: ArrayLike<number> | null): void {
  const best = probabilities === null ? null : topIndices(probabilities, 1)[0];
  showClassBars(
    byId("digit-bars", HTMLOListElement),
    DIGITS.map((label, i) => ({ label, probability: probabilities?.[i] ?? 0 })),
  );
  const answer = byId("answer", HTMLElement);
  answer.textContent = best === null ? "–" : DIGITS[best];
  answer.classList.toggle("empty", best === null);
  byId("answer-sure", HTMLElement).textContent = best === null ? "nothing drawn" : formatPercent(probabilities![best]);
}

/** Tells screen readers the answer once a stroke is done, and measures the network on it. */
function announce(session: Session, pixels: Parameters<Session["run"]>[0] | null): void {
  const live = byId("answer-live", HTMLElement);
  if (pixels === null) {
    live.textContent = "The pad is empty.";
    return;
  }
  const { textContent: digit } = byId("answer", HTMLElement);
  const { textContent: sure } = byId("answer-sure", HTMLElement);
  live.textContent = `This is a ${digit}, ${sure}.`;
  const milliseconds = meanMilliseconds(() => session.run(pixels), 20);
  byId("digit-time", HTMLElement).textContent = `${formatFigure(milliseconds)} ms a picture, one thread`;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}

export async function openDigitPanel(): Promise<void> {
  const error = byId("draw-error", HTMLElement);
  const session = await createSession(digitsModel());
  let frame = 0;

  const read = (done: boolean) => {
    frame = 0;
    try {
      const drawing = pad.read();
      byId("pad-hint", HTMLElement).hidden = drawing !== null;
      const pixels = drawing === null ? null : toTensor([digitInput(drawing)], 1);
      showPixels(byId("seen", HTMLCanvasElement), pixels === null ? null : (pixels.data as Uint8Array));
      showAnswer(pixels === null ? null : softmax(session.run(pixels).data));
      showError(error, null);
      if (done) announce(session, pixels);
    } catch (reason) {
      showError(error, reason);
    }
  };
  // While a stroke goes on, once a frame.
  const pad = drawingPad(byId("pad", HTMLCanvasElement), (done) => {
    cancelAnimationFrame(frame);
    if (done) read(true);
    else frame = requestAnimationFrame(() => read(false));
  });

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
  for (const digit of DIGITS) {
    const button = element("button", { text: digit });
    button.type = "button";
    button.ariaLabel = `Sample ${digit}`;
    button.addEventListener("click", () => load(digit));
    byId("samples", HTMLElement).append(button);
  }
  byId("clear", HTMLButtonElement).addEventListener("click", clear);
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") clear();
    else if (DIGITS.includes(event.key)) load(event.key);
  });
  read(false);
}
