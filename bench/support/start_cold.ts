/** Measures a process from its start to its first result: cold_start.ts in a child of this runtime. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Model, saveModel } from "../../src/index.js";
import { type Timing, timing } from "./measure.js";
import { runtimeName } from "./report.js";

export interface ColdStart {
  readonly timing: Timing;
  /** Resident memory of the process with its first result, the largest of the runs. */
  readonly rssBytes: number;
  /** Size of the packed model file. */
  readonly fileBytes: number;
}

/** What the child prints. */
interface Answer {
  readonly rssBytes: number;
}

/** The built script: bench/support, where this is a source, and dist/cli, where it is bundled, are equally deep. */
function script(): string {
  const path = fileURLToPath(new URL("../../dist/cli/cold_start.js", import.meta.url));
  if (existsSync(path)) return path;
  throw new Error("dist/cli/cold_start.js is not built: run npm run build");
}

/** One child: milliseconds until it printed its result. */
function start(args: readonly string[]): Promise<{ readonly ms: number; readonly answer: Answer }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
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
      if (code === 0) resolve({ ms, answer: JSON.parse(out) });
      else reject(new Error(`the child ended with code ${code}: ${err.trim()}`));
    });
  });
}

/** Packs the model into a temporary file and starts `runs` processes on it, one after the other. */
export async function startCold(model: Model, type: "f32" | "u8", runs: number): Promise<ColdStart> {
  const program = script();
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-bench-"));
  try {
    const path = join(folder, "model.xnorkit");
    const bytes = saveModel(model);
    writeFileSync(path, bytes);
    const runtimeArgs = runtimeName() === "deno" ? ["run", "--allow-all"] : [];
    const samples: number[] = [];
    let rssBytes = 0;
    for (let run = 0; run < runs; run++) {
      const { ms, answer } = await start([...runtimeArgs, program, path, type]);
      samples.push(ms);
      rssBytes = Math.max(rssBytes, answer.rssBytes);
    }
    return { timing: timing(samples), rssBytes, fileBytes: bytes.length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
