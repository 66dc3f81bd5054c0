import assert from "node:assert/strict";
import { test } from "node:test";
import { post, testDigitService } from "./digit_service.js";
import { samples, startServer, stopServer } from "./support.js";

test("examples/node serves digits and stops on a signal", async (t) => {
  const { url, child } = await startServer("examples/node/server.js");
  try {
    await testDigitService(t, url, 2 ** 23);
    await t.test("finishes what is under way before it stops", async () => {
      const pending = samples.map((png) => post(url, png, "image/png"));
      await Promise.race(pending);
      const code = stopServer(child);
      const statuses = await Promise.allSettled(pending);
      const answered = statuses.filter(({ status }) => status === "fulfilled");
      assert.ok(answered.length > 0);
      assert.equal(await code, 0);
      await assert.rejects(post(url, samples[0], "image/png"));
    });
  } finally {
    child.kill("SIGKILL");
  }
});
