/** Strokes of mouse, pen or finger on a canvas: black ink on nothing, whatever the theme shows it as. */
import type { Image } from "../../src/image/index.js";

export interface DrawingPad {
  readonly clear: () => void;
  /** Puts ink in the middle, as large as a digit drawn by hand. */
  readonly place: (ink: ImageData) => void;
  /** The drawing as one grey plane, dark on white, or null if nothing is drawn. */
  readonly read: () => Image | null;
}

/**
 * Stroke width and the side of a placed sample, in parts of the pad's side; MNIST's strokes are about 1/9 of a digit's
 * height.
 */
const STROKE = 0.075;
const SAMPLE = 0.8;

/**
 * Side of what is read, pixels: the digit in it is scaled down to 20, and reading it takes a quarter of a millisecond.
 */
const READ_SIDE = 160;

interface Point {
  readonly x: number;
  readonly y: number;
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** `onChange` follows each change, with `done` false while a stroke goes on. */
export function drawingPad(canvas: HTMLCanvasElement, onChange: (done: boolean) => void): DrawingPad {
  const context = canvas.getContext("2d")!;
  const { width, height } = canvas;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.lineWidth = STROKE * width;

  const copy = document.createElement("canvas");
  copy.width = READ_SIDE;
  copy.height = READ_SIDE;
  const reader = copy.getContext("2d", { willReadFrequently: true })!;
  reader.imageSmoothingQuality = "high";

  /** The pointer that draws; others are ignored until it is lifted. */
  let pointer: number | null = null;
  let last: Point = { x: 0, y: 0 };
  let lastMiddle: Point = last;

  const at = (event: PointerEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * width) / box.width,
      y: ((event.clientY - box.top) * height) / box.height,
    };
  };

  /** A quadratic curve from middle to middle of the points: their corners become round. */
  const strokeTo = (point: Point) => {
    const next = middle(last, point);
    context.beginPath();
    context.moveTo(lastMiddle.x, lastMiddle.y);
    context.quadraticCurveTo(last.x, last.y, next.x, next.y);
    context.stroke();
    last = point;
    lastMiddle = next;
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    last = at(event);
    lastMiddle = last;
    strokeTo(last);
    onChange(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents();
    for (const each of events.length > 0 ? events : [event]) strokeTo(at(each));
    onChange(false);
  });
  const lift = (event: PointerEvent) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    strokeTo(last);
    onChange(true);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);

  return {
    clear() {
      context.clearRect(0, 0, width, height);
      onChange(true);
    },
    place(ink) {
      const sheet = document.createElement("canvas");
      sheet.width = ink.width;
      sheet.height = ink.height;
      sheet.getContext("2d")!.putImageData(ink, 0, 0);
      const scale = (SAMPLE * Math.min(width, height)) / Math.max(ink.width, ink.height);
      const size = { width: ink.width * scale, height: ink.height * scale };
      context.clearRect(0, 0, width, height);
      context.drawImage(sheet, (width - size.width) / 2, (height - size.height) / 2, size.width, size.height);
      onChange(true);
    },
    read() {
      reader.clearRect(0, 0, READ_SIDE, READ_SIDE);
      reader.drawImage(canvas, 0, 0, READ_SIDE, READ_SIDE);
      const { data } = reader.getImageData(0, 0, READ_SIDE, READ_SIDE);
      const gray = Uint8Array.from({ length: READ_SIDE * READ_SIDE }, (_, i) => 255 - data[4 * i + 3]);
      return gray.some((level) => level < 128)
        ? { width: READ_SIDE, height: READ_SIDE, channels: 1, data: gray }
        : null;
    },
  };
}
