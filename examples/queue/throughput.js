/**
 * What one worker and two workers do in a second: best and median of some rounds, by turns, on a Redis of its own.
 *
 *     node examples/queue/throughput.js [PICTURES] [ROUNDS]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { startRedis } from "./local_redis.js";
import { writePictures } from "./pictures.js";
import { classifyFolder } from "./producer.js";
import { connect } from "./redis.js";
import { startWorker } from "./workers.js";

const [pictures, rounds] = [Number(argv[2] ?? 2000), Number(argv[3] ?? 5)];
const CREWS = [1, 2];

/** Pictures a second from the first file read to the last answer; no answer is there before. */
async function measure(/** @type {string} */ url, /** @type {string} */ folder, /** @type {number} */ workers) {
  const redis = connect(url);
  const crew = await Promise.all(Array.from({ length: workers }, () => startWorker(url)));
  try {
    await redis.flushall();
    const start = performance.now();
    let answers = 0;
    for await (const _ of classifyFolder(redis, folder)) answers++;
    if (answers !== pictures) throw new Error(`${answers} answers to ${pictures} pictures`);
    return (1000 * pictures) / (performance.now() - start);
  } finally {
    await Promise.all(crew.map(({ stop }) => stop()));
    await redis.quit();
  }
}

const folder = await mkdtemp(join(tmpdir(), "xnorkit-queue-"));
const redis = await startRedis();
try {
  await writePictures(folder, pictures);
  /** @type {Map<number, number[]>} */
  const rates = new Map(CREWS.map((workers) => [workers, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [workers, own] of rates) own.push(await measure(redis.url, folder, workers));
  }
  console.log(
    `${pictures} pictures, ${rounds} rounds, ${availableParallelism()} cores for producer, Redis and workers`,
  );
  console.log("workers  best / s  median / s");
  for (const [workers, own] of rates) {
    const sorted = own.sort((a, b) => b - a);
    const [best, median] = [sorted[0], sorted[Math.floor(sorted.length / 2)]].map((rate) => rate.toFixed(0));
    console.log(`${String(workers).padStart(7)}  ${best.padStart(8)}  ${median.padStart(10)}`);
  }
} finally {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}
