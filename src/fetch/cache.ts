/**
 * Files kept for the next time: in the browser's Cache API or in a folder. Each is kept with its SHA-256, so that what
 * was damaged meanwhile is fetched again.
 */
import { kindOf, objectArgument, refuseArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { type HostFiles, hostModule } from "../host/builtin.js";
import { isAddress } from "./address.js";
import { canHash, sha256 } from "./integrity.js";
import type { CacheFolder, CacheLike, UrlLike } from "./types.js";

/** What keeps files by their URL. */
export interface FileCache {
  /** The file as it was kept; null where there is none, or it was changed. */
  readonly read: (url: string) => Promise<Uint8Array<ArrayBuffer> | null>;
  readonly write: (url: string, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
}

const HASH_HEADER = "x-xnorkit-sha256";

/** Pages that cannot hash keep files without one. */
function browserCache(cache: CacheLike): FileCache {
  return {
    async read(url) {
      const response = (await cache.match(url)) as Response | undefined;
      if (response === undefined) return null;
      const bytes = new Uint8Array(await response.arrayBuffer());
      const stated = response.headers.get(HASH_HEADER);
      return stated === null || !canHash() || stated === (await sha256(bytes)) ? bytes : null;
    },
    async write(url, bytes) {
      const headers = canHash() ? { [HASH_HEADER]: await sha256(bytes) } : undefined;
      // Where the browser's room is used up the file is there all the same, and fetched again the next time.
      await cache.put(url, new Response(bytes, { headers }) as never).catch(() => undefined);
    },
  };
}

/** Temporary files of writers that were killed are removed when they are so old. */
const ABANDONED_MS = 3_600_000;

/**
 * Files are called HASH_OF_URL-HASH_OF_BYTES.bin: what a file must hold is in its name. They are written under another
 * name first.
 */
function folderCache(folder: string, files: HostFiles): FileCache {
  const separator = folder.includes("/") || !folder.includes("\\") ? "/" : "\\";
  const place = (name: string) => `${folder.replace(/[/\\]$/, "")}${separator}${name}`;
  const prefixOf = async (url: string) => (await sha256(new TextEncoder().encode(url))).slice(0, 32);
  const namesOf = async (prefix: string) => (await files.readdir(folder).catch(() => [])).filter(startsWith(prefix));
  const startsWith = (prefix: string) => (name: string) => name.startsWith(prefix);
  const drop = (name: string) => files.rm(place(name), { force: true });

  async function dropAbandoned(prefix: string): Promise<void> {
    for (const name of await namesOf(`.${prefix}`)) {
      const stats = await files.stat(place(name)).catch(() => null);
      if (stats !== null && Date.now() - stats.mtimeMs > ABANDONED_MS) await drop(name);
    }
  }

  return {
    async read(url) {
      for (const name of await namesOf(await prefixOf(url))) {
        const bytes = await files.readFile(place(name)).catch(() => null);
        if (bytes !== null && name.includes(`-${await sha256(bytes)}.`)) return new Uint8Array(bytes);
        await drop(name);
      }
      return null;
    },
    async write(url, bytes) {
      const prefix = await prefixOf(url);
      const name = `${prefix}-${await sha256(bytes)}.bin`;
      const temporary = `.${prefix}-${Math.random().toString(36).slice(2)}.tmp`;
      try {
        await files.mkdir(folder, { recursive: true });
        await dropAbandoned(prefix);
        await files.writeFile(place(temporary), bytes, { flag: "wx" });
        await files.rename(place(temporary), place(name));
      } catch (cause) {
        await drop(temporary).catch(() => undefined);
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new XnorkitError("bad-file", `the folder ${folder} of the option cache cannot be written: ${reason}`, {
          cause,
        });
      }
      for (const other of await namesOf(prefix)) if (other !== name) await drop(other);
    },
  };
}

const EXPECTED = "a cache of the Cache API or { folder }";

/** @throws XnorkitError `bad-option` if it is no cache, `unsupported` for a folder where the runtime has none. */
export async function openCache(callee: string, cache: CacheLike | CacheFolder): Promise<FileCache> {
  objectArgument(callee, "the option cache", EXPECTED, cache);
  if ("match" in cache && typeof cache.match === "function" && typeof cache.put === "function") {
    return browserCache(cache);
  }
  const { folder } = cache as CacheFolder;
  if (!isAddress(folder)) refuseArgument(callee, "the option cache", EXPECTED, cache);
  const [files, urls] = [await hostModule("fs/promises"), await hostModule("url")];
  if (files === null || urls === null) {
    throw new XnorkitError(
      "unsupported",
      "this runtime has no folders, as the option cache names one: give a cache of the Cache API, as caches.open does",
    );
  }
  const isUrl = kindOf(folder) === "URL";
  const path = isUrl ? urls.fileURLToPath((folder as UrlLike).href) : textArgument(callee, "folder", folder);
  if (path === "") refuseArgument(callee, "folder", "a path", folder);
  return folderCache(path, files);
}
