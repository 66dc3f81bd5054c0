/** Pictures of every kind as the input of networks: what is written in one go is what the steps give one by one. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Ports } from "../../src/classify/port_layout.js";
import { openResample, pictureInput } from "../../src/classify/prepare.js";
import { composeOnWhite, type Image, imagenetCrop, resizeRules, toTensor } from "../../src/image/index.js";

function painting(width: number, height: number, channels: 1 | 3 | 4, isClear = false): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) =>
    channels === 4 && i % 4 === 3 && !isClear ? 255 : (i * i + 7 * i) % 256,
  );
  return { width, height, channels, data };
}

/** [n][c][h][w] as [n][h][w][c]. */
function channelsLast(data: ArrayLike<number>, channels: number, pixels: number): readonly number[] {
  return Array.from({ length: data.length }, (_, i) => {
    const [picture, pixel, channel] = [
      Math.floor(i / channels / pixels),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    return data[(picture * channels + channel) * pixels + pixel];
  });
}

for (const channels of [1, 3] as const) {
  it(`pictures of all kinds are one batch of ${channels === 1 ? "grey" : "colour"} planes, or pixels`, async () => {
    const [width, height] = [27, 19];
    const kinds = [1, 3, 4].flatMap((own) => [painting(61, 40, own as 1 | 3 | 4), painting(20, 53, own as 1 | 3 | 4)]);
    const pictures = [
      ...kinds,
      painting(33, 90, 4, true),
      painting(width, height, 4, true),
      painting(width, height, 4),
    ];
    for (const rule of resizeRules) {
      const steps = pictures.map((picture) =>
        picture.width === width ? picture : imagenetCrop(composeOnWhite(picture), width, height, { rule }),
      );
      const expected = toTensor(steps, channels);
      const planar: Ports = { name: "planar", inputShape: [1, channels, height, width] };
      assert.deepEqual(pictureInput(pictures, planar, rule), expected);
      const simd = await openResample(planar, rule);
      assert.equal(simd !== null, channels === 3);
      assert.deepEqual(pictureInput(pictures, planar, rule, simd), expected);
      const last: Ports = { name: "last", inputShape: [1, height, width, channels], layout: "NHWC" };
      const { shape, data } = pictureInput(pictures, last, rule);
      assert.deepEqual(shape, [pictures.length, height, width, channels]);
      assert.deepEqual([...data], channelsLast(expected.data, channels, width * height));
    }
  });
}
