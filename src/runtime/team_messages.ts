/** What a crew's caller and its workers write to each other. */
import type { CompiledModule } from "./kernel_source.js";
import type { LinkedStep } from "./link.js";

export type ToWorker =
  /** First of all. `order` counts the workers from 1. */
  | {
      readonly kind: "open";
      readonly module: CompiledModule;
      readonly crew: SharedArrayBuffer;
      readonly order: number;
    }
  /** A memory to work on, and where this worker's kernels have their scratch and tables. */
  | { readonly kind: "memory"; readonly id: number; readonly memory: object; readonly region: number }
  /** Steps to work on, with this worker's scratch. */
  | {
      readonly kind: "steps";
      readonly id: number;
      readonly memory: number;
      readonly steps: readonly LinkedStep[];
      readonly scratch: number;
      readonly control: SharedArrayBuffer;
    }
  /** Steps, or a memory and all steps on it, that are not needed any more. */
  | { readonly kind: "forget"; readonly id: number }
  | { readonly kind: "leave"; readonly id: number };

/** It is ready to take tasks; or the caller, who waits for a message, can go on. */
export type FromWorker = "ready" | "done" | { readonly failed: string };
