/** The network that the page carries, reading what is drawn. */
import { createSession, type Session, saveModel, type Tensor } from "xnorkit";
import { digitsModel } from "xnorkit/models/digits";
import { rowSoftmax } from "../../../src/classify/probabilities.js";
import { digitInput, type Image, toTensor } from "../../../src/image/index.js";
import { meanMilliseconds } from "./measure.js";

/** Ink on nothing: RGBA of which alpha counts. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export interface DigitAnswer {
  /** Of the ten digits. */
  readonly probabilities: Float64Array;
  /** The 32x32 grey levels that the network reads. */
  readonly seen: Uint8Array;
}

/** Ink that is nearly transparent is the edge of a stroke, not a drawing. */
const LEAST_INK = 128;

let session: Session | null = null;
let last: Tensor | null = null;

export async function openDigits(): Promise<void> {
  session ??= await createSession(digitsModel());
}

/** Bytes of the network as a packed file. */
export function digitsBytes(): number {
  return saveModel(digitsModel()).length;
}

/** Dark on white. */
function toGray({ width, height, data }: Drawing): Image | null {
  const gray = new Uint8Array(width * height);
  let hasInk = false;
  for (let i = 0; i < gray.length; i++) {
    gray[i] = 255 - data[4 * i + 3];
    hasInk ||= data[4 * i + 3] > LEAST_INK;
  }
  return hasInk ? { width, height, channels: 1, data: gray } : null;
}

/** Null if nothing is drawn. */
export async function readDigit(drawing: Drawing): Promise<DigitAnswer | null> {
  await openDigits();
  const gray = toGray(drawing);
  if (gray === null) return null;
  last = toTensor([digitInput(gray)], 1);
  return { probabilities: rowSoftmax(session!.run(last).data), seen: Uint8Array.from(last.data) };
}

/** Mean milliseconds of the network on the last drawing, measured for about `budget` of them; null before the first. */
export async function timeDigit(budget: number): Promise<number | null> {
  await openDigits();
  const pixels = last;
  return pixels === null ? null : meanMilliseconds(() => session!.run(pixels), budget);
}
