/** Puts the pictures of a folder into the queue, never too many at once, and collects their answers. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { keyOf, networkKey } from "./network.js";
import { answersOf, queueOf } from "./redis.js";

/** Pictures of one job: they run as one batch, and one trip to the server serves them all. */
const PICTURES_A_JOB = 16;
/** Jobs that wait or run: what Redis must hold stays small however large the folder is. */
const JOBS_AT_ONCE = 64;
const POLL_MS = 10;

/** Errors that pass, such as a server that restarts, are tried again; a job that fails for good is kept to look at. */
const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: "exponential", delay: 1000 },
  removeOnComplete: true,
  removeOnFail: 1000,
};

/**
 * @typedef {{ file: string, answer: import("./network.js").Answer }} Classified
 * @typedef {{ file: string, key: string }} Named
 * @typedef {{ job: import("bullmq").Job, pictures: readonly Named[] }} Pending
 */

/** The PNG and JPEG files in a folder and in the folders in it, by name. @param {string} folder */
async function pictureFiles(folder) {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => /\.(png|jpe?g)$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** @param {string} file */
async function readPicture(file) {
  const bytes = await readFile(file);
  return { file, key: keyOf(bytes), bytes };
}

/**
 * Yields every picture of a folder with its answer, as they come; what has an answer already is not asked again.
 * @param {import("ioredis").Redis} redis
 * @param {string} folder
 * @returns {AsyncGenerator<Classified>}
 * @throws Error if a job is given up: it failed three times, or the workers that took it died
 */
export async function* classifyFolder(redis, folder) {
  const network = await networkKey();
  const queue = new Queue(queueOf(network), { connection: redis });
  const files = await pictureFiles(folder);
  /** @type {readonly Pending[]} */
  let pending = [];

  /** The answers that are there, in the order of the keys. @param {readonly string[]} keys */
  async function answersTo(keys) {
    if (keys.length === 0) return [];
    const texts = await redis.hmget(answersOf(network), ...keys);
    return texts.map((text) => (text === null ? null : JSON.parse(text)));
  }

  try {
    for (let next = 0; next < files.length || pending.length > 0; ) {
      while (next < files.length && pending.length < JOBS_AT_ONCE) {
        const pictures = await Promise.all(files.slice(next, next + PICTURES_A_JOB).map(readPicture));
        next += pictures.length;
        const answers = await answersTo(pictures.map(({ key }) => key));
        const asked = pictures.filter((_, i) => answers[i] === null);
        if (asked.length > 0) {
          const data = { pictures: asked.map(({ bytes }) => bytes.toString("base64")) };
          const job = await queue.add("pictures", data, JOB_OPTIONS);
          pending = [...pending, { job, pictures: asked.map(({ file, key }) => ({ file, key })) }];
        }
        for (const [i, { file }] of pictures.entries()) if (answers[i] !== null) yield { file, answer: answers[i] };
      }

      // A job's answers are written all at once, so its first one tells.
      const firsts = await answersTo(pending.map(({ pictures }) => pictures[0].key));
      /** @type {Pending[]} */
      const open = [];
      for (const [i, entry] of pending.entries()) {
        const answers = firsts[i] === null ? [null] : await answersTo(entry.pictures.map(({ key }) => key));
        // The first may have been another job's, if a picture is there twice.
        if (answers.includes(null)) open.push(entry);
        else for (const [j, { file }] of entry.pictures.entries()) yield { file, answer: answers[j] };
      }
      if (open.length === pending.length && open.length > 0) {
        if (await open[0].job.isFailed())
          throw new Error(`no worker could do ${open[0].pictures[0].file} and its like`);
        await sleep(POLL_MS);
      }
      pending = open;
    }
  } finally {
    await queue.close();
  }
}
