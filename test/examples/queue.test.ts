/** The queue of examples/queue on a real Redis: nothing is lost and nothing is counted twice if workers are killed. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { importExample } from "./support.js";

type Answer = { readonly label: string; readonly probability: number } | { readonly error: string };

interface Network {
  keyOf(bytes: Uint8Array): string;
  networkKey(): Promise<string>;
  openNetwork(): Promise<(files: readonly Uint8Array[]) => Promise<readonly Answer[]>>;
}
interface Producer {
  classifyFolder(redis: Redis, folder: string): AsyncGenerator<{ readonly file: string; readonly answer: Answer }>;
}
interface Server {
  readonly url: string;
  stop(): Promise<void>;
}
interface Worker {
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const { keyOf, networkKey, openNetwork } = await importExample<Network>("queue/network.js");
const network = await networkKey();
const { classifyFolder } = await importExample<Producer>("queue/producer.js");
const { REDIS_SERVER, startRedis } = await importExample<{ REDIS_SERVER: string; startRedis(): Promise<Server> }>(
  "queue/local_redis.js",
);
const { connect, answersOf, queueOf } = await importExample<{
  connect(url: string): Redis;
  answersOf(network: string): string;
  queueOf(network: string): string;
}>("queue/redis.js");
const { startWorker } = await importExample<{
  startWorker(url: string, env?: Readonly<Record<string, string>>): Promise<Worker>;
}>("queue/workers.js");
const { writePictures } = await importExample<{ writePictures(folder: string, count: number): Promise<void> }>(
  "queue/pictures.js",
);

const PICTURES = 2000;
/** A killed worker's job is another's after this time. */
const LOCK_MS = "1000";

const missing = existsSync(REDIS_SERVER) ? false : `no Redis (${REDIS_SERVER}; apt-get install redis-server)`;

describe("examples/queue", { skip: process.env.XNORKIT_NO_SKIP ? false : missing, timeout: 320_000 }, () => {
  let folder: string;
  let server: Server;
  let redis: Redis;
  const workers = new Set<Worker>();

  async function start(): Promise<Worker> {
    const worker = await startWorker(server.url, { LOCK_MS });
    workers.add(worker);
    return worker;
  }

  /** True if a picture of a job has no answer yet. */
  async function isOpen(pictures: readonly string[]): Promise<boolean> {
    const keys = pictures.map((base64) => keyOf(Buffer.from(base64, "base64")));
    return (await redis.hmget(answersOf(network), ...keys)).includes(null);
  }

  /**
   * Kills a worker while a job is its own that nobody has answered: it is stopped first, so that it cannot finish
   * between look and blow.
   */
  async function killAtWork(worker: Worker): Promise<void> {
    const queue = new Queue(queueOf(network), { connection: redis });
    for (let tries = 0; tries < 100; tries++) {
      process.kill(worker.pid, "SIGSTOP");
      await sleep(20);
      const own = (await queue.getActive()).filter(({ processedBy }) => processedBy === String(worker.pid));
      const open = await Promise.all(own.map(({ data }) => isOpen(data.pictures)));
      if (open.includes(true)) {
        await worker.stop("SIGKILL");
        return;
      }
      process.kill(worker.pid, "SIGCONT");
      await sleep(5);
    }
    assert.fail("the worker never had a job");
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "xnorkit-queue-"));
    server = await startRedis();
    redis = connect(server.url);
  });

  after(async () => {
    await Promise.all([...workers].map((worker) => worker.stop("SIGKILL")));
    redis?.disconnect();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test(`${PICTURES} pictures, two workers, one killed twice: every answer once, and right`, {
    timeout: 180_000,
  }, async () => {
    await writePictures(folder, PICTURES);
    let [doomed] = await Promise.all([start(), start()]);
    const killAt = [PICTURES * 0.2, PICTURES * 0.6];
    const answers = new Map<string, Answer>();
    let yielded = 0;
    for await (const { file, answer } of classifyFolder(redis, folder)) {
      answers.set(file, answer);
      yielded++;
      if (yielded === killAt[0]) {
        await killAtWork(doomed);
        doomed = await start();
      } else if (yielded === killAt[1]) {
        await killAtWork(doomed);
      }
    }
    assert.equal(yielded, PICTURES);
    const events = await redis.xrange(`bull:${queueOf(network)}:events`, "-", "+");
    const stalled = events.filter(([, fields]) => fields[fields.indexOf("event") + 1] === "stalled");
    assert.ok(stalled.length >= 2, `${stalled.length} jobs were taken again`);

    const classify = await openNetwork();
    const stored = await redis.hgetall(answersOf(network));
    assert.equal(Object.keys(stored).length, PICTURES);
    const names = await readdir(folder);
    assert.equal(names.length, PICTURES);
    const labels = new Set<string>();
    for (const name of names) {
      const file = join(folder, name);
      const bytes = await readFile(file);
      // One by one: the batch that a picture ran in makes no difference.
      const [direct] = await classify([bytes]);
      assert.deepEqual(answers.get(file), direct, name);
      assert.deepEqual(JSON.parse(stored[keyOf(bytes)]), direct, name);
      if ("label" in direct) labels.add(direct.label);
    }
    assert.equal(labels.size, 10, "the pictures do not show all digits");
  });

  test("nothing is left in the queue, and what is answered is not asked again", { timeout: 60_000 }, async () => {
    // Jobs whose answers were there may still be on their way out.
    let left: readonly string[] = [];
    for (let tries = 0; tries < 100; tries++) {
      left = await redis.keys(`bull:${queueOf(network)}:[0-9]*`);
      if (left.length === 0) break;
      await sleep(200);
    }
    assert.deepEqual(left, []);
    await Promise.all([...workers].map((worker) => worker.stop("SIGKILL")));
    let answered = 0;
    for await (const _ of classifyFolder(redis, folder)) answered++;
    assert.equal(answered, PICTURES);
  });

  test("a damaged picture is answered by its error; a worker that is stopped ends", { timeout: 60_000 }, async () => {
    const worker = await start();
    const own = await mkdtemp(join(folder, "damaged-"));
    await writeFile(join(own, "damaged.png"), (await readFile(join(folder, "00000.png"))).subarray(0, 100));
    await writeFile(join(own, "whole.png"), await readFile(join(folder, "00007.png")));
    const answers: Answer[] = [];
    for await (const { answer } of classifyFolder(redis, own)) answers.push(answer);
    assert.equal(answers.length, 2);
    assert.equal(answers.filter((answer) => "error" in answer && answer.error !== "").length, 1);
    assert.equal(await worker.stop(), 0);
  });
});
