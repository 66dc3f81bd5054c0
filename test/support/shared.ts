/** Where goldens and data lie, and how a test says that they are not there. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of goldens and data: XNORKIT_SHARED, by default ../shared beside the repository. */
export const sharedFolder = resolve(
  process.env.XNORKIT_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url)),
);

/** Absolute path of a file in the shared folder. */
export function sharedPath(name: string): string {
  return resolve(sharedFolder, name);
}

/**
 * The `skip` option of a test that needs files of the shared folder: false if they are there, else the notice that
 * names what is missing. With XNORKIT_NO_SKIP set (as CI does) nothing is skipped, and the test fails if it cannot
 * read.
 */
export function skipWithout(...names: readonly string[]): string | false {
  const missing = names.find((name) => !existsSync(sharedPath(name)));
  if (missing === undefined || process.env.XNORKIT_NO_SKIP) return false;
  return `${missing} is not in ${sharedFolder} (set XNORKIT_SHARED)`;
}
