/** The kernels give what the frameworks gave, on every golden network. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "../../src/runtime/session.js";
import { skipWithout } from "../support/shared.js";
import { followDecisions } from "./decisions.js";
import {
  AWNAS_FULL_GOLDEN,
  AWNAS_GOLDENS,
  BMXNET_GOLDENS,
  compare,
  DIGITS_FILES,
  type Golden,
  goldenFiles,
  loadDigits,
  loadGolden,
} from "./support.js";

/** Quantiser decisions that may differ from the recorded run, as the golden says: exact zeros do not, near ties may. */
function recordedTies({ description }: Golden): number {
  const margins = (description.margins ?? description.sign_margins) as Record<string, unknown>;
  const disagreements = description.quant_disagreements_f32_vs_f64 ?? description.sign_disagreements_f32_vs_f64;
  const ties = Number(margins.near_tie_1e5) + Number(disagreements);
  assert.ok(Number.isInteger(ties), "the golden records its near ties");
  return ties;
}

/**
 * The networks whose records say that no decision is near a tie; the others are compared on the kernels' own decisions
 * alone.
 */
const NEAR_TIES = new Set(["bmx_e2_18_b1a4", "bmx_meliusnet22_g16", AWNAS_FULL_GOLDEN]);

const networks = [...BMXNET_GOLDENS, ...AWNAS_GOLDENS, AWNAS_FULL_GOLDEN];

for (const [name, kernel] of networks.flatMap((name) => [[name, "table"] as const, [name, "popcount"] as const])) {
  test(`the ${kernel} kernels give ${name}, output and taps`, { skip: skipWithout(...goldenFiles(name)) }, async () => {
    const golden = loadGolden(name);
    assert.equal(recordedTies(golden) > 0, NEAR_TIES.has(name));
    if (NEAR_TIES.has(name)) return;
    const taps = [...golden.taps.keys()];
    const tapped = await createSession(golden, { taps, kernel });
    const outputs = { tapped: tapped.run(golden.input) };
    for (const [path, expected] of golden.taps) {
      const actual = tapped.tap(path);
      assert.deepEqual(actual.shape, expected.shape, path);
      const { difference, scale } = compare(actual.data as Float32Array, expected.data);
      // Taps are of the float32 run, which has roundings of its own.
      assert.ok(difference <= 1e-4 * scale, `${path} differs by ${difference} at a scale of ${scale}`);
    }
    // Without taps everything is fused, which is another program.
    const fused = await createSession(golden, { kernel });
    for (const [way, output] of Object.entries({ ...outputs, fused: fused.run(golden.input) })) {
      assert.deepEqual(output.shape, golden.output.shape);
      const { difference, scale } = compare(output.data as Float32Array, golden.outputF64.data);
      assert.ok(difference <= 1e-5 * scale, `${way} output differs by ${difference} at a scale of ${scale}`);
    }
  });

  test(`${name} by ${kernel} follows the reference on its own decisions`, {
    skip: skipWithout(...goldenFiles(name)),
  }, async () => {
    const golden = loadGolden(name);
    const { differing, farthest, difference, scale } = await followDecisions(golden, golden.input, { kernel });
    assert.ok(farthest < 1e-4, `${differing} decisions differ, one of them ${farthest} from its threshold`);
    assert.ok(difference <= 1e-5 * scale, `output differs by ${difference} at a scale of ${scale}`);
  });
}

test("the kernels read the 200 sample digits as the framework does", {
  skip: skipWithout(...DIGITS_FILES),
}, async () => {
  const { graph, weights, images, outputF64 } = loadDigits();
  const session = await createSession({ graph, weights });
  const [count, ...size] = images.shape;
  const pixels = size.reduce((a, b) => a * b, 1);
  const classes = outputF64.shape[1];
  const argmax = (values: ArrayLike<number>) =>
    Array.from(values).reduce((best, v, i, all) => (v > all[best] ? i : best), 0);
  let close = 0;
  for (let i = 0; i < count; i++) {
    const input = { shape: [1, ...size], data: images.data.subarray(i * pixels, (i + 1) * pixels) };
    const { data } = session.run(input);
    const expected = outputF64.data.subarray(i * classes, (i + 1) * classes);
    if (compare(data as Float32Array, expected).difference <= 1e-3) close++;
    assert.equal(argmax(data), argmax(expected), `image ${i}`);
  }
  assert.ok(close >= 195, `${close} of ${count} images agree within 1e-3`);
});
