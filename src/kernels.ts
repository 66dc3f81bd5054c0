/**
 * The raw kernels, for who wants only popcount GEMM or bit-packing: `instantiate` gives the typed exports and a memory
 * that you own. Layouts and argument orders are those of `KernelExports`; beside it stand the size of every buffer that
 * a kernel asks for, and what the host packs (docs/kernels.md).
 */
import { demangle } from "@assemblyscript/loader";
import type { KernelExports } from "./abi/signatures.js";
import type { KernelSource } from "./runtime/kernel_source.js";
import { hostMemory } from "./runtime/memory.js";
import { kernelModule } from "./runtime/module.js";
import { instantiateKernels, type Kernels } from "./runtime/wasm.js";

export type { KernelExports } from "./abi/signatures.js";
export * from "./abi/sizes.js";
export type { ChannelAffine, QuantizedStem, Stem, StemWindow } from "./compiler/quantize_stem.js";
export {
  type ChannelBatchNorm,
  type CountEpilogue,
  type CountEpilogueOptions,
  countEpilogue,
} from "./kernels/count_epilogue.js";
export { borderBits, channelValues, signBits, weightSignBits, zeroBorderCorrections } from "./kernels/packing.js";
export { packStem } from "./kernels/stem.js";
export type { CompiledModule, KernelSource } from "./runtime/kernel_source.js";
export type { KernelMemory, Kernels } from "./runtime/wasm.js";

/** The kernels with an allocator for their memory. */
export interface KernelInstance extends Kernels {
  /**
   * Address of `bytes` new bytes, 64-byte aligned, never given back. Growing the memory detaches views of its buffer.
   */
  allocate(bytes: number): number;
}

/**
 * Instantiates the kernels that the package carries, or `wasm`, on a memory of their own. The exports pass
 * AssemblyScript's loader, which types them; sessions call them as they are.
 * @throws XnorkitError `unsupported` if the runtime has no WebAssembly SIMD or forbids compiling bytes, `bad-option`
 *   where `wasm`
 * is another module.
 */
export async function instantiate(wasm?: KernelSource): Promise<KernelInstance> {
  const { memory, allocate } = hostMemory();
  const { exports } = instantiateKernels(await kernelModule(wasm), memory);
  return { exports: demangle<KernelExports & Record<string, unknown>>({ ...exports }), memory, allocate };
}
