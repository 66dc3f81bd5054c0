/** Ten thousand runs of random networks and shapes with 1 to 4 threads: the same bits, and none that does not end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRuns } from "./threaded_runs.js";

test("10,000 runs with 1 to 4 threads give the same bits", { timeout: 1_200_000 }, async () => {
  assert.ok((await compareRuns({ runs: 10_000, seed: 7, most: 4 })) >= 10_000);
});
