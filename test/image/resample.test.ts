/** Resampling in plain JavaScript and on SIMD, against PIL's rule written down naively. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Box } from "../../src/image/box.js";
import { composeOnWhite, type Image, resizeBox } from "../../src/image/index.js";
import { interleaved, planes } from "../../src/image/placement.js";
import { resample } from "../../src/image/resample.js";
import { openSimdResample } from "../../src/image/resample_simd.js";
import { filterWindows } from "../../src/image/windows.js";

/** A pixel's neighbours along an axis and their weights, in units of 2^-22. */
function neighbours(from: number, to: number, index: number): readonly (readonly [at: number, weight: number])[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const center = (index + 0.5) * scale;
  const all = Array.from({ length: from }, (_, at) => at);
  const low = Math.max(Math.floor(center - support + 0.5), 0);
  const near = all.filter((at) => at >= low && at < Math.floor(center + support + 0.5));
  const parts = near.map((at) => Math.max(1 - Math.abs(at + 0.5 - center) / support, 0));
  const total = parts.reduce((a, b) => a + b, 0);
  return near.map((at, i) => [at, Math.floor((parts[i] / total) * 2 ** 22 + 0.5)]);
}

const rounded = (sum: number) => Math.min(Math.floor((sum + 2 ** 21) / 2 ** 22), 255);

/** A rectangle of the resized picture: interleaved channels. */
function naiveResize(
  { width, height, channels, data }: Image,
  toWidth: number,
  toHeight: number,
  box: Box,
): Uint8Array {
  const columns = Array.from({ length: box.width }, (_, x) => neighbours(width, toWidth, box.left + x));
  const rows = Array.from({ length: box.height }, (_, y) => neighbours(height, toHeight, box.top + y));
  const filtered = (y: number, x: number, channel: number) =>
    rounded(columns[x].reduce((sum, [at, weight]) => sum + data[(y * width + at) * channels + channel] * weight, 0));
  return Uint8Array.from({ length: box.width * box.height * channels }, (_, i) => {
    const [channel, x, y] = [i % channels, Math.floor(i / channels) % box.width, Math.floor(i / channels / box.width)];
    return rounded(rows[y].reduce((sum, [at, weight]) => sum + filtered(at, x, channel) * weight, 0));
  });
}

/** Interleaved pixels as planes. */
function planar(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  return Uint8Array.from(pixels, (_, i) => pixels[(i % count) * channels + Math.floor(i / count)]);
}

/** Every level and hard edges; alpha is 255 but where `alpha` says otherwise. */
function painting(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  alpha: (pixel: number) => number = () => 255,
): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    if (channels === 4 && i % 4 === 3) return alpha(i >> 2);
    return i % 11 < 2 ? 255 * (i % 2) : (i * i + 7 * i) % 256;
  });
  return { width, height, channels, data };
}

const simdOrNone = await openSimdResample();
assert.ok(simdOrNone !== null);
const resampleOnSimd = simdOrNone;

interface Resizing {
  readonly toWidth: number;
  readonly toHeight: number;
  readonly box: Box;
}

const windowsOf = ({ width, height }: Image, { toWidth, toHeight, box }: Resizing) =>
  [filterWindows(width, toWidth, box.left, box.width), filterWindows(height, toHeight, box.top, box.height)] as const;

const side = fc.integer({ min: 1, max: 40 });
const within = (most: number, least = 1) =>
  fc
    .integer({ min: least, max: most })
    .chain((count) => fc.integer({ min: 0, max: most - count }).map((first) => [first, count] as const));
const resizings = (least: number) =>
  fc.tuple(fc.integer({ min: least, max: 40 }), side).chain(([toWidth, toHeight]) =>
    fc.tuple(within(toWidth, least), within(toHeight)).map(([[left, width], [top, height]]): Resizing => {
      return { toWidth, toHeight, box: { left, top, width, height } };
    }),
  );

