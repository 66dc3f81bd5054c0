/**
 * Where the queue and the answers live: one Redis for everybody. REDIS_URL says which, such as
 * redis://:password@queue.example:6379; by default the one of this machine.
 */
import { Redis } from "ioredis";

/**
 * A connection that waits while the server is away; BullMQ asks for this of connections that workers block on.
 * @param {string} [url]
 */
export function connect(url = process.env.REDIS_URL ?? "redis://127.0.0.1:6379") {
  return new Redis(url, { maxRetriesPerRequest: null });
}

/**
 * The queue of one network. Workers of another network have another queue, so that no answer can come from the wrong
 * one.
 * @param {string} network its key
 */
export const queueOf = (network) => `xnorkit-${network}`;

/**
 * The hash that holds a network's answers: a field for each picture, so that a second answer takes the place of the
 * first.
 * @param {string} network its key
 */
export const answersOf = (network) => `xnorkit-answers-${network}`;
