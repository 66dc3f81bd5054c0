/** The page of examples/browser, built and served as it is, in headless Chromium; and a pair of hands. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";

const root = fileURLToPath(new URL("../../", import.meta.url));
const CHROMIUM = "/usr/bin/chromium";

/** The `skip` option of tests in Chromium. */
export const skip =
  existsSync(CHROMIUM) || process.env.XNORKIT_NO_SKIP
    ? false
    : `Chromium is not installed (${CHROMIUM}): apt install chromium`;

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".svg": "image/svg+xml",
};

/** What a host answers beside its files: bytes of a type, or what it does with what is posted. */
export type Extra = { readonly type: string; readonly bytes: Uint8Array } | ((body: string) => void);

/** By address. */
type Extras = ReadonlyMap<string, Extra>;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A plain host of static files, which notes what it does not have. */
function serve(folder: string, missing: string[], extras: Extras): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    const extra = extras.get(pathname);
    const file = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    if (typeof extra === "function") {
      extra(await bodyOf(request));
      response.writeHead(204).end();
    } else if (extra !== undefined) {
      response.writeHead(200, { "Content-Type": extra.type }).end(extra.bytes);
    } else if (existsSync(file)) {
      response.writeHead(200, { "Content-Type": MIME_TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(readFileSync(file));
    } else {
      missing.push(pathname);
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** The page, built and served. */
export interface Host {
  readonly address: string;
  /** Addresses that were asked for and are not there. */
  readonly missing: readonly string[];
  /** What the build says of the page's own scripts: the modules in each file, those of its workers apart. */
  readonly modules: readonly string[];
  /** Bytes of the files that were built, by address. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Takes the server away. */
  readonly stopServing: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How the page is built and what stands beside it. */
interface HostOptions {
  readonly extras?: Extras;
  /** Built with onnxruntime-web, as XNORKIT_PAGE_ONNXRUNTIME=1 does. */
  readonly withOnnxruntime?: boolean;
}

/** Builds the page and serves it. */
export async function hostPage({ extras = new Map(), withOnnxruntime = false }: HostOptions = {}): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-page-"));
  const built = await build({
    root: join(root, "examples/browser"),
    build: { outDir: folder },
    logLevel: "error",
    define: { WITH_ONNXRUNTIME: String(withOnnxruntime) },
  });
  const outputs = [built].flat().flatMap((result) => ("output" in result ? result.output : []));
  const modules = outputs.flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
  const missing: string[] = [];
  const server = await serve(folder, missing, extras);
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const sizes = new Map<string, number>();
  for (const file of outputs) {
    sizes.set(address + file.fileName, (file.type === "chunk" ? file.code : file.source).length);
  }
  const stopServing = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    address,
    missing,
    modules: modules.filter((name) => !name.startsWith("\0")),
    sizes,
    stopServing,
    async close() {
      await stopServing();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The page's host and a browser to look at it. */
export interface Site extends Host {
  readonly browser: Browser;
}

/** Hosts the page and opens a browser whose camera shows a moving picture. */
export async function openSite(options: HostOptions = {}): Promise<Site> {
  const host = await hostPage(options);
  const quiet =
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync " +
    "--disable-component-update --use-fake-device-for-media-stream --use-fake-ui-for-media-stream";
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: quiet.split(" ") });
  return {
    ...host,
    browser,
    async close() {
      await browser.close();
      await host.close();
    },
  };
}

/** A picture of the page as it is, among the artefacts of CI. */
export async function shot(name: string, page: Page): Promise<void> {
  const folder = join(root, "build/screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
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

/** What a browser tells of a task that kept the page's own thread for more than 50 ms, or of a frame that came late. */
interface Late {
  readonly entryType: string;
  readonly startTime: number;
  readonly duration: number;
  /** Of frames: when style and layout began, and the scripts before. */
  readonly renderStart?: number;
  readonly scripts?: readonly { readonly invoker: string; readonly duration: number }[];
}

/** Notes from now on what keeps a page's own thread; what it gives says the longest, and of what it was made. */
export async function watchTasks(page: Page): Promise<() => Promise<string>> {
  await page.addInitScript(() => {
    const late: unknown[] = [];
    Object.assign(window, { late });
    for (const type of ["longtask", "long-animation-frame"]) {
      if (!PerformanceObserver.supportedEntryTypes.includes(type)) continue;
      new PerformanceObserver((list) => late.push(...list.getEntries().map((entry) => entry.toJSON()))).observe({
        type,
      });
    }
  });
  return async () => {
    const late = (await page.evaluate("late")) as readonly Late[];
    const [longest] = late.filter(({ entryType }) => entryType === "longtask").sort((a, b) => b.duration - a.duration);
    if (longest === undefined) return "no task was longer than 50 ms";
    const { startTime, duration } = longest;
    const frame = late.find(
      (other) =>
        other.scripts !== undefined &&
        other.startTime < startTime + duration &&
        other.startTime + other.duration > startTime,
    );
    const scripts = frame?.scripts?.map((script) => `${script.invoker} ${Math.round(script.duration)} ms`) ?? [];
    const drawing = frame?.renderStart ? frame.startTime + frame.duration - frame.renderStart : 0;
    const causes = [...scripts, ...(drawing > 0 ? [`style and layout ${Math.round(drawing)} ms`] : [])];
    const cause = causes.length === 0 ? "nothing that the browser names" : causes.join(", ");
    return `the longest task took ${duration} ms, ${Math.round(startTime)} ms after arrival: ${cause}`;
  };
}

/** Opens the page, and clears the digit that it draws by itself. */
export async function openPage(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator("html[data-ready]").waitFor();
  await page.click("#clear");
  await waitForText(page, "#answer-live", /^The pad is empty\.$/);
}

/** The page on a desktop's screen, open and with an empty pad. */
export async function openDesktop(): Promise<{ readonly site: Site; readonly desktop: Watched; readonly page: Page }> {
  const site = await openSite();
  const desktop = await watch(site.browser, { viewport: { width: 1200, height: 900 } });
  await openPage(desktop.page, site.address);
  return { site, desktop, page: desktop.page };
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

/** Drops files on the page, or on an element of it, as a file manager does. */
export async function drop(
  page: Page,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  place = "body",
): Promise<void> {
  const coded = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString("base64") }));
  const dataTransfer = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of given) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    }
    return transfer;
  }, coded);
  await page.dispatchEvent(place, "drop", { dataTransfer });
}

export const fileOf = (path: string) => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  bytes: new Uint8Array(readFileSync(path)),
});
