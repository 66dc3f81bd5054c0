/** The example server under Node. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { post, testDigitService } from "./digit_service.js";
import { blankPng, importExample, samples, startServer, stopServer } from "./support.js";

interface Shots {
  readonly requests: number;
  readonly hostile: number;
  readonly stalled: number;
  readonly wrong: readonly string[];
}
interface Load {
  loadTest(options: { requests: number; connections: number }): Promise<{
    readonly alone: Shots;
    readonly beside: Shots;
  }>;
}

/** 15 million pixels of nothing: as long as a picture may take. */
const costly = blankPng(3900, 0);

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

test("examples/node answers small pictures while large ones are decoded", async () => {
  const { url, child } = await startServer("examples/node/server.js", { THREADS: "1" });
  try {
    const large = Array.from({ length: 4 }, () => post(url, costly, "image/png"));
    const done: string[] = [];
    const answered = large.map((response) => response.then(() => done.push("large")));
    for (const [digit, png] of samples.entries()) {
      const response = await post(url, png, "image/png");
      assert.equal(((await response.json()) as { readonly label: string }).label, String(digit));
      done.push("small");
    }
    await Promise.all(answered);
    assert.deepEqual(await Promise.all(large.map(async (response) => (await response).status)), [422, 422, 422, 422]);
    assert.ok(done.lastIndexOf("large") > done.indexOf("small"), done.join(" "));
  } finally {
    child.kill("SIGKILL");
  }
});

test("examples/node tells who takes too long to come again, and goes on", async () => {
  const { url, child } = await startServer("examples/node/server.js", { ANSWER_MS: "1" });
  try {
    const late = await post(url, costly, "image/png");
    assert.equal(late.status, 503);
    assert.equal(late.headers.get("retry-after"), "1");
    assert.match(((await late.json()) as { readonly error: string }).error, /come again/);
    assert.equal((await fetch(url)).status, 200);
    assert.equal(await stopServer(child), 0);
  } finally {
    child.kill("SIGKILL");
  }
});

test("examples/node under load: every good request is answered right beside hostile ones", async () => {
  const { loadTest } = await importExample<Load>("node/load.mjs");
  const { alone, beside } = await loadTest({ requests: 300, connections: 16 });
  assert.deepEqual([alone.wrong, beside.wrong], [[], []]);
  assert.deepEqual([alone.hostile, beside.requests, beside.hostile, beside.stalled], [0, 300, 30, 3]);
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