describe("resampling in plain JavaScript", () => {
  it("gives PIL's bytes of any number of channels", () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(1, 3, 4), resizings(1), (width, height, channels, resizing) => {
        const picture = painting(width, height, channels as 1 | 3 | 4, (pixel) => (pixel * 37) % 256);
        const { toWidth, toHeight, box } = resizing;
        const { data } = resizeBox(picture, toWidth, toHeight, box);
        assert.deepEqual(data, naiveResize(picture, toWidth, toHeight, box));
      }),
      { numRuns: 150 },
    );
  });

  it("lays RGBA on white before it is filtered, and writes to any place", () => {
    for (const alpha of [() => 255, (pixel: number) => (pixel < 90 ? 255 : pixel % 256)]) {
      const picture = painting(31, 17, 4, alpha);
      const resizing = { toWidth: 12, toHeight: 20, box: { left: 1, top: 3, width: 9, height: 11 } };
      const expected = naiveResize(composeOnWhite(picture), 12, 20, resizing.box);
      const [columns, rows] = windowsOf(picture, resizing);
      const size = expected.length;
      const data = new Uint8Array(2 * size + 2);
      resample(picture, 3, columns, rows, planes(data, 1, size / 3));
      resample(picture, 3, columns, rows, interleaved(data, size + 1, 3));
      assert.deepEqual([...data], [0, ...planar(expected, 3), ...expected, 0]);
    }
  });
});

describe("resampling on SIMD", () => {
  it("gives PIL's bytes of RGB and of opaque RGBA", () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(3, 4), resizings(4), (width, height, channels, resizing) => {
        const picture = painting(width, height, channels as 3 | 4);
        const { toWidth, toHeight, box } = resizing;
        const expected = planar(naiveResize(composeOnWhite(picture), toWidth, toHeight, box), 3);
        const data = new Uint8Array(expected.length + 2);
        const place = planes(data, 1, expected.length / 3);
        assert.ok(resampleOnSimd(picture, ...windowsOf(picture, resizing), place));
        assert.deepEqual([...data], [0, ...expected, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it("takes large pictures in blocks of rows, and the same memory again for small ones", () => {
    for (const [width, height] of [
      [1300, 700],
      [40, 30],
      [3, 90000],
    ]) {
      for (const channels of [3, 4] as const) {
        const picture = painting(width, height, channels);
        const resizing = { toWidth: 25, toHeight: 33, box: { left: 2, top: 1, width: 22, height: 31 } };
        const [columns, rows] = windowsOf(picture, resizing);
        const [found, expected] = [new Uint8Array(3 * 22 * 31), new Uint8Array(3 * 22 * 31)];
        assert.ok(resampleOnSimd(picture, columns, rows, planes(found, 0, 22 * 31)));
        resample(picture, 3, columns, rows, planes(expected, 0, 22 * 31));
        assert.deepEqual(found, expected);
      }
    }
  });

  it("leaves to the other way what it does not do, and writes nothing then", () => {
    const resizing = { toWidth: 20, toHeight: 20, box: { left: 0, top: 0, width: 20, height: 20 } };
    const data = new Uint8Array(1200);
    const isDone = (picture: Image, { toWidth, toHeight, box } = resizing, place = planes(data, 0, 400)) =>
      resampleOnSimd(picture, ...windowsOf(picture, { toWidth, toHeight, box }), place);
    assert.ok(!isDone(painting(30, 30, 1)));
    assert.ok(!isDone(painting(30, 30, 3), resizing, interleaved(data, 0, 3)));
    assert.ok(!isDone(painting(30, 30, 3), { ...resizing, box: { left: 0, top: 0, width: 3, height: 20 } }));
    for (const clear of [0, 17, 899]) {
      assert.ok(!isDone(painting(30, 30, 4, (pixel) => (pixel === clear ? 254 : 255))));
    }
    // More filtered rows than the memory that is kept may hold.
    assert.ok(!isDone(painting(1, 300_000, 3)));
    assert.ok(data.every((byte) => byte === 0));
    // What the result does not need may be clear.
    const half = { toWidth: 20, toHeight: 20, box: { left: 0, top: 0, width: 8, height: 20 } };
    assert.ok(
      isDone(
        painting(30, 30, 4, (pixel) => (pixel % 30 < 20 ? 255 : 0)),
        half,
      ),
    );
  });
});
