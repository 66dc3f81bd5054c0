// Draws examples/digits/0.png ... 9.png: ten handwritten digits, each by another hand. A stroke is a list of points
// that the pen passes, joined by a Catmull-Rom spline and drawn with a round brush; a point's third number is the
// pressure there.
import { mkdirSync, writeFileSync } from "node:fs";
import pngjs from "pngjs";

const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];

/**
 * width, height: pixels of the picture; left, top, tall, wide: the box of the digit, in pixels; brush: thickness of the
 * pen; slant: how far the top leans to the right, as part of the height; strokes: points of the box, 0..1 from the top
 * left.
 */
const digits = [
  {
    // A quick oval with a ballpoint, closed a little past its start.
    digit: 0,
    width: 140,
    height: 140,
    left: 44,
    top: 22,
    wide: 56,
    tall: 92,
    brush: 5,
    slant: 0.12,
    ink: [20, 30, 120],
    paper: WHITE,
    strokes: [
      [
        [0.62, 0.04],
        [0.3, 0.06],
        [0.05, 0.34],
        [0.02, 0.68],
        [0.24, 0.97],
        [0.6, 0.96],
        [0.93, 0.66],
        [0.98, 0.32],
        [0.74, 0.05],
        [0.46, 0.08],
      ],
    ],
  },
  {
    // One slanted stroke with a short upstroke, chalk on a board.
    digit: 1,
    width: 100,
    height: 160,
    left: 38,
    top: 28,
    wide: 22,
    tall: 104,
    brush: 9,
    slant: 0.1,
    ink: [240, 240, 235],
    paper: BLACK,
    strokes: [
      [
        [0.0, 0.2, 0.8],
        [0.45, 0.1],
        [0.72, 0.0],
        [0.68, 0.3],
        [0.66, 0.65],
        [0.62, 1.0],
      ],
    ],
  },
  {
    // With a loop at the foot, felt pen.
    digit: 2,
    width: 220,
    height: 220,
    left: 58,
    top: 46,
    wide: 108,
    tall: 136,
    brush: 15,
    slant: 0.05,
    ink: BLACK,
    paper: WHITE,
    strokes: [
      [
        [0.06, 0.26],
        [0.22, 0.06],
        [0.52, 0.0],
        [0.82, 0.14],
        [0.8, 0.4],
        [0.54, 0.66],
        [0.2, 0.9],
        [0.05, 0.96],
        [0.08, 0.82],
        [0.26, 0.82],
        [0.54, 0.95],
        [0.78, 1.0],
        [1.0, 0.9],
      ],
    ],
  },
  {
    // Two round bows, thin and light.
    digit: 3,
    width: 96,
    height: 128,
    left: 26,
    top: 18,
    wide: 44,
    tall: 84,
    brush: 4,
    slant: 0.04,
    ink: WHITE,
    paper: BLACK,
    strokes: [
      [
        [0.08, 0.12],
        [0.36, 0.0],
        [0.74, 0.04],
        [0.88, 0.22],
        [0.7, 0.4],
        [0.36, 0.47],
        [0.72, 0.5],
        [0.97, 0.68],
        [0.86, 0.9],
        [0.5, 1.0],
        [0.14, 0.96],
        [0.0, 0.84],
      ],
    ],
  },
  {
    // Open top, two strokes, a pencil on cream paper.
    digit: 4,
    width: 180,
    height: 200,
    left: 44,
    top: 36,
    wide: 88,
    tall: 118,
    brush: 6,
    slant: 0.08,
    ink: [96, 96, 100],
    paper: [240, 234, 218],
    grain: 7,
    strokes: [
      [
        [0.22, 0.0, 0.9],
        [0.14, 0.28],
        [0.04, 0.56],
        [0.1, 0.62],
        [0.5, 0.6],
        [1.0, 0.56, 0.7],
      ],
      [
        [0.74, 0.14, 0.8],
        [0.72, 0.45],
        [0.68, 0.74],
        [0.66, 1.0, 0.8],
      ],
    ],
  },
  {
    // Bow first, the bar after it and not quite joined, broad marker.
    digit: 5,
    width: 280,
    height: 260,
    left: 84,
    top: 48,
    wide: 112,
    tall: 158,
    brush: 20,
    slant: 0.1,
    ink: [235, 60, 50],
    paper: WHITE,
    strokes: [
      [
        [0.2, 0.03],
        [0.15, 0.22],
        [0.1, 0.42],
        [0.4, 0.36],
        [0.78, 0.46],
        [0.92, 0.7],
        [0.7, 0.95],
        [0.32, 1.0],
        [0.0, 0.9],
      ],
      [
        [0.22, 0.04],
        [0.5, 0.06],
        [0.96, 0.0],
      ],
    ],
  },
  {
    // A long back and a small belly, brush on black.
    digit: 6,
    width: 200,
    height: 240,
    left: 58,
    top: 40,
    wide: 82,
    tall: 152,
    brush: 13,
    slant: 0.06,
    ink: [250, 220, 120],
    paper: BLACK,
    strokes: [
      [
        [0.78, 0.0, 0.7],
        [0.44, 0.16],
        [0.14, 0.46],
        [0.02, 0.74],
        [0.2, 0.97],
        [0.58, 0.99],
        [0.9, 0.84],
        [0.88, 0.62],
        [0.58, 0.52],
        [0.24, 0.62],
        [0.08, 0.8, 0.8],
      ],
    ],
  },
  {
    // Small, with the cross bar of the continent.
    digit: 7,
    width: 64,
    height: 72,
    left: 17,
    top: 13,
    wide: 27,
    tall: 44,
    brush: 3.2,
    slant: 0.02,
    ink: [30, 30, 30],
    paper: WHITE,
    strokes: [
      [
        [0.0, 0.1],
        [0.2, 0.03],
        [0.6, 0.03],
        [1.0, 0.0],
        [0.8, 0.28],
        [0.58, 0.6],
        [0.42, 1.0],
      ],
      [
        [0.26, 0.54],
        [0.56, 0.5],
        [0.88, 0.48],
      ],
    ],
  },
  {
    // One stroke that crosses itself and does not quite close, a mouse in a paint program.
    digit: 8,
    width: 256,
    height: 256,
    left: 84,
    top: 54,
    wide: 84,
    tall: 150,
    brush: 12,
    slant: 0.09,
    ink: WHITE,
    paper: BLACK,
    strokes: [
      [
        [0.82, 0.14],
        [0.56, 0.0],
        [0.2, 0.06],
        [0.1, 0.24],
        [0.34, 0.42],
        [0.72, 0.56],
        [0.94, 0.78],
        [0.68, 0.98],
        [0.28, 0.98],
        [0.06, 0.8],
        [0.24, 0.58],
        [0.62, 0.42],
        [0.86, 0.26],
        [0.88, 0.16],
      ],
    ],
  },
  {
    // A round head and a straight tail, thick on a small board.
    digit: 9,
    width: 88,
    height: 110,
    left: 26,
    top: 20,
    wide: 34,
    tall: 68,
    brush: 8,
    slant: 0.05,
    ink: [200, 230, 255],
    paper: [12, 12, 16],
    strokes: [
      [
        [0.92, 0.16],
        [0.62, 0.0],
        [0.2, 0.06],
        [0.02, 0.3],
        [0.22, 0.5],
        [0.6, 0.46],
        [0.9, 0.2],
        [0.93, 0.12],
        [0.9, 0.4],
        [0.84, 0.7],
        [0.76, 1.0],
      ],
    ],
  },
];

