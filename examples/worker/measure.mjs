/**
 * What a request costs, seen from outside: CPU time and resident memory of the workerd process, with the HTTP server,
 * the compilers' and the garbage collector's threads in them. One client, one request after the other; workers on
 * programs, and beside each the same on a packed model.
 *
 *     node examples/worker/measure.mjs [requests]
 */
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { PNG } from "pngjs";
import { buildWorker } from "./build.mjs";
import { cpuMilliseconds, residentBytes, serveWorker, statMilliseconds } from "./workerd.mjs";

const REQUESTS = Number(argv[2] ?? 300);
const WARM_UP = 100;
const SIDE = 224;

/** Colour gradients with noise, interleaved RGB. */
const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return (pixel % SIDE) * 0.5 + Math.floor(pixel / SIDE) * 0.5 + ((i * 2654435761) >>> 28);
});

function photo() {
  const png = new PNG({ width: SIDE, height: SIDE });
  for (let i = 0; i < SIDE * SIDE; i++) png.data.set([...pixels.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  return PNG.sync.write(png, { colorType: 2 });
}

/** @param {string} digit */
const drawing = (digit) => readFileSync(new URL(`../digits/${digit}.png`, import.meta.url));

/** @type {readonly { worker: import("./build.mjs").WorkerName, body: string, type: string, bytes: Uint8Array }[]} */
const cases = [
  { worker: "digits", body: "PNG 64x72", type: "image/png", bytes: drawing("7") },
  { worker: "digits-session", body: "PNG 64x72", type: "image/png", bytes: drawing("7") },
  { worker: "digits", body: "PNG 256x256", type: "image/png", bytes: drawing("8") },
  { worker: "digits-session", body: "PNG 256x256", type: "image/png", bytes: drawing("8") },
  { worker: "resnet", body: "raw 224x224", type: "application/octet-stream", bytes: pixels },
  { worker: "resnet-session", body: "raw 224x224", type: "application/octet-stream", bytes: pixels },
  { worker: "resnet", body: "PNG 224x224", type: "image/png", bytes: photo() },
  { worker: "resnet-session", body: "PNG 224x224", type: "image/png", bytes: photo() },
];

/** @param {string} url @param {string} type @param {Uint8Array} bytes */
async function post(url, type, bytes) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": type },
    body: Uint8Array.from(bytes),
  });
  const answer = await response.json();
  if (response.status !== 200) throw new Error(answer.error);
}

const round = (/** @type {number} */ value) => Math.round(10 * value) / 10;

/** @param {(typeof cases)[number]} row */
async function measure({ worker: name, body, type, bytes }) {
  const { config, compressedBytes, codeBytes } = await buildWorker(name);
  const worker = await serveWorker(config);
  try {
    await (await fetch(worker.url)).text();
    const start = cpuMilliseconds(worker.pid);
    const startMB = residentBytes(worker.pid) / 1e6;
    await post(worker.url, type, bytes);
    const first = cpuMilliseconds(worker.pid) - start;
    for (let i = 0; i < WARM_UP; i++) await post(worker.url, type, bytes);
    const stat = statMilliseconds(worker.pid);
    const times = [];
    for (let i = 0; i < REQUESTS; i++) {
      const before = cpuMilliseconds(worker.pid);
      await post(worker.url, type, bytes);
      times.push(cpuMilliseconds(worker.pid) - before);
    }
    const ofStat = (statMilliseconds(worker.pid) - stat) / REQUESTS;
    times.sort((a, b) => a - b);
    return {
      worker: name,
      body,
      "kB compressed": Math.round(compressedBytes / 1e3),
      "of it script": Math.round(codeBytes / 1e3),
      "CPU ms: start": round(start),
      first: round(first),
      median: round(times[REQUESTS >> 1]),
      "90 %": round(times[Math.floor(0.9 * REQUESTS)]),
      "mean (utime + stime)": round(ofStat),
      "MB at start": round(startMB),
      "MB after": round(residentBytes(worker.pid) / 1e6),
    };
  } finally {
    await worker.stop();
  }
}

const table = [];
for (const row of cases) table.push(await measure(row));
console.table(table);
