/** Files that the command line names by URL: fetched before a command runs, and then read as files are. */

/** A file's bytes, and the URL that redirections led to. */
interface Fetched {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly url: URL;
}

const fetched = new Map<string, Fetched>();

/** Keeps a file for the commands. */
export function keepFetched(url: string, file: Fetched): void {
  fetched.set(url, file);
}

/** True of what is fetched. */
export function isUrl(argument: string): boolean {
  return /^https?:\/\//i.test(argument);
}

/** What an argument says behind the name of an option. */
export function valueBehind(argument: string): string {
  return argument.replace(/^--[\w-]+=/, "");
}

/** True of arguments that are URLs, or options that are given one. */
export function namesUrl(argument: string): boolean {
  return isUrl(valueBehind(argument));
}

/** The bytes of a file that was fetched; null of other paths. */
export function fetchedBytes(path: string): Uint8Array<ArrayBuffer> | null {
  return fetched.get(path)?.bytes ?? null;
}

/** The URL of a file beside one that was fetched: beside the place that redirections led to. */
export function urlBeside(path: string, name: string): string {
  return new URL(encodeURIComponent(name), fetched.get(path)?.url ?? path).href;
}
