/**
 * Takes pictures from the queue and stores their answers, until SIGINT or SIGTERM; what is under way is finished first.
 * Start as many as there are cores, on as many machines as there are.
 *
 *     REDIS_URL=redis://queue.example:6379 node examples/queue/worker.js
 *
 * MODEL is the network's file, by default the digits of this repository; producer and workers need the same.
 * LOCK_MS is how long a job stays a worker's own without a sign of life (10000): after that, another takes it.
 */
import { Worker } from "bullmq";
import { keyOf, networkKey, openNetwork } from "./network.js";
import { answersOf, connect, queueOf } from "./redis.js";

const LOCK_MS = Number(process.env.LOCK_MS ?? 10_000);
/** A job that has cost so many workers their lives is given up. */
const MAX_DEATHS = 10;

const network = await networkKey();
const classify = await openNetwork();
const redis = connect();

const worker = new Worker(
  queueOf(network),
  async ({ data }) => {
    const files = /** @type {string[]} */ (data.pictures).map((base64) => Buffer.from(base64, "base64"));
    const answers = await classify(files);
    // By key: a job that runs twice writes the same answers to the same places.
    const fields = files.map((file, i) => /** @type {const} */ ([keyOf(file), JSON.stringify(answers[i])]));
    await redis.hset(answersOf(network), new Map(fields));
  },
  {
    connection: redis,
    name: String(process.pid),
    // One job computes while another's pictures arrive or its answers leave.
    concurrency: 2,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS / 2,
    maxStalledCount: MAX_DEATHS,
  },
);
worker.on("error", (error) => console.error(error.message));
worker.on("failed", (job, error) => console.error(`job ${job?.id}: ${error.message}`));
await worker.waitUntilReady();
console.log(`worker ${process.pid} takes ${queueOf(network)}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await worker.close();
    await redis.quit();
  });
}
