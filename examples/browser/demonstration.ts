/** Digits that the page draws by itself, as strokes of a hand, in parts of the pad's side. */
import type { StrokePoint } from "./drawing_pad.js";

type Digit = readonly (readonly StrokePoint[])[];

/** An arc of an ellipse, angles in turns, clockwise from the top. */
function arc(center: StrokePoint, radius: StrokePoint, from: number, to: number): readonly StrokePoint[] {
  return Array.from({ length: 13 }, (_, i): StrokePoint => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / 12);
    return [center[0] + radius[0] * Math.sin(angle), center[1] - radius[1] * Math.cos(angle)];
  });
}

/** In the order in which they are shown. */
export const demonstrations: readonly Digit[] = [
  [[...arc([0.49, 0.34], [0.18, 0.16], -0.2, 0.5), ...arc([0.48, 0.66], [0.21, 0.18], 0, 0.7)]],
  [[...arc([0.5, 0.36], [0.2, 0.18], -0.22, 0.33), [0.45, 0.64], [0.3, 0.82], [0.5, 0.82], [0.73, 0.81]]],
  [
    [
      [0.67, 0.19],
      [0.4, 0.2],
      [0.37, 0.45],
    ],
    [[0.37, 0.47], ...arc([0.48, 0.63], [0.21, 0.19], -0.08, 0.68)],
  ],
  [
    [
      [0.28, 0.2],
      [0.72, 0.2],
      [0.6, 0.48],
      [0.45, 0.84],
    ],
  ],
];
