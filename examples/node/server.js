/**
 * Reads handwritten digits over HTTP on Node. This thread speaks HTTP; pictures are decoded and read in a pool of
 * threads, so that none holds up what others send. PORT chooses the port (8080), THREADS the threads, IDLE_MS when idle
 * connections are closed; SIGINT or SIGTERM finishes what is under way and stops.
 */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DIGITS_USAGE } from "../support/digits.js";
import { pictureService } from "../support/service.js";
import { IDLE_MS, MAX_BODY_BYTES, MAX_BYTES, MAX_CONNECTIONS, MAX_IN_FLIGHT } from "./limits.js";
import { openThreads } from "./pool.js";

const { THREADS, PORT = "8080" } = process.env;
const pool = await openThreads({
  threads: THREADS === undefined ? undefined : Number(THREADS),
  maxQueue: MAX_IN_FLIGHT,
});
const respond = pictureService({
  usage: DIGITS_USAGE,
  answer: pool.answer,
  maxBytes: MAX_BYTES,
  maxInFlight: MAX_IN_FLIGHT,
  maxBodyBytes: MAX_BODY_BYTES,
});

/**
 * The body is left as it is where it is not read to its end: destroying it would cut the connection before the answer
 * is sent, while by itself the server reads the rest away.
 * @param {import("node:http").IncomingMessage} incoming
 * @returns {Request}
 */
function toRequest(incoming) {
  const { method = "GET", headers, url = "/" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  /** @type {unknown} */
  const iterator = hasBody ? incoming.iterator({ destroyOnReturn: false }) : undefined;
  const body = /** @type {ReadableStream | undefined} Node takes any async iterable */ (iterator);
  const pairs = Object.entries(headers).map(([name, value]) => /** @type {[string, string]} */ ([name, String(value)]));
  const init = { method, headers: pairs, body, duplex: "half" };
  return new Request(new URL(url, "http://localhost"), init);
}

const timeouts = {
  headersTimeout: IDLE_MS,
  requestTimeout: 10 * IDLE_MS,
  keepAliveTimeout: IDLE_MS,
  connectionsCheckingInterval: IDLE_MS,
};

const server = createServer(timeouts, async (incoming, outgoing) => {
  try {
    const response = await respond(toRequest(incoming));
    // A server that stops waits for its connections to end.
    if (!server.listening) outgoing.setHeader("connection", "close");
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) outgoing.end();
    else
      await pipeline(
        Readable.fromWeb(/** @type {import("node:stream/web").ReadableStream} */ (response.body)),
        outgoing,
      );
  } catch (error) {
    if (outgoing.destroyed) return; // the client went away
    console.error(error);
    if (!outgoing.headersSent) outgoing.writeHead(500).end();
    else outgoing.destroy();
  }
});

server.timeout = IDLE_MS;
server.maxConnections = MAX_CONNECTIONS;

server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`listening on http://127.0.0.1:${address.port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close(() => pool.close()));
