/** An HTTP service that answers posted pictures, on the Request and Response that every runtime has. */
import { XnorkitError } from "xnorkit";
import { pictureFormat } from "xnorkit/image";

/**
 * @typedef {object} Service
 * @property {string} usage the answer to GET
 * @property {(bytes: Uint8Array) => unknown} answer what is sent as JSON; XnorkitError where the picture cannot be read
 * @property {number} maxBytes the largest body
 * @property {{ bytes: number, answer: (pixels: Uint8Array) => unknown }} [raw] for bodies that are pixels alone
 *   (application/octet-stream)
 */

/**
 * Answers 200 with JSON, or an `error` in JSON: 405 (neither GET nor POST), 413 (a body of more than `maxBytes`), 415
 * (no PNG or JPEG, by its content type or by its bytes), 422 (a damaged, too large or blank picture).
 * @param {Service} service
 * @returns {(request: Request) => Promise<Response>}
 */
export function pictureService({ usage, answer, maxBytes, raw }) {
  const types = ["image/png", "image/jpeg", ...(raw === undefined ? [] : ["application/octet-stream"])];
  const refuse = (/** @type {number} */ status, /** @type {string} */ error, headers = {}) =>
    Response.json({ error }, { status, headers });

  return async (request) => {
    if (request.method === "GET" || request.method === "HEAD") {
      return new Response(request.method === "GET" ? usage : null, {
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    }
    if (request.method !== "POST") return refuse(405, `${request.method} is not allowed`, { allow: "GET, HEAD, POST" });

    const wrongType = (/** @type {string} */ found) =>
      refuse(415, `expected ${types.join(" or ")}, found ${found}`, { "accept-post": types.join(", ") });
    const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase();
    if (type !== undefined && !types.includes(type)) return wrongType(type);

    const bytes = await readBody(request, maxBytes);
    if (bytes === null) return refuse(413, `the body is larger than ${maxBytes} bytes`);
    if (type === "application/octet-stream" && bytes.length === raw?.bytes) return Response.json(raw.answer(bytes));
    if (pictureFormat(bytes) === null) return wrongType(`other bytes (${bytes.length})`);
    try {
      return Response.json(await answer(bytes));
    } catch (error) {
      if (error instanceof XnorkitError) return refuse(422, error.message);
      throw error;
    }
  };
}

/** The whole body, or null if it is longer than `limit`. @param {Request} request @param {number} limit */
async function readBody(request, limit) {
  if (Number(request.headers.get("content-length")) > limit) return null;
  const reader = request.body?.getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    length += next.value.length;
    if (length > limit) {
      reader?.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
