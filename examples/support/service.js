/** An HTTP service that answers posted pictures, on the Request and Response that every runtime has. */

import { pictureFormat } from "xnorkit/image";
import { XnorkitError } from "xnorkit/program";

/**
 * @typedef {object} Service
 * @property {string} usage the answer to GET
 * @property {(bytes: Uint8Array) => unknown} answer what is sent as JSON; XnorkitError where the picture cannot be
 *   read, `Busy` where there is no time for it
 * @property {number} maxBytes the largest body
 * @property {number} maxInFlight bodies that are read or answered at once; who comes beside them is told to come again
 * @property {number} maxBodyBytes of all bodies that are being read or answered
 * @property {{ bytes: number, answer: (pixels: Uint8Array) => unknown }} [raw] for bodies that are pixels alone
 *   (application/octet-stream)
 */

/** What an `answer` throws that has no time: 503 with Retry-After. */
export class Busy extends Error {}

/** Seconds after which it is worth to come again. */
const RETRY_AFTER = "1";

/**
 * Answers 200 with JSON, or an `error` in JSON: 405 (neither GET nor POST), 413 (a body of more than `maxBytes`), 415
 * (no PNG or JPEG, by its content type or by its bytes), 422 (a damaged, too large or blank picture), 503 with
 * Retry-After (too much is under way).
 * @param {Service} service
 * @returns {(request: Request) => Promise<Response>}
 */
export function pictureService({ usage, answer, maxBytes, maxInFlight, maxBodyBytes, raw }) {
  const types = ["image/png", "image/jpeg", ...(raw === undefined ? [] : ["application/octet-stream"])];
  const refuse = (/** @type {number} */ status, /** @type {string} */ error, headers = {}) =>
    Response.json({ error }, { status, headers });
  const busy = () => refuse(503, "too much is under way, come again", { "retry-after": RETRY_AFTER });
  let inFlight = 0;
  const held = { bytes: 0, most: maxBodyBytes };

  /** @param {Request} request @param {string | undefined} type */
  async function answerBody(request, type) {
    const body = await readBody(request, maxBytes, held);
    try {
      if (body.kind === "too much") return busy();
      if (body.kind === "too long") return refuse(413, `the body is larger than ${maxBytes} bytes`);
      const { bytes } = body;
      if (raw !== undefined && type === "application/octet-stream" && bytes.length === raw.bytes) {
        return Response.json(raw.answer(bytes));
      }
      if (pictureFormat(bytes) === null) {
        return refuse(415, `expected ${types.join(" or ")}, found other bytes (${bytes.length})`, acceptPost);
      }
      return Response.json(await answer(bytes));
    } catch (error) {
      if (error instanceof XnorkitError) return refuse(422, error.message);
      if (error instanceof Busy) return busy();
      throw error;
    } finally {
      held.bytes -= body.held;
    }
  }

  const acceptPost = { "accept-post": types.join(", ") };
  return async (request) => {
    if (request.method === "GET" || request.method === "HEAD") {
      return new Response(request.method === "GET" ? usage : null, {
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    }
    if (request.method !== "POST") return refuse(405, `${request.method} is not allowed`, { allow: "GET, HEAD, POST" });

    const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase();
    if (type !== undefined && !types.includes(type)) {
      return refuse(415, `expected ${types.join(" or ")}, found ${type}`, acceptPost);
    }
    if (inFlight >= maxInFlight) return busy();
    inFlight++;
    try {
      return await answerBody(request, type);
    } finally {
      inFlight--;
    }
  };
}

/**
 * The whole body, unless it is longer than `limit` or there is no room for it beside others. `held` counts the bytes of
 * all bodies; who reads one gives its `held` back when it is done with them.
 * @param {Request} request
 * @param {number} limit
 * @param {{ bytes: number, most: number }} held
 * @returns {Promise<{ kind: "whole", bytes: Uint8Array, held: number } | { kind: "too long", held: number } |
 *   { kind: "too much", held: number }>}
 */
async function readBody(request, limit, held) {
  if (Number(request.headers.get("content-length")) > limit) return { kind: "too long", held: 0 };
  const reader = request.body?.getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  try {
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      length += next.value.length;
      held.bytes += next.value.length;
      const kind = length > limit ? "too long" : held.bytes > held.most ? "too much" : null;
      if (kind !== null) {
        reader?.cancel().catch(() => undefined);
        return { kind, held: length };
      }
      chunks.push(next.value);
    }
  } catch (error) {
    held.bytes -= length;
    throw error;
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return { kind: "whole", bytes, held: length };
}
