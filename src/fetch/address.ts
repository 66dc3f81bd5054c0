/** Where files are: URLs, and what callers write for them. */
import { kindOf, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";
import { hostModule } from "../host/builtin.js";
import type { UrlLike } from "./types.js";

/** A drive letter is no scheme. */
const DRIVE = /^[a-z]:[\\/]/i;

function parse(text: string, base?: string): URL | null {
  try {
    return DRIVE.test(text) ? null : new URL(text, base);
  } catch {
    return null;
  }
}

/** Relative to the page or the worker's script, where there is one. */
function fromPage(text: string): URL | null {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  return location === undefined ? null : parse(text, location.href);
}

/** True of what `addressArgument` takes for an address. */
export function isAddress(value: unknown): value is string | UrlLike {
  return typeof value === "string" || kindOf(value) === "URL";
}

/**
 * A URL, or a text that is one; other texts are relative to the page and, where there is none, paths of files.
 * @throws XnorkitError `bad-option` if it is none of these.
 */
export async function addressArgument(callee: string, argument: string, value: unknown): Promise<URL> {
  if (kindOf(value) === "URL") return new URL((value as UrlLike).href);
  if (typeof value !== "string") return refuseArgument(callee, argument, "a URL or a text with one", value);
  const url = parse(value) ?? fromPage(value);
  if (url !== null) return url;
  const urls = value === "" ? null : await hostModule("url");
  if (urls !== null) return new URL(urls.pathToFileURL(value).href);
  throw new XnorkitError(
    "bad-option",
    `${argument} of ${callee} is ${quoteName(value)}, which is no URL: give one, as new URL(${quoteName(value)}, ` +
      "import.meta.url)",
  );
}

/** The name of the file behind a URL, without its folder; "model" where it has none. */
export function fileName({ pathname }: URL): string {
  const last = pathname.slice(pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last) || "model";
  } catch {
    return last;
  }
}

/** A URL as messages call it: a data URL is longer than any message. */
export function shown({ href }: URL): string {
  return href.length > 200 ? `${href.slice(0, 150)}...` : href;
}
