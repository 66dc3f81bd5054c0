/** Measures a process from its start to its first result: cold_start.ts in a child of this runtime. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Model, saveModel } from "../../src/index.js";
import { type Timing, timing } from "./measure.js";
import { runtimeName } from "./report.js";

/** What a child starts: nothing, or a network from the bytes of a file. */
export type StartKind = "empty" | "session" | "program" | "onnxruntime-web";

/** The parts of a start, in their order. */
export const START_PARTS = ["import", "read", "load", "create", "run"] as const;
export type StartParts = Readonly<Record<(typeof START_PARTS)[number], number>>;

/** What one child did. */
export interface Start {
  /** Milliseconds until it printed its result. */
  readonly ms: number;
  /** Milliseconds of its parts; null if it is empty. */
  readonly parts: StartParts | null;
  readonly outputs: number;
  /** Resident memory with its first result. */
  readonly rssBytes: number;
}

/** The built script: bench/support, where this is a source, and dist/cli, where it is bundled, are equally deep. */
function script(): string {
  const path = fileURLToPath(new URL("../../dist/cli/cold_start.js", import.meta.url));
  if (existsSync(path)) return path;
  throw new Error("dist/cli/cold_start.js is not built: run npm run build");
}

/** Starts one child. @param args The file, and the type of its input. */
export function startOnce(kind: StartKind, ...args: readonly string[]): Promise<Start> {
  const runtimeArgs = runtimeName() === "deno" ? ["run", "--allow-all"] : [];
  const argv = [...runtimeArgs, script(), kind, ...args];
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
    let ms = 0;
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      if (out === "") ms = performance.now() - begun;
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve({ ms, ...JSON.parse(out) });
      else reject(new Error(`the child ended with code ${code}: ${err.trim()}`));
    });
  });
}

/** Does some work with a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface ColdStart {
  readonly timing: Timing;
  /** Resident memory of the process with its first result, the largest of the runs. */
  readonly rssBytes: number;
  /** Size of the packed model file. */
  readonly fileBytes: number;
}

/** Packs the model into a temporary file and starts `runs` processes on it, one after the other. */
export function startCold(model: Model, type: "f32" | "u8", runs: number): Promise<ColdStart> {
  return withFolder(async (folder) => {
    const path = join(folder, "model.xnorkit");
    const bytes = saveModel(model);
    writeFileSync(path, bytes);
    const starts: Start[] = [];
    for (let run = 0; run < runs; run++) starts.push(await startOnce("session", path, type));
    return {
      timing: timing(starts.map(({ ms }) => ms)),
      rssBytes: Math.max(...starts.map((start) => start.rssBytes)),
      fileBytes: bytes.length,
    };
  });
}
