/**
 * The page's worker: all that computes, called from the page by module and function. A module is loaded when it is
 * first called, so that the page's first answer waits for digits alone.
 */
import type { Answer, Request } from "../calls.js";

const modules = {
  digits: () => import("./digits.js"),
  network: () => import("./network.js"),
  compare: () => import("./compare.js"),
  kernels: () => import("./kernel_bench.js"),
};

/** What the page may call: all that these modules export. */
export type Modules = { readonly [M in keyof typeof modules]: Awaited<ReturnType<(typeof modules)[M]>> };

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** What browsers say of a module that cannot be fetched: Chromium, Firefox, Safari. */
const NOT_LOADED = /dynamically imported module|importing a module script failed/i;

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return NOT_LOADED.test(text) ? "a part of this page could not be loaded: reload it when there is a network" : text;
}

self.addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  const { id, module, name, args } = data;
  let answer: Answer;
  try {
    const functions: Readonly<Record<string, unknown>> = await modules[module as keyof Modules]();
    answer = { id, value: await (functions[name] as AnyFunction)(...args) };
  } catch (error) {
    answer = { id, error: sentence(error) };
  }
  self.postMessage(answer);
});
