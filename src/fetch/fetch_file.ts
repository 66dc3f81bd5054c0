/** A file from a URL: bounded, with its progress told, kept for the next time, and checked before it is used. */
import { numberArgument, optionsArgument, refuseArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { hostModule } from "../host/builtin.js";
import { shown } from "./address.js";
import { type BodyOptions, interrupted, readBody, refuseSize } from "./body.js";
import type { Integrity } from "./integrity.js";
import type { AbortLike, FetchOptions } from "./types.js";

/** The names of all options. */
export const FETCH_OPTIONS: readonly (keyof FetchOptions)[] = [
  "onProgress",
  "cache",
  "integrity",
  "signal",
  "maxBytes",
];

/** More than this no array of every engine holds. */
const MAX_BYTES = 2 ** 31 - 1;

/** A file and where it came from in the end: behind redirections. */
export interface FetchedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly url: URL;
}

/** @throws XnorkitError `bad-option` for options of another kind. */
function checkFetchOptions(callee: string, options: FetchOptions): void {
  const { onProgress, integrity, signal, maxBytes = MAX_BYTES } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    refuseArgument(callee, "the option onProgress", "a function", onProgress);
  }
  if (integrity !== undefined) textArgument(callee, "the option integrity", integrity);
  if (signal !== undefined && typeof signal?.aborted !== "boolean") {
    refuseArgument(callee, "the option signal", "an AbortSignal", signal);
  }
  if (!(numberArgument(callee, "the option maxBytes", maxBytes) >= 1)) {
    refuseArgument(callee, "the option maxBytes", "a number of at least 1", maxBytes);
  }
}

async function readFile(url: URL, { name, maxBytes, onProgress }: BodyOptions): Promise<FetchedFile> {
  const files = await hostModule("fs/promises");
  if (files === null) throw new XnorkitError("unsupported", `${name}: this runtime reads no files`);
  try {
    const stats = await files.stat(url);
    if (!stats.isFile()) throw new Error("it is no file");
    if (stats.size > maxBytes) refuseSize(name, stats.size, maxBytes);
    const bytes = new Uint8Array(await files.readFile(url));
    onProgress?.(bytes.length, bytes.length);
    return { bytes, url };
  } catch (cause) {
    if (cause instanceof XnorkitError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError("bad-file", `${name}: the file cannot be read (${reason})`, { cause });
  }
}

async function download(url: URL, options: BodyOptions): Promise<FetchedFile> {
  if (url.protocol === "file:") return readFile(url, options);
  const { name, signal } = options;
  if (signal?.aborted) abort(signal);
  const response = await fetch(url, { signal: signal as AbortSignal | undefined }).catch((cause: unknown) => {
    if (signal?.aborted) abort(signal);
    throw interrupted(name, "before an answer came", cause);
  });
  const bytes = await readBody(response, options);
  return { bytes, url: response.url === "" ? url : new URL(response.url) };
}

function abort({ reason }: AbortLike): never {
  throw reason;
}

/** Hashing is loaded when it is asked for. */
async function openIntegrity(text: string): Promise<Integrity> {
  return (await import("./integrity.js")).readIntegrity(text);
}

/**
 * Fetches a file.
 * @throws XnorkitError `bad-file` where the server has no such file, it is too large or its hash is another;
 *   `interrupted` if the connection breaks; `unsupported` where the runtime can read, hash or keep no files;
 *   `bad-option` for wrong options. An abort is thrown as the signal's reason.
 */
export async function fetchFile(callee: string, url: URL, options: FetchOptions = {}): Promise<FetchedFile> {
  optionsArgument(callee, FETCH_OPTIONS, options);
  checkFetchOptions(callee, options);
  const { onProgress, signal, maxBytes = MAX_BYTES } = options;
  const integrity = options.integrity === undefined ? null : await openIntegrity(options.integrity);
  const cache =
    options.cache === undefined ? null : await (await import("./cache.js")).openCache(callee, options.cache);
  const name = shown(url);
  const kept = await cache?.read(url.href);
  if (kept && kept.length <= maxBytes && (integrity === null || (await integrity.isOf(kept)))) {
    if (signal?.aborted) abort(signal);
    onProgress?.(kept.length, kept.length);
    return { bytes: kept, url };
  }
  const file = await download(url, { name, maxBytes, signal, onProgress });
  await integrity?.check(name, file.bytes);
  await cache?.write(url.href, file.bytes);
  return file;
}
