/** Runs of random networks with threads: a share of threaded_runs.slow.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRuns } from "./threaded_runs.js";

test("any number of threads gives the bits of one", { timeout: 300_000 }, async () => {
  assert.ok((await compareRuns({ runs: 40, seed: 1, most: 4 })) >= 40);
});
