/** Reads one input and holds it to what every reader promises: SECURITY.md has the limits. */
import { readFileSync, writeFileSync } from "node:fs";
import { FREE_BYTES, MAX_BYTES_PER_BYTE } from "../../src/budget.js";
import { XnorkitError } from "../../src/errors.js";
import type { Target } from "./target.js";

/** Of the process's own time. */
export const MAX_MILLISECONDS = 2000;
export const MAX_MESSAGE = 500;

export interface Outcome {
  readonly accepted: boolean;
  readonly milliseconds: number;
  /** What the process took beyond what it had before, at its highest. */
  readonly peakBytes: number;
  /** The error's message, or what was promised and not kept. */
  readonly message: string;
  readonly violation: string | null;
}

/** Linux keeps the largest resident set, and forgets it when asked; elsewhere it only grows. */
function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Peaks are then those of the process, and only those above all before are seen.
  }
}

function peakBytes(): number {
  try {
    const status = readFileSync("/proc/self/status", "latin1");
    return 1024 * Number(/VmHWM:\s*(\d+)/.exec(status)![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

/** What is wrong with an error; null if it is one sentence of xnorkit's. */
function wrongError(error: unknown): string | null {
  if (!(error instanceof XnorkitError)) {
    return `no XnorkitError: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const { message } = error;
  if (message.length === 0 || message.length > MAX_MESSAGE) return `a message of ${message.length} characters`;
  return /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(message) ? `unprintable: ${JSON.stringify(message)}` : null;
}

export async function runInput({ read, extraBytes = 0 }: Target, bytes: Uint8Array): Promise<Outcome> {
  forgetPeak();
  const before = process.memoryUsage.rss();
  const start = process.cpuUsage();
  let [accepted, message] = [true, ""];
  let violation: string | null = null;
  try {
    await read(bytes);
  } catch (error) {
    accepted = false;
    message = error instanceof Error ? error.message : String(error);
    violation = wrongError(error);
  }
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  const peak = Math.max(0, peakBytes() - before);
  const most = MAX_BYTES_PER_BYTE * bytes.length + FREE_BYTES + extraBytes;
  if (milliseconds > MAX_MILLISECONDS) violation ??= `${milliseconds.toFixed(0)} ms: ${message}`;
  if (peak > most) violation ??= `${(peak / 2 ** 20).toFixed(0)} MB of ${(most / 2 ** 20).toFixed(0)}: ${message}`;
  return { accepted, milliseconds, peakBytes: peak, message, violation };
}
