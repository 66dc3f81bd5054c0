/**
 * Keeps the built files, so that the page works without a network. It answers for its own files and asks nobody else.
 */

/** Written by offline_plugin.ts: addresses of the built files, and a hash of what is in them. */
declare const FILES: readonly string[];
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

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const known = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreSearch: true });
  return known ?? fetch(request);
}

self.addEventListener("install", (event) => (event as ExtendableEvent).waitUntil(install()));
self.addEventListener("activate", (event) => (event as ExtendableEvent).waitUntil(dropOldCaches()));
self.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  if (request.method === "GET" && new URL(request.url).origin === self.location.origin) {
    respondWith.call(event, answer(request));
  }
});
