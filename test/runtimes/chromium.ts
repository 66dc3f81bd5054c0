/** Headless Chromium: the page's main thread, a module worker and a service worker, served from loopback. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { bundleForBrowser } from "./bundles.js";

export const places = ["main thread", "module worker", "service worker"] as const;
export type Place = (typeof places)[number];

const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Serves the bundles under the strictest policy that still lets WebAssembly compile. */
async function serve(folder: string): Promise<Server> {
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const server = createServer(({ url }, response) => {
    if (url === "/") {
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
      response.end('<!doctype html><title>xnorkit</title><script type="module" src="/page.js"></script>');
    } else if (url === "/page.js" || url === "/module_worker.js" || url === "/listener.js") {
      response.writeHead(200, { "content-type": "text/javascript", "content-security-policy": policy });
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
  const server = await serve(await bundleForBrowser(folder));
  const browser = await chromium.launch({ executablePath, args: flags, chromiumSandbox: false, timeout: 60_000 });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const ask = (name: string) => page.evaluate(`(async () => JSON.stringify(await ${name}()))()`) as Promise<string>;
    await page.goto(address);
    const answers = new Map<Place, string>();
    answers.set("main thread", await ask("runMain"));
    answers.set("module worker", await ask("runWorker"));
    await page.evaluate("registerServiceWorker()");
    await page.reload();
    answers.set("service worker", await ask("runServiceWorker"));
    return answers;
  } finally {
    await browser.close();
    server.close();
  }
}
