/** Files over HTTP on loopback, in the ways that servers fail. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface FileServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  readonly stop: () => Promise<void>;
}

/**
 * Serves files by their path: as they are at /NAME, without a length at /chunked/NAME, after a redirection at
 * /moved/NAME, ended after half of the bytes at /cut/NAME, and stopped after half of them at /slow/NAME.
 */
export async function serveFiles(files: ReadonlyMap<string, Uint8Array | string>): Promise<FileServer> {
  const asked: string[] = [];
  const server: Server = createServer(({ url = "/" }, response) => {
    asked.push(url);
    const [, way, name] = /^\/(?:(chunked|moved|cut|slow)\/)?([^?]*)/.exec(url) ?? [];
    const content = files.get(decodeURIComponent(name ?? ""));
    if (content === undefined) {
      response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><title>no</title>");
      return;
    }
    const bytes = Buffer.from(content);
    const half = bytes.subarray(0, bytes.length >> 1);
    if (way === "moved") {
      response.writeHead(302, { location: `/${name}` }).end();
    } else if (way === "chunked") {
      response.write(half);
      setTimeout(() => response.end(bytes.subarray(half.length)), 20);
    } else if (way === undefined) {
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    } else {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(half, () => way === "cut" && setTimeout(() => response.destroy(), 20));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
