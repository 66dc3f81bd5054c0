/** The example server under Node. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
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

test("examples/node closes connections on which nothing moves", async () => {
  const { url, child } = await startServer("examples/node/server.js", { IDLE_MS: "300" });
  try {
    const { hostname, port } = new URL(url);
    const closed = Array.from({ length: 64 }, async (_, i) => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      // Half of them say nothing at all, half begin and go no further.
      if (i % 2 === 1) socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nab");
      socket.resume();
      await once(socket, "close");
    });
    await Promise.all(closed);
    assert.equal((await post(url, samples[4], "image/png")).status, 200);
  } finally {
    child.kill("SIGKILL");
  }
});
