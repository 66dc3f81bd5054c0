/**
 * Load test of the digits server on loopback: requests over 16 connections, first good ones alone, then as many with a
 * tenth of them hostile, and connections that stall beside. Prints latency, what was wrong, and the server's memory;
 * exits with 1 if an answer was wrong, if good requests wait twice as long or longer beside hostile ones (p99), or if
 * memory grows from the first half of the hostile part to the second.
 *
 *     node examples/node/load.mjs [--requests N] [--connections N] [--json]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { hostileRequests, stall } from "./hostile.mjs";

/** One of so many requests is hostile; one of so many hostile ones leaves a connection that stalls as well. */
const HOSTILE_EVERY = 10;
const STALL_EVERY = 10;
/** The costliest pictures, sent less often: one is worth hundreds of others. */
const COSTLY_EVERY = 20;
const IDLE_MS = 2000;
/** The heap takes its size, and code is compiled, before anything is measured. */
const WARM_UP_PART = 10;
/** A large picture is 200 MB for a moment: one look at the memory says little, the median of many what stays. */
const LOOK_MS = 100;
/** A process whose memory is flat moves by less. */
const MAX_GROWTH_MB = 32;

const server = fileURLToPath(new URL("server.js", import.meta.url));
const digits = Array.from({ length: 10 }, (_, i) => readFileSync(new URL(`../digits/${i}.png`, import.meta.url)));

/** @returns {Promise<{ url: URL, child: import("node:child_process").ChildProcess }>} */
async function startServer() {
  const env = { ...process.env, PORT: "0", IDLE_MS: String(IDLE_MS) };
  const child = spawn(process.execPath, [server], { env, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const [address] = line.match(/http:\/\/\S+/) ?? [];
    if (address !== undefined) return { url: new URL(address), child };
  }
  throw new Error("the server stopped before it listened");
}

/** Resident memory in MB. @param {number} pid */
function residentMB(pid) {
  const [, kilobytes] = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/) ?? [];
  return Math.round(Number(kilobytes) / 100) / 10;
}

/**
 * The median resident memory of the first and the second half of what is being done, and the most.
 * @template T
 * @param {number} pid
 * @param {() => Promise<T>} work
 */
async function watched(pid, work) {
  /** @type {number[]} */
  const looks = [residentMB(pid)];
  const timer = setInterval(() => looks.push(residentMB(pid)), LOOK_MS);
  try {
    const result = await work();
    const middle = Math.ceil(looks.length / 2);
    const [firstHalf, secondHalf] = [looks.slice(0, middle), looks.slice(-middle)].map((half) => percentile(half, 0.5));
    return { result, residentMB: { firstHalf, secondHalf, most: Math.max(...looks) } };
  } finally {
    clearInterval(timer);
  }
}

/** @param {number[]} samples @param {number} part */
function percentile(samples, part) {
  const sorted = [...samples].sort((a, b) => a - b);
  return Math.round(100 * (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0)) / 100;
}

/** @param {URL} url @param {Uint8Array} body @param {string} type */
async function post(url, body, type) {
  const response = await fetch(url, {
    method: "POST",
    body: /** @type {BodyInit} */ (body),
    headers: { "content-type": type },
  });
  return { status: response.status, answer: /** @type {{ label?: string }} */ (await response.json()) };
}

/** The hostile request of a number: all kinds in turn, the costliest one less often. @param {number} index */
function hostileOf(index) {
  const last = hostileRequests.length - 1;
  return hostileRequests[index % COSTLY_EVERY === 0 ? last : index % last];
}

/**
 * @param {URL} url
 * @param {{ requests: number, connections: number, hostile: boolean }} options
 */
async function shoot(url, { requests, connections, hostile }) {
  /** @type {number[]} */
  const good = [];
  /** @type {string[]} */
  const wrong = [];
  /** @type {Promise<void>[]} */
  const stalled = [];
  let [next, attacks] = [0, 0];

  /** @param {number} index */
  async function sendGood(index) {
    const digit = index % digits.length;
    const start = performance.now();
    const { status, answer } = await post(url, digits[digit], "image/png");
    good.push(performance.now() - start);
    if (status !== 200 || answer.label !== String(digit)) wrong.push(`a ${digit}: ${status} ${answer.label}`);
  }

  /** @param {number} index */
  async function sendHostile(index) {
    const { name, statuses, body, type = "image/png" } = hostileOf(index);
    if (index % STALL_EVERY === 0) stalled.push(stall(url, index / STALL_EVERY));
    try {
      const { status } = await post(url, body, type);
      if (!statuses.includes(status)) wrong.push(`${name}: ${status}`);
    } catch {
      // A body that the server does not want to read ends the connection: whether the answer is seen is chance.
      if (!statuses.includes(413)) wrong.push(`${name}: no answer`);
    }
  }

  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let index = next++; index < requests; index = next++) {
        if (hostile && index % HOSTILE_EVERY === 0) await sendHostile(attacks++);
        else await sendGood(index).catch((/** @type {Error} */ error) => wrong.push(error.message));
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(stalled);
  return {
    requests,
    hostile: attacks,
    stalled: stalled.length,
    wrong,
    perSecond: Math.round(requests / seconds),
    p50: percentile(good, 0.5),
    p99: percentile(good, 0.99),
    max: percentile(good, 1),
  };
}

/** @param {{ requests: number, connections: number }} options */
export async function loadTest({ requests, connections }) {
  const { url, child } = await startServer();
  const pid = /** @type {number} */ (child.pid);
  try {
    const shots = { requests, connections };
    await shoot(url, { ...shots, requests: Math.ceil(requests / WARM_UP_PART), hostile: true });
    const before = residentMB(pid);
    const alone = await shoot(url, { ...shots, hostile: false });
    const { result: beside, residentMB: during } = await watched(pid, () => shoot(url, { ...shots, hostile: true }));
    const ratio = Math.round((100 * beside.p99) / alone.p99) / 100;
    return { connections, alone, beside, p99Ratio: ratio, residentMB: { before, ...during } };
  } finally {
    child.kill("SIGINT");
    await once(child, "exit");
  }
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      requests: { type: "string", default: "20000" },
      connections: { type: "string", default: "16" },
      json: { type: "boolean", default: false },
    },
  });
  const result = await loadTest({ requests: Number(values.requests), connections: Number(values.connections) });
  const { alone, beside, p99Ratio, residentMB: memory } = result;
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    const row = (/** @type {typeof alone} */ { wrong, ...others }) => ({ ...others, wrong: wrong.length });
    console.table({ "good alone": row(alone), "a tenth hostile": row(beside) });
    console.log(`p99 of good requests: ${p99Ratio} times that without hostile ones`);
    console.log(
      `memory: ${memory.before} MB before; beside hostile requests ${memory.firstHalf} MB in the first half, ` +
        `${memory.secondHalf} MB in the second (medians), ${memory.most} MB at most`,
    );
    for (const line of new Set([...alone.wrong, ...beside.wrong])) console.log(`wrong: ${line}`);
  }
  const isWrong = alone.wrong.length + beside.wrong.length > 0;
  if (isWrong || p99Ratio > 2 || memory.secondHalf - memory.firstHalf > MAX_GROWTH_MB) process.exitCode = 1;
}
