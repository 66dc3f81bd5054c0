/**
 * Builds a worker and serves it on http://127.0.0.1:8787 (PORT chooses another): node examples/worker/start.mjs
 * [digits | resnet]
 */
import { argv, env } from "node:process";
import { buildWorker, workerName } from "./build.mjs";
import { serveWorker } from "./workerd.mjs";

const { config, compressedBytes } = await buildWorker(workerName(argv[2] ?? "digits"));
const worker = await serveWorker(config, Number(env.PORT ?? 8787));
console.log(`listening on ${worker.url} (${compressedBytes} bytes compressed)`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, worker.stop);
await worker.stopped;
