/**
 * Keeps the built files, so that the page works without a network. It answers for its own files and asks nobody else.
 */

/**
 * Written by offline_plugin.ts: addresses of the built files, those that are kept only once they were asked for, and a
 * hash of what is in them.
 */
declare const FILES: readonly string[];
declare const LATE_FILES: readonly string[];
declare const VERSION: string;

/** The part of the service worker's interface that is used; TypeScript's own library of it excludes the page's. */
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const PREFIX = "xnorkit-page-";
const cacheName = `${PREFIX}${VERSION}`;

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
}

async function dropOldCaches(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== cacheName).map((name) => caches.delete(name)),
  );
}

const isLate = ({ url }: Request) => LATE_FILES.some((file) => new URL(file, self.location.href).href === url);

/** Of pages the one that is there under its address, or else under the folder's. */
async function keptAnswer(cache: Cache, request: Request): Promise<Response | undefined> {
  const found = await cache.match(request, { ignoreSearch: true });
  if (found !== undefined || request.mode !== "navigate") return found;
  return /\/(index\.html)?$/.test(new URL(request.url).pathname) ? cache.match("./") : undefined;
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const known = await keptAnswer(cache, request);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok && isLate(request)) await cache.put(request, response.clone());
  return response;
}

self.addEventListener("install", (event) => (event as ExtendableEvent).waitUntil(install()));
self.addEventListener("activate", (event) => (event as ExtendableEvent).waitUntil(dropOldCaches()));
self.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  if (request.method === "GET" && new URL(request.url).origin === self.location.origin) {
    respondWith.call(event, answer(request));
  }
});
