/** The real workerd, serving the bundle on a loopback port that it chooses itself. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { bundleForWorkerd } from "./bundles.js";

const LIMIT = 60_000;

/** The port in the first `listen` event of workerd's control stream. */
async function listeningPort(events: Readable): Promise<number> {
  let text = "";
  for await (const chunk of events) {
    text += chunk;
    const port = /"event":"listen".*?"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error("workerd ended before it listened");
}

/** What the worker answers, as text; workerd is stopped whatever happens. */
export async function askWorkerd(binary: string, folder: string): Promise<string> {
  const { outdir, config } = await bundleForWorkerd(folder);
  writeFileSync(join(outdir, "config.capnp"), config);
  const args = ["serve", "--control-fd=3", "config.capnp"];
  const child = spawn(binary, args, { cwd: outdir, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (printed += chunk));
  const stop = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    const port = await listeningPort(child.stdio[3] as Readable);
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(LIMIT) });
    const text = await response.text();
    if (response.ok) return text;
    throw new Error(text);
  } catch (cause) {
    throw new Error(`workerd: ${cause}\n${printed}`, { cause });
  } finally {
    clearTimeout(stop);
    child.kill();
    await ended;
  }
}
