/** Runs something in a process of its own and looks at its memory: what it took at most, freed or not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { FREE_BYTES, MAX_BYTES_PER_BYTE } from "../../src/budget.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "xnorkit-cases-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file in a folder that is gone after the tests. */
export function temporaryFile(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

export interface Measured {
  /** What the expression gave as JSON, or the message of the error. */
  readonly outcome: string;
  /** True where it ended in an error that is none of xnorkit's. */
  readonly isInternal: boolean;
  readonly fileBytes: number;
  /** Largest resident set less that before the file was read. */
  readonly peakBytes: number;
}

/**
 * Evaluates an expression of `bytes`, the contents of a file, in a new process.
 * @param imports Statements that import what it needs, from the root of the repository.
 */
export function measure(imports: string, expression: string, path: string): Measured {
  const script = `
    import { readFileSync } from "node:fs";
    import { XnorkitError } from "./src/errors.js";
    ${imports}
    const before = process.memoryUsage().rss;
    const bytes = new Uint8Array(readFileSync(process.argv[1]));
    let outcome;
    let isInternal = false;
    try {
      outcome = JSON.stringify(await (${expression})) ?? "";
    } catch (error) {
      outcome = error.message;
      isInternal = !(error instanceof XnorkitError);
    }
    const peakBytes = 1024 * process.resourceUsage().maxRSS - before;
    console.log(JSON.stringify({ outcome, isInternal, fileBytes: bytes.length, peakBytes }));`;
  const argv = ["--import", "tsx", "--input-type=module", "-e", script, path];
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Measured;
}

/**
 * What every reader promises: at most 10 times the file and 64 MB, and an error, if one, that is a sentence of
 * xnorkit's.
 */
export function assertBounded({ fileBytes, peakBytes, isInternal, outcome }: Measured): void {
  if (process.env.SHOW)
    console.log(
      fileBytes,
      (peakBytes / 1e6).toFixed(0),
      ((MAX_BYTES_PER_BYTE * fileBytes + FREE_BYTES) / 1e6).toFixed(0),
      outcome.slice(0, 60),
    );
  assert.ok(!isInternal, outcome);
  const most = MAX_BYTES_PER_BYTE * fileBytes + FREE_BYTES;
  assert.ok(peakBytes <= most, `${peakBytes} bytes for a file of ${fileBytes}, expected ${most} at most`);
}
