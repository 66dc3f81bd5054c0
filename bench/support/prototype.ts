/**
 * The prototypes of the fast paths, yardsticks that are not part of the package: compiled here and now if they are
 * present.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchShape } from "../../src/cli/bench_report.js";
import { randomStream } from "../../src/models/random.js";
import type { KernelCase } from "./kernel_cases.js";
import { stemCases } from "./prototype_stem.js";

interface PrototypeExports {
  readonly memory: WebAssembly.Memory;
  expand(bits: number, selectors: number, height: number, width: number, words: number): void;
  conv(
    selectors: number,
    height: number,
    width: number,
    inputs: number,
    weights: number,
    outputs: number,
    counts: number,
    rowBand: number,
  ): void;
  border(counts: number, height: number, width: number, outputs: number, corrections: number): void;
  epiBits(counts: number, pixels: number, outputs: number, threshold: number, flip: number, bits: number): void;
  epiF32(
    counts: number,
    pixels: number,
    outputs: number,
    scale: number,
    shift: number,
    residual: number,
    map: number,
    bits: number,
  ): void;
  im2col(padded: number, height: number, width: number, words: number, rows: number): void;
  convSc22(
    padded: number,
    height: number,
    width: number,
    words: number,
    weights: number,
    outputs: number,
    counts: number,
  ): void;
}

export interface Prototypes {
  /** The table convolution's cases under the names of ours; none for shapes that it cannot compute. */
  convolution(shape: BenchShape): readonly KernelCase[];
  /** The stem's cases under the names of ours. */
  stem(): readonly KernelCase[];
}

/** Whether the prototype computes a shape: its channels fill words and blocks of 64. */
export const isComparable = ({ inputs, outputs }: BenchShape) => inputs % 64 === 0 && outputs % 64 === 0;

/** The folder with the prototypes, by the environment or beside the repository; undefined if there is none. */
function prototypeFolder(): string | undefined {
  const named = process.env.XNORKIT_SHARED;
  let root = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(root, "package.json")) && dirname(root) !== root) root = dirname(root);
  const folder = join(named ?? resolve(root, "../shared"), "prototypes/kernels");
  return existsSync(folder) ? folder : undefined;
}

async function compile(path: string, pages: number): Promise<WebAssembly.Module> {
  const { default: asc } = await import("assemblyscript/asc");
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--initialMemory", String(pages)];
  const text = readFileSync(path, "utf8");
  const entry = "prototype.ts";
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([entry, "--outFile", "prototype.wasm", ...flags], {
    readFile: (name) => (name === entry ? text : null),
    writeFile: (_, contents) => {
      if (contents instanceof Uint8Array) binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`it does not compile: ${error?.message} ${stderr}`);
  return WebAssembly.compile(new Uint8Array(binary));
}

/**
 * The table convolution's cases on random bits; times do not depend on them. Its memory has 64 MiB, buffers start at 1
 * MiB.
 */
function convolutionCases(module: WebAssembly.Module, shape: BenchShape): readonly KernelCase[] {
  if (!isComparable(shape)) return [];
  const { height, width, inputs, outputs } = shape;
  const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
  const prototype = exports as unknown as PrototypeExports;
  const { buffer } = prototype.memory;
  let top = 1 << 20;
  const allocate = (bytes: number) => {
    const address = top;
    top = Math.ceil((top + bytes) / 256) * 256;
    return address;
  };
  const words = inputs / 64;
  const pixels = height * width;
  const padded = (height + 2) * (width + 2);
  const bits = allocate(pixels * words * 8);
  const paddedBits = allocate(padded * words * 8);
  const weights = allocate(outputs * 9 * words * 8);
  const selectors = allocate(padded * words * 16 + 64);
  const counts = allocate(pixels * outputs * 2 + 256);
  const corrections = allocate(9 * outputs * 2);
  const threshold = allocate(outputs * 2);
  const flip = allocate(outputs / 8);
  const outBits = allocate((pixels * outputs) / 8 + 64);
  const scale = allocate(outputs * 4);
  const shift = allocate(outputs * 4);
  const residual = allocate(pixels * outputs * 4);
  const map = allocate(pixels * outputs * 4);
  const rows = allocate(pixels * 9 * words * 8);
  if (top > buffer.byteLength) return [];
  const random = randomStream(1, "prototype");
  const area = new Uint32Array(buffer, bits, (selectors - bits) / 4);
  for (let i = 0; i < area.length; i++) area[i] = random.bits();

  // The band that it was measured with: 14 rows of 56 pixels, small maps whole.
  const rowBand = width === 56 && height % 14 === 0 ? 14 : height;
  const expand = () => prototype.expand(bits, selectors, height, width, words);
  const conv = () => prototype.conv(selectors, height, width, inputs, weights, outputs, counts, rowBand);
  const whole = () => {
    expand();
    conv();
    prototype.border(counts, height, width, outputs, corrections);
  };
  const toBits = () => prototype.epiBits(counts, pixels, outputs, threshold, flip, outBits);
  const toMap = () => prototype.epiF32(counts, pixels, outputs, scale, shift, residual, map, outBits);
  whole();
  const named = {
    im2col: () => prototype.im2col(paddedBits, height, width, words, rows),
    "im2col + popcount gemm": () => prototype.convSc22(paddedBits, height, width, words, weights, outputs, counts),
    "table selectors": expand,
    "table conv": conv,
    "table conv, zero padding": whole,
    "bn-sign u16": toBits,
    "epilogue u16": toMap,
    "table layer to bits": () => {
      whole();
      toBits();
    },
    "table layer to map": () => {
      whole();
      toMap();
    },
  };
  return Object.entries(named).map(([name, run]) => ({ name, macs: 0, run }));
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles what is asked of the prototypes, once a process: the compiler takes seconds.
 * @throws if they are not present or the AssemblyScript compiler (a development dependency) is not installed.
 */
export async function openPrototypes(wants: { convolution: boolean; stem: boolean }): Promise<Prototypes> {
  const folder = prototypeFolder();
  if (folder === undefined) throw new Error("there is no folder prototypes/kernels in XNORKIT_SHARED");
  const open = (file: string, pages: number): Promise<WebAssembly.Module> => {
    const module = compiled.get(file) ?? compile(join(folder, file), pages);
    compiled.set(file, module);
    return module;
  };
  const convolution = wants.convolution ? await open("conv.ts", 1024) : undefined;
  const stem = wants.stem ? await open("stem.ts", 512) : undefined;
  return {
    convolution: (shape) => (convolution === undefined ? [] : convolutionCases(convolution, shape)),
    stem: () => (stem === undefined ? [] : stemCases(stem)),
  };
}
