/** The kernel module that a caller wants. */
import { builds } from "./builds.js";
import { type CompiledModule, type KernelSource, moduleOf } from "./kernel_source.js";

/** The module of `source` where it is given, else the package's baseline build. */
export function kernelModule(source?: KernelSource): Promise<CompiledModule> {
  return source === undefined ? builds.baseline() : moduleOf(source);
}

/** The package's build for threads; null if this host shares no memory or compiles no bytes. */
export function sharedModule(): Promise<CompiledModule | null> {
  return builds.shared();
}

/** The package's build with fused multiply-adds; null if this host has no relaxed SIMD or compiles no bytes. */
export function relaxedModule(): Promise<CompiledModule | null> {
  return builds.relaxed();
}