const STEPS_PER_SEGMENT = 24;

/** Points of the curve through all of a stroke's points; the ends count twice. */
function spline(points) {
  const at = (i) => points[Math.min(Math.max(i, 0), points.length - 1)];
  const curve = [];
  for (let i = 0; i < points.length - 1; i++) {
    for (let step = 0; step < STEPS_PER_SEGMENT; step++) {
      const t = step / STEPS_PER_SEGMENT;
      curve.push(
        [0, 1, 2].map((k) => {
          const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)].map((point) => point[k] ?? 1);
          return q + 0.5 * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
        }),
      );
    }
  }
  return [
    ...curve,
    at(points.length - 1)
      .concat(1)
      .slice(0, 3),
  ];
}

/** Distance from a point to the segment a-b, and how far along it the nearest point lies. */
function distanceToSegment(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0), 1);
  return { along, distance: Math.hypot(x - ax - along * dx, y - ay - along * dy) };
}

/** How much of each pixel the ink covers, 0..1: the brush's radius against the distance of the pixel's centre. */
function coverage({ width, height, left, top, wide, tall, brush, slant, strokes }) {
  const covered = new Float64Array(width * height);
  for (const stroke of strokes) {
    const pixels = spline(stroke).map(([x, y, pressure]) => [
      left + x * wide + (0.5 - y) * slant * tall,
      top + y * tall,
      pressure,
    ]);
    for (let i = 0; i + 1 < pixels.length; i++) {
      const [a, b] = [pixels[i], pixels[i + 1]];
      const reach = brush + 2;
      const [firstX, lastX] = [Math.min(a[0], b[0]) - reach, Math.max(a[0], b[0]) + reach].map(Math.floor);
      const [firstY, lastY] = [Math.min(a[1], b[1]) - reach, Math.max(a[1], b[1]) + reach].map(Math.floor);
      for (let y = Math.max(firstY, 0); y <= Math.min(lastY, height - 1); y++) {
        for (let x = Math.max(firstX, 0); x <= Math.min(lastX, width - 1); x++) {
          const { along, distance } = distanceToSegment(x + 0.5, y + 0.5, a, b);
          const radius = (brush / 2) * (a[2] + along * (b[2] - a[2]));
          const inside = Math.min(Math.max(radius - distance + 0.5, 0), 1);
          covered[y * width + x] = Math.max(covered[y * width + x], inside);
        }
      }
    }
  }
  return covered;
}

/** Park-Miller generator, so that the grain of the paper is the same in every run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

const folder = new URL("../examples/digits/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const drawing of digits) {
  const { digit, width, height, ink, paper, grain = 0 } = drawing;
  const png = new pngjs.PNG({ width, height });
  const next = random(digit + 1);
  for (const [pixel, covered] of coverage(drawing).entries()) {
    const noise = grain * (next() + next() - 1);
    for (let channel = 0; channel < 3; channel++) {
      const level = paper[channel] + covered * (ink[channel] - paper[channel]) + noise * (1 + covered);
      png.data[4 * pixel + channel] = Math.round(Math.min(Math.max(level, 0), 255));
    }
    png.data[4 * pixel + 3] = 255;
  }
  writeFileSync(new URL(`${digit}.png`, folder), pngjs.PNG.sync.write(png, { colorType: 2 }));
}
