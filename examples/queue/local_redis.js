/** A Redis of one's own for a test or a measurement: on loopback, in a temporary folder, gone when it is stopped. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The distribution's; on Debian: apt-get install redis-server. */
export const REDIS_SERVER = process.env.REDIS_SERVER ?? "/usr/bin/redis-server";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Starts a server; `stop` ends it and removes its folder.
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), "xnorkit-redis-"));
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", dir: folder, appendonly: "yes", appendfsync: "everysec" };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(REDIS_SERVER, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child, "spawn");
  const ended = once(child, "close");

  async function stop() {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes("Ready to accept connections")) {
      child.stdout.resume();
      return { url: `redis://127.0.0.1:${port}`, stop };
    }
  }
  await stop();
  throw new Error(`${REDIS_SERVER} did not start:\n${lines.join("\n")}`);
}
