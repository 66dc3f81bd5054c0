/** Descriptions and tensors of golden networks, read without the library. */
import { readFileSync } from "node:fs";
import { sharedPath, skipWithout } from "../support/shared.js";

export function skipWithoutGolden(name: string): string | false {
  return skipWithout(`goldens/${name}.json`, `goldens/${name}.weights.safetensors`, `goldens/${name}.io.safetensors`);
}

export interface GoldenDescription {
  readonly taps: readonly string[];
  readonly output_shape: readonly number[];
}

export function readDescription(name: string): GoldenDescription {
  return JSON.parse(readFileSync(sharedPath(`goldens/${name}.json`), "utf8"));
}

export interface HeaderEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Tensors of a safetensors file of F32, in the file's order; read here so that the tests lean on no reader of the
 * library.
 */
export function readTensors(file: string): readonly HeaderEntry[] {
  const bytes = readFileSync(sharedPath(`goldens/${file}.safetensors`));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { shape: number[]; dtype: string; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString("utf8", 8, 8 + headerLength),
  );
  return Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, { shape, dtype, data_offsets }]) => {
      if (dtype !== "F32" && dtype !== "F64") throw new Error(`${file}: ${name} is ${dtype}`);
      const [begin, end] = data_offsets.map((offset) => 8 + headerLength + offset);
      const copy = bytes.buffer.slice(bytes.byteOffset + begin, bytes.byteOffset + end);
      return { name, shape, data: dtype === "F32" ? new Float32Array(copy) : new Float32Array(new Float64Array(copy)) };
    });
}
