/**
 * Reads handwritten digits over HTTP on Node. PORT chooses the port (8080), IDLE_MS when idle connections are closed;
 * SIGINT or SIGTERM finishes what is under way and stops.
 */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { digitsModel } from "xnorkit/models/digits";
import { DIGITS_USAGE, openDigits } from "../support/digits.js";
import { jpegModule } from "../support/jpeg_module.js";
import { pictureService } from "../support/service.js";

const MAX_PIXELS = 16e6;
const MAX_BYTES = 2 ** 23;
/** A connection on which nothing moves is closed after so long, one that sends slowly after ten times as long. */
const IDLE_MS = Number(process.env.IDLE_MS ?? 10_000);
const MAX_CONNECTIONS = 256;

const answer = await openDigits(digitsModel(), jpegModule, MAX_PIXELS);
const respond = pictureService({ usage: DIGITS_USAGE, answer, maxBytes: MAX_BYTES });

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

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`listening on http://127.0.0.1:${address.port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close());
