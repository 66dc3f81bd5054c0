/** Strokes of mouse, pen or finger on a canvas: black ink on nothing, whatever the theme shows it as. */
import { nextFrame } from "./dom.js";
import type { Drawing } from "./worker/digits.js";

/** A point of a stroke, in parts of the pad's side. */
export type StrokePoint = readonly [x: number, y: number];

export interface DrawingPad {
  readonly clear: () => void;
  /** Puts ink in the middle, as large as a digit drawn by hand. */
  readonly place: (ink: ImageData) => void;
  /** Draws strokes as a hand does, in so many milliseconds, until the pad is used otherwise; 0 draws them at once. */
  readonly trace: (strokes: readonly (readonly StrokePoint[])[], milliseconds: number) => Promise<void>;
  /** The drawing, scaled down. */
  readonly read: () => Drawing;
}

/**
 * Stroke width and the side of a placed sample, in parts of the pad's side; MNIST's strokes are about 1/9 of a digit's
 * height.
 */
const STROKE = 0.075;
const SAMPLE = 0.8;

/** Side of what is read, pixels: the digit in it is scaled down to 20. */
const READ_SIDE = 160;

interface Point {
  readonly x: number;
  readonly y: number;
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** Points along straight lines between those of a stroke, `count` of them. */
function alongStroke(stroke: readonly StrokePoint[], count: number): readonly StrokePoint[] {
  return Array.from({ length: count }, (_, i): StrokePoint => {
    const place = (i / Math.max(count - 1, 1)) * (stroke.length - 1);
    const from = stroke[Math.floor(place)];
    const to = stroke[Math.min(Math.floor(place) + 1, stroke.length - 1)];
    const part = place - Math.floor(place);
    return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
  });
}

const POINTS_OF_STROKE = 48;

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
  /** Counts what was done with the pad, so that a trace ends when something else is. */
  let uses = 0;

  const at = (event: PointerEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * width) / box.width,
      y: ((event.clientY - box.top) * height) / box.height,
    };
  };

  const begin = (point: Point) => {
    last = point;
    lastMiddle = point;
    strokeTo(point);
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
  const wipe = () => {
    uses++;
    context.clearRect(0, 0, width, height);
  };
  let isTraced = false;

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    // A hand that draws gets a clean pad, not the demonstration's strokes below its own.
    if (isTraced) wipe();
    isTraced = false;
    uses++;
    begin(at(event));
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
      wipe();
      isTraced = false;
      onChange(true);
    },
    place(ink) {
      const sheet = document.createElement("canvas");
      sheet.width = ink.width;
      sheet.height = ink.height;
      sheet.getContext("2d")!.putImageData(ink, 0, 0);
      const scale = (SAMPLE * Math.min(width, height)) / Math.max(ink.width, ink.height);
      const size = { width: ink.width * scale, height: ink.height * scale };
      wipe();
      isTraced = false;
      context.drawImage(sheet, (width - size.width) / 2, (height - size.height) / 2, size.width, size.height);
      onChange(true);
    },
    async trace(strokes, milliseconds) {
      wipe();
      isTraced = true;
      const use = uses;
      const points = strokes.map((stroke) => alongStroke(stroke, POINTS_OF_STROKE));
      const total = points.length * POINTS_OF_STROKE;
      const start = performance.now();
      let drawn = 0;
      while (drawn < total) {
        const now = milliseconds === 0 ? start : await nextFrame();
        if (use !== uses) return;
        const due = milliseconds === 0 ? total : Math.min(total, Math.ceil(((now - start) / milliseconds) * total));
        for (; drawn < due; drawn++) {
          const [x, y] = points[Math.floor(drawn / POINTS_OF_STROKE)][drawn % POINTS_OF_STROKE];
          const point = { x: x * width, y: y * height };
          if (drawn % POINTS_OF_STROKE === 0) begin(point);
          else strokeTo(point);
        }
        onChange(drawn === total);
      }
    },
    read() {
      reader.clearRect(0, 0, READ_SIDE, READ_SIDE);
      reader.drawImage(canvas, 0, 0, READ_SIDE, READ_SIDE);
      const { data } = reader.getImageData(0, 0, READ_SIDE, READ_SIDE);
      return { width: READ_SIDE, height: READ_SIDE, data };
    },
  };
}
