/** What a benchmark's figures depend on, and how they are told. */
import { readFileSync } from "node:fs";
import os from "node:os";
import type { BenchResult } from "../../src/cli/bench_report.js";
import type { Timing } from "./measure.js";

/** Runtimes name themselves in `process.versions`; what is neither Deno nor Bun is Node. */
export function runtimeName(): "node" | "deno" | "bun" {
  if ("deno" in process.versions) return "deno";
  return "bun" in process.versions ? "bun" : "node";
}

/**
 * The instructions that multiply and add bytes: with them a native int8 network is twice as fast, so a comparison must
 * name them. "" if the system does not say.
 */
function int8Instructions(): string {
  try {
    const flags =
      /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].trim().split(/\s+/) ?? [];
    return ["avx512_vnni", "avx_vnni", "asimddp", "i8mm"].filter((flag) => flags.includes(flag)).join(" ") || "none";
  } catch {
    return "";
  }
}

/** Runtime, engine, processor and system of this process. */
export function machineFacts(): Readonly<Record<string, string | number>> {
  const runtime = runtimeName();
  const cpus = os.cpus();
  const int8 = int8Instructions();
  return {
    runtime: `${runtime} ${process.versions[runtime] ?? ""}`,
    engine: runtime === "bun" ? "JavaScriptCore" : `V8 ${process.versions.v8}`,
    processor: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    ...(int8 === "" ? {} : { "int8 instructions": int8 }),
    system: `${os.platform()} ${os.arch()}`,
  };
}

export interface Measured {
  readonly suite: string;
  readonly name: string;
  readonly variant: string;
  readonly timing: Pick<Timing, "bestMs" | "medianMs">;
  /** Multiply-accumulates of one run; 0 if nothing is multiplied. */
  readonly macs?: number;
  /** The same work elsewhere, by name. */
  readonly others?: Readonly<Record<string, Pick<Timing, "bestMs">>>;
}

/** One result in the form of `bench --json`; ratios compare best with best. */
export function benchResult({ suite, name, variant, timing, macs = 0, others = {} }: Measured): BenchResult {
  const { bestMs, medianMs } = timing;
  const ratios = Object.entries(others).map(([other, { bestMs: best }]) => [other, best / bestMs]);
  return {
    suite,
    name,
    variant,
    bestMs,
    medianMs,
    gmacPerSecond: macs === 0 ? 0 : macs / (bestMs * 1e6),
    ratios: Object.fromEntries(ratios),
  };
}

/** Whether a case is wanted: its name has the text of `--filter`. */
export function wanted(name: string, filter: string | undefined): boolean {
  return filter === undefined || name.toLowerCase().includes(filter.toLowerCase());
}

/** One line of what was thrown. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0].slice(0, 300);
}
