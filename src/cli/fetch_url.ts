/** Fetches what the command line names by URL, with a bar on a terminal. */
import { fetchFile } from "../fetch/fetch_file.js";
import type { FetchOptions } from "../fetch/types.js";
import { fetchedBytes, keepFetched, namesUrl, valueBehind } from "./fetched.js";
import { type Io, type Progress, progressBar } from "./output.js";

/** A bar once it is known how much comes; none where the server does not say it. */
function barOf(io: Io): { readonly onProgress: FetchOptions["onProgress"]; readonly stop: () => void } {
  let bar: Progress | null = null;
  return {
    onProgress(received, total) {
      if (total !== null && total > 0) bar ??= progressBar(io, total, "bytes", false);
      bar?.update(received);
    },
    stop: () => bar?.stop(),
  };
}

/**
 * Fetches a file; one that was fetched before stays. XNORKIT_CACHE names a folder that keeps files for the next time.
 * @param io Where the bar is shown; null for none.
 * @throws XnorkitError as `fetchFile`.
 */
export async function fetchUrl(url: string, io: Io | null): Promise<Uint8Array<ArrayBuffer>> {
  const known = fetchedBytes(url);
  if (known !== null) return known;
  const folder = process.env.XNORKIT_CACHE;
  const bar = io === null ? null : barOf(io);
  const options = { onProgress: bar?.onProgress, ...(folder && { cache: { folder } }) };
  const file = await fetchFile("the command line", new URL(url), options).finally(() => bar?.stop());
  keepFetched(url, file);
  return file.bytes;
}

/** Fetches what the arguments of a command name by URL, also behind an option's `=`. */
export async function fetchArguments(argv: readonly string[], io: Io): Promise<void> {
  for (const argument of argv) if (namesUrl(argument)) await fetchUrl(valueBehind(argument), io);
}
