/**
 * Pictures to try the queue with: the sample digits moved and grained, no two files alike.
 *
 *     node examples/queue/pictures.js FOLDER [COUNT]
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";

const SIDE = 70;
const GRAIN = 24;

/** A sample digit at half its size, light and dark as it is. @param {number} digit */
async function sample(digit) {
  const png = PNG.sync.read(await readFile(new URL(`../digits/${digit}.png`, import.meta.url)));
  const at = (/** @type {number} */ x, /** @type {number} */ y) => png.data[4 * (y * png.width + x)];
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const [left, top] = [x, y].map((value) => Math.min(Math.max(2 * value, 0), png.width - 1));
    return at(left, top);
  };
}

/** Whole numbers below `limit`, the same ones every time. @param {number} seed */
function randomInts(seed) {
  let state = seed + 1;
  return (/** @type {number} */ limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/**
 * Writes `count` PNG files into a folder, which is made if it is not there.
 * @param {string} folder
 * @param {number} count
 */
export async function writePictures(folder, count) {
  await mkdir(folder, { recursive: true });
  const samples = await Promise.all(Array.from({ length: 10 }, (_, digit) => sample(digit)));
  for (let index = 0; index < count; index++) {
    const random = randomInts(index);
    const [right, down] = [random(9) - 4, random(9) - 4];
    const png = new PNG({ width: SIDE, height: SIDE, colorType: 0 });
    for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
      const level = samples[index % 10]((pixel % SIDE) - right, Math.floor(pixel / SIDE) - down);
      const grained = Math.min(Math.max(level + random(2 * GRAIN) - GRAIN, 0), 255);
      png.data.set([grained, grained, grained, 255], 4 * pixel);
    }
    const name = `${String(index).padStart(5, "0")}.png`;
    await writeFile(join(folder, name), PNG.sync.write(png, { colorType: 0 }));
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder, count = "2000"] = argv;
  if (folder === undefined) {
    console.error("usage: node examples/queue/pictures.js FOLDER [COUNT]");
    process.exit(2);
  }
  await writePictures(folder, Number(count));
}
