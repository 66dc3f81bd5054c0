/** Starts and stops workerd, and looks at its process from outside. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The binary that `npm ci --prefix test/runtimes` installs, or the one that WORKERD names. */
export const workerd =
  process.env.WORKERD ??
  fileURLToPath(new URL("../../test/runtimes/node_modules/@cloudflare/workerd-linux-64/bin/workerd", import.meta.url));

/** @typedef {{ url: string, pid: number, stopped: Promise<unknown>, stop: () => Promise<void> }} RunningWorker */

/**
 * Serves a built worker on loopback; resolves when it listens.
 * @param {string} config workerd's configuration
 * @param {number} [port] 0: any that is free
 * @returns {Promise<RunningWorker>}
 */
export async function serveWorker(config, port = 0) {
  if (!existsSync(workerd)) throw new Error(`${workerd} is not there: npm ci --prefix test/runtimes`);
  const args = ["serve", config, `--socket-addr=http=127.0.0.1:${port}`, "--control-fd=3"];
  const child = spawn(workerd, args, { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const stopped = once(child, "exit");
  const control = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
  const listening = (async () => {
    let text = "";
    for await (const part of control) {
      text += part;
      const match = text.match(/"port":(\d+)/);
      if (match !== null) return Number(match[1]);
    }
    throw new Error("workerd stopped before it listened");
  })();
  const url = `http://127.0.0.1:${await listening}/`;
  const stop = async () => {
    child.kill("SIGTERM");
    await stopped;
  };
  return { url, pid: /** @type {number} */ (child.pid), stopped, stop };
}

/** Resident memory of a process in bytes (VmRSS of /proc/PID/status). @param {number} pid */
export function residentBytes(pid) {
  const [, kilobytes] = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/) ?? [];
  return 1024 * Number(kilobytes);
}

/**
 * CPU time of a process in milliseconds, user and system, all threads. /proc/PID/stat counts in steps of 10 ms; the
 * threads' own schedstat counts the same in nanoseconds.
 * @param {number} pid
 */
export function cpuMilliseconds(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]),
  );
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** CPU time as /proc/PID/stat has it: utime + stime, in ticks of 10 ms on Linux. @param {number} pid */
export function statMilliseconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
