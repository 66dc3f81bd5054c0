/**
 * What callers hand over where files are fetched. The types name none of the web's own, so that programs without its
 * library compile.
 */

/** A URL of the runtime's own class. */
export interface UrlLike {
  readonly href: string;
}

/** An AbortSignal. */
export interface AbortLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** A cache of the Cache API, as `await caches.open("models")` gives it. */
export interface CacheLike {
  match(url: string): Promise<object | undefined>;
  put(url: string, response: never): Promise<void>;
}

/** A folder of the file system, on Node, Deno and Bun; made where it is not there. */
export interface CacheFolder {
  readonly folder: string | UrlLike;
}

/** How a file is fetched; all of it optional. */
export interface FetchOptions {
  /** Called as bytes come, with how many there are to come; null where the server does not say. */
  readonly onProgress?: (received: number, total: number | null) => void;
  /**
   * Where files are kept for the next time, by their URL; they are used without asking the server again, and fetched
   * anew where they were damaged or are not what `integrity` says.
   */
  readonly cache?: CacheLike | CacheFolder;
  /** What the bytes must be: `sha256-`, `sha384-` or `sha512-` and the hash in base64, as `<script integrity>`. */
  readonly integrity?: string;
  /** An AbortSignal that ends the transfer; the promise is rejected with its reason. */
  readonly signal?: AbortLike;
  /** The most bytes that are taken. Default 2^31 - 1. */
  readonly maxBytes?: number;
}
