/** How many threads a host runs at once. */

/** A module of Node by its name in a variable, so that bundlers for the web leave it alone. */
const nodeOs = "node:os";

/** How many threads this machine runs at once; 1 if the host does not tell. */
export async function hostThreads(): Promise<number> {
  const { hardwareConcurrency } = globalThis.navigator ?? {};
  if (hardwareConcurrency !== undefined) return Math.max(1, hardwareConcurrency);
  try {
    const { availableParallelism } = await import(/* webpackIgnore: true */ /* @vite-ignore */ nodeOs);
    return availableParallelism();
  } catch {
    return 1;
  }
}
