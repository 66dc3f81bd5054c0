/** A host, a browser's page and a pair of hands for browser.test.ts. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/** A plain host of static files, which notes what it does not have. */
export function serve(folder: string, missing: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    const file = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    if (!existsSync(file)) {
      missing.push(pathname);
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": MIME_TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** A page on the served address that collects errors and every address that is asked for. */
export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly problems: string[];
  readonly addresses: string[];
}

export async function watch(browser: Browser, options: Parameters<Browser["newContext"]>[0]): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems: string[] = [];
  const addresses: string[] = [];
  context.on("request", (request) => addresses.push(request.url()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  return { context, page, problems, addresses };
}

export async function openPage(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator("html[data-ready]").waitFor();
}

type Stroke = readonly (readonly [x: number, y: number])[];

/** In parts of the pad's side. */
export const strokes = {
  one: [
    [0.4, 0.28],
    [0.52, 0.18],
    [0.51, 0.82],
  ],
  seven: [
    [0.27, 0.22],
    [0.72, 0.21],
    [0.58, 0.5],
    [0.45, 0.84],
  ],
  zero: Array.from({ length: 17 }, (_, i): readonly [number, number] => {
    const angle = (2 * Math.PI * i) / 16;
    return [0.5 - 0.2 * Math.sin(angle), 0.5 - 0.32 * Math.cos(angle)];
  }),
} satisfies Record<string, Stroke>;

/** Points of a stroke on the screen. */
export async function onScreen(
  page: Page,
  stroke: Stroke,
): Promise<readonly { readonly x: number; readonly y: number }[]> {
  const pad = page.locator("#pad");
  await pad.scrollIntoViewIfNeeded();
  const box = (await pad.boundingBox())!;
  return stroke.map(([x, y]) => ({ x: box.x + x * box.width, y: box.y + y * box.height }));
}

export async function drawWithMouse(page: Page, stroke: Stroke): Promise<void> {
  const [first, ...others] = await onScreen(page, stroke);
  await page.mouse.move(first.x, first.y);
  await page.mouse.down();
  for (const { x, y } of others) await page.mouse.move(x, y, { steps: 3 });
  await page.mouse.up();
}

export async function drawWithFinger({ context, page }: Watched, stroke: Stroke): Promise<void> {
  const touch = await context.newCDPSession(page);
  const points = await onScreen(page, stroke);
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [points[0]] });
  for (const point of points) await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [point] });
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

export const answer = (page: Page) => page.locator("#answer").textContent();
export const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

/** Waits for an element's text, and says what it was where it never comes. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const { source, flags } = pattern;
  await page
    .waitForFunction(
      ([where, like, how]) => new RegExp(like, how).test(document.querySelector(where)?.textContent ?? ""),
      [selector, source, flags],
    )
    .catch(async () => assert.fail(`${selector} is "${await page.textContent(selector)}", expected ${pattern}`));
}

/** Drops files on the page as a file manager does. */
export async function drop(
  page: Page,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  const coded = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString("base64") }));
  const dataTransfer = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of given) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    }
    return transfer;
  }, coded);
  await page.dispatchEvent("body", "drop", { dataTransfer });
}

export const fileOf = (path: string) => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  bytes: new Uint8Array(readFileSync(path)),
});
