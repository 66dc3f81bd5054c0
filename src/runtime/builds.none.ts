/** No kernels: in the place of builds.ts in modules that bring theirs as the option wasm. */
import { XnorkitError } from "../errors.js";
import type { KernelBuilds } from "./kernel_source.js";

export const builds: KernelBuilds = {
  baseline: async () => {
    throw new XnorkitError("bad-option", "the option wasm is undefined: leave it out, or give the kernels");
  },
  relaxed: async () => null,
  shared: async () => null,
};
