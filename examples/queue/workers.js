/** Workers as processes of their own, as they run in earnest. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("worker.js", import.meta.url));

/**
 * Starts a worker; resolves when it listens.
 * @param {string} redisUrl
 * @param {Readonly<Record<string, string>>} [env]
 */
export async function startWorker(redisUrl, env = {}) {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, REDIS_URL: redisUrl, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  /** Stops it as a terminal does, or kills it. @param {NodeJS.Signals} [signal] */
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("worker ")) {
      child.stdout.resume();
      return { pid: /** @type {number} */ (child.pid), stop };
    }
  }
  await ended;
  throw new Error(`a worker ended before it listened, code ${child.exitCode}`);
}
