/**
 * Headless Chromium: the page's main thread, a module worker and a service worker, served from loopback; and the first
 * two isolated from other origins, under a policy that lets workers be made of text, which is what threads need.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { bundleForBrowser } from "./bundles.js";

export const places = [
  "main thread",
  "module worker",
  "service worker",
  "isolated main thread",
  "isolated module worker",
] as const;
export type Place = (typeof places)[number];

/** Where sessions have threads. */
export const isolatedPlaces: ReadonlySet<string> = new Set(places.slice(-2));

const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** The strictest policy that still lets WebAssembly compile. */
const strict = { "content-security-policy": policy };

/** What a site sends to have threads. */
const isolated = {
  "content-security-policy": `${policy}; worker-src 'self' blob:`,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

async function serve(folder: string, headers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(({ url }, response) => {
    if (url === "/") {
      response.writeHead(200, { "content-type": "text/html", ...headers });
      response.end('<!doctype html><title>xnorkit</title><script type="module" src="/page.js"></script>');
    } else if (url === "/page.js" || url === "/module_worker.js" || url === "/listener.js") {
      response.writeHead(200, { "content-type": "text/javascript", ...headers });
      response.end(readFileSync(join(folder, url)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** What each place answers, as JSON text. */
export async function askChromium(executablePath: string, folder: string): Promise<ReadonlyMap<Place, string>> {
  const bundles = await bundleForBrowser(folder);
  const servers = [await serve(bundles, strict), await serve(bundles, isolated)];
  const [address, isolatedAddress] = servers.map((server) => {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  const browser = await chromium.launch({ executablePath, args: flags, chromiumSandbox: false, timeout: 60_000 });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const ask = (name: string) => page.evaluate(`(async () => JSON.stringify(await ${name}()))()`) as Promise<string>;
    await page.goto(address);
    const answers = new Map<Place, string>();
    answers.set("main thread", await ask("runMain"));
    answers.set("module worker", await ask("runWorker"));
    await page.evaluate("registerServiceWorker()");
    await page.reload();
    answers.set("service worker", await ask("runServiceWorker"));
    await page.goto(isolatedAddress);
    answers.set("isolated main thread", await ask("runMain"));
    answers.set("isolated module worker", await ask("runWorker"));
    return answers;
  } finally {
    await browser.close();
    for (const server of servers) server.close();
  }
}
