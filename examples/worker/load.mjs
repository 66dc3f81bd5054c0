/**
 * Load test of the digits worker on loopback: 2,000 pictures over 8 connections. Prints latency, errors and the memory
 * of workerd before and after as JSON; exits with 1 if a request failed.
 *
 *     node examples/worker/load.mjs [requests]
 */
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import autocannon from "autocannon";
import { buildWorker } from "./build.mjs";
import { residentBytes, serveWorker } from "./workerd.mjs";

const CONNECTIONS = 8;
/** The same load before anything is measured, while workerd compiles what is hot and its heap takes its size. */
const WARM_UP_PART = 4;
const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e5) / 10;

/**
 * @param {number} requests
 * @param {string} [outdir] of the build
 */
export async function loadTest(requests, outdir) {
  const { config } = await buildWorker("digits", outdir);
  const worker = await serveWorker(config);
  try {
    const body = readFileSync(new URL("../digits/8.png", import.meta.url));
    const shoot = (/** @type {number} */ amount) =>
      autocannon({
        url: worker.url,
        method: "POST",
        headers: { "content-type": "image/png" },
        body,
        amount,
        connections: CONNECTIONS,
      });
    await shoot(Math.ceil(requests / WARM_UP_PART));
    const before = residentBytes(worker.pid);
    const { latency, requests: sent, errors, timeouts, non2xx, "2xx": answered } = await shoot(requests);
    return {
      requests: sent.sent,
      answered,
      errors: errors + timeouts + non2xx,
      connections: CONNECTIONS,
      perSecond: sent.average,
      latencyMs: { p50: latency.p50, p99: latency.p99, max: latency.max },
      residentMB: { before: megabytes(before), after: megabytes(residentBytes(worker.pid)) },
    };
  } finally {
    await worker.stop();
  }
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const result = await loadTest(Number(argv[2] ?? 2000));
  console.log(JSON.stringify(result, null, 2));
  if (result.errors > 0) process.exitCode = 1;
}
