/** How cases are timed: by turns, warm, and with the best of the samples. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { interleave, timing } from "../../bench/support/measure.js";
import { benchResult } from "../../bench/support/report.js";
import { measureSuite } from "../../bench/support/suite.js";

test("best and median of samples", () => {
  assert.deepEqual(timing([3, 1, 2]), { bestMs: 1, medianMs: 2, samples: [1, 2, 3] });
  assert.equal(timing([4, 1, 2, 3]).medianMs, 2.5);
  assert.throws(() => timing([]), RangeError);
});

test("cases run by turns after their warm-up", async () => {
  const order: string[] = [];
  const cases = [
    { name: "a", run: () => order.push("a") },
    { name: "b", run: async () => order.push("b") },
  ];
  const timings = await interleave(cases, { rounds: 2, repeats: 2, warmUp: 1 });
  assert.equal(order.join(""), "ab" + "aabb" + "aabb");
  assert.equal(timings.get("a")!.samples.length, 4);
  assert.equal(timings.get("b")!.samples.length, 4);
});

test("benchmark.js times every case in every round", () => {
  const runs = { a: 0, b: 0 };
  const cases = [
    { name: "a", run: () => void runs.a++ },
    { name: "b", run: () => void runs.b++ },
  ];
  const timings = measureSuite(cases, { rounds: 2, seconds: 0.001 });
  assert.deepEqual([...timings.keys()], ["a", "b"]);
  for (const { samples } of timings.values()) assert.ok(samples.length >= 2);
  assert.ok(runs.a > 0 && runs.b > 0);
});

test("an error in a case is not swallowed", () => {
  const broken = {
    name: "broken",
    run: () => {
      throw new Error("broken case");
    },
  };
  assert.throws(() => measureSuite([broken], { rounds: 1, seconds: 0.001 }), /broken case/);
});

test("rates and ratios come from the best times", () => {
  const result = benchResult({
    suite: "s",
    name: "n",
    variant: "v",
    timing: { bestMs: 2, medianMs: 4 },
    macs: 6e6,
    others: { peer: { bestMs: 5 } },
  });
  assert.deepEqual(result, {
    suite: "s",
    name: "n",
    variant: "v",
    bestMs: 2,
    medianMs: 4,
    gmacPerSecond: 3,
    ratios: { peer: 2.5 },
  });
});
