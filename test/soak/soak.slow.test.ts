/** A short soak: every way of running gives the bits of the first answer, workers that end included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ways } from "./runners.js";
import { soak } from "./soak.js";

test("answers stay what they were the first time", async () => {
  const report = await soak({ seed: 7, steps: 200 });
  assert.equal(report.steps, 200);
  assert.ok(report.compared > 20, `${report.compared} compared`);
  assert.ok(report.workersEnded > 0 && report.failedRuns >= 0);
  assert.deepEqual(Object.keys(report.opened).sort(), ways.map(({ name }) => name).sort());
});
