/** The package as a user gets it: the tarball that npm packs of this checkout, installed in an empty folder. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Why tests of the built package cannot run, or false. */
export const notBuilt: string | false = existsSync(join(root, "dist/lib/index.js"))
  ? false
  : "dist is not built (npm run build)";

/** With XNORKIT_NO_SKIP=1 nothing may be skipped. */
export const noSkip = process.env.XNORKIT_NO_SKIP === "1";

/**
 * The environment without the checkout's node_modules/.bin, which npm scripts put first: the commands of the machine,
 * as a user has them.
 */
export function userEnvironment(): NodeJS.ProcessEnv & { readonly PATH: string } {
  const PATH = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
    .join(delimiter);
  return { ...process.env, PATH };
}

/** Runs a command, bounded in time, and returns what it printed to stdout; fails with all it printed if it fails. */
export function run(command: string, args: readonly string[], cwd: string, milliseconds = 120_000): string {
  const options = { cwd, env: userEnvironment(), encoding: "utf8", timeout: milliseconds } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}\n${error ?? ""}`);
  return stdout;
}

/** A folder under the system's temporary one and what removes it. */
export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Packs the built checkout into a tarball in `folder`; returns its path. */
export function packPackage(folder: string): string {
  const [{ filename }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root),
  );
  return join(folder, filename);
}

/** Packs the built checkout and installs it in `folder`, without running any install script. */
export function installPackage(folder: string): void {
  const tarball = packPackage(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const quiet = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  run("npm", ["install", ...quiet, tarball], folder);
}
