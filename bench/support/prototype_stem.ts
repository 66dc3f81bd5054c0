/** The prototypes of the stem: 7x7, stride 2, from 3 to 64 channels at 224x224, in f32 and with 16-bit dot products. */
import { randomStream } from "../../src/models/random.js";
import type { KernelCase } from "./kernel_cases.js";

interface StemExports {
  readonly memory: WebAssembly.Memory;
  /** u8 pixels -> 16-bit pixels with a border. */
  widen(image: number, widened: number): void;
  f32_2x16(input: number, weights: number, output: number): void;
  dot_2x16_u1(input: number, weights: number, scale: number, bias: number, output: number): void;
}

const [IMAGE, WIDENED, INPUT, WEIGHTS, CODES] = [1 << 20, 2 << 20, 4 << 20, 6 << 20, (6 << 20) + 65536];
const [SCALE, BIAS, OUTPUT] = [CODES + 65536, CODES + 65536 + 4096, 8 << 20];

/** The prototype's cases on random numbers, under the names of ours; 2x16 tiles won in both. */
export function stemCases(module: WebAssembly.Module): readonly KernelCase[] {
  const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
  const prototype = exports as unknown as StemExports;
  const random = randomStream(1, "stem prototype");
  const floats = new Float32Array(prototype.memory.buffer, INPUT, (CODES - INPUT) / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = random.normal();
  const words = new Uint32Array(prototype.memory.buffer, CODES, (64 * 154) / 2);
  for (let i = 0; i < words.length; i++) words[i] = random.bits();
  return [
    { name: "stem f32", macs: 0, run: () => prototype.f32_2x16(INPUT, WEIGHTS, OUTPUT) },
    {
      name: "stem u8",
      macs: 0,
      run: () => {
        prototype.widen(IMAGE, WIDENED);
        prototype.dot_2x16_u1(WIDENED, CODES, SCALE, BIAS, OUTPUT);
      },
    },
  ];
}
