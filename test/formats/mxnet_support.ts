/** Writes `.params` files and symbols for tests, independently of the readers. */
import assert from "node:assert/strict";
import { XnorkitError } from "../../src/errors.js";
import type { RawTensor } from "../../src/formats/dtypes.js";
import { rawFloat32 } from "../../src/formats/safetensors.js";
import type { Shape } from "../../src/tensor.js";
import { randomFloats, seededRandom } from "./support.js";

const TYPE_FLAGS: Readonly<Record<string, number>> = { F32: 0, F64: 1, F16: 2, U8: 3, I32: 4, I8: 5, I64: 6 };
const MAGICS = [null, 0xf993fac8, 0xf993fac9, 0xf993faca] as const;

export type ParamsVersion = 0 | 1 | 2 | 3;

/** Little-endian bytes put one after the other. */
export function writer() {
  const parts: Uint8Array[] = [];
  const put = (size: number, set: (view: DataView) => void) => {
    const bytes = new Uint8Array(size);
    set(new DataView(bytes.buffer));
    parts.push(bytes);
  };
  return {
    u32: (value: number) => put(4, (view) => view.setUint32(0, value, true)),
    i32: (value: number) => put(4, (view) => view.setInt32(0, value, true)),
    u64: (value: number | bigint) => put(8, (view) => view.setBigUint64(0, BigInt(value), true)),
    i64: (value: number | bigint) => put(8, (view) => view.setBigInt64(0, BigInt(value), true)),
    bytes: (bytes: Uint8Array) => parts.push(bytes),
    done: () => Uint8Array.from(parts.flatMap((part) => [...part])),
  };
}

/** One array record; `axes` replaces the shape that the file states. */
export function arrayRecord(
  raw: RawTensor,
  version: ParamsVersion,
  axes: readonly (number | bigint)[] = raw.shape,
): Uint8Array {
  const out = writer();
  const magic = MAGICS[version];
  if (magic !== null) out.u32(magic);
  if (version >= 2) out.i32(0);
  out.i32(axes.length);
  for (const size of axes) version === 0 ? out.u32(Number(size)) : out.i64(size);
  out.i32(1);
  out.i32(0);
  out.i32(TYPE_FLAGS[raw.dtype]);
  out.bytes(raw.bytes);
  return out.done();
}

/** A file of records and names; `count` and `nameCount` replace the true counts. */
export function paramsFile(
  records: readonly Uint8Array[],
  names: readonly string[],
  { count = records.length, nameCount = names.length }: { count?: number | bigint; nameCount?: number | bigint } = {},
): Uint8Array {
  const out = writer();
  out.u64(0x112);
  out.u64(0);
  out.u64(count);
  for (const record of records) out.bytes(record);
  out.u64(nameCount);
  for (const name of names) {
    const text = new TextEncoder().encode(name);
    out.u64(text.length);
    out.bytes(text);
  }
  return out.done();
}

export function writeParams(tensors: ReadonlyMap<string, RawTensor>, version: ParamsVersion = 2): Uint8Array {
  return paramsFile(
    [...tensors.values()].map((raw) => arrayRecord(raw, version)),
    [...tensors.keys()],
  );
}

export interface TestNode {
  readonly op: string;
  readonly name: string;
  /** Names of earlier nodes, or `[name, output]`. */
  readonly inputs?: readonly (string | readonly [string, number])[];
  readonly attrs?: Readonly<Record<string, string>>;
}

/** A symbol that ends in its last node. Inputs that no node defines become variables. */
export function symbolText(nodes: readonly TestNode[], { field = "attrs", version = true } = {}): string {
  const written: Record<string, unknown>[] = [];
  const places = new Map<string, number>();
  const place = (name: string): number => {
    const found = places.get(name);
    if (found !== undefined) return found;
    written.push({ op: "null", name, inputs: [] });
    places.set(name, written.length - 1);
    return written.length - 1;
  };
  for (const { op, name, inputs = [], attrs } of nodes) {
    const entries = inputs.map((input) => {
      const [source, output] = typeof input === "string" ? [input, 0] : input;
      return version ? [place(source), output, 0] : [place(source), output];
    });
    written.push({ op, name, inputs: entries, ...(attrs !== undefined && { [field]: attrs }) });
    places.set(name, written.length - 1);
  }
  return JSON.stringify({ nodes: written, heads: [[written.length - 1, 0, 0]] });
}

/** Random float tensors of these shapes; names that end in `_var` are positive. */
export function randomTensors(shapes: Readonly<Record<string, Shape>>, seed = 1): Map<string, RawTensor> {
  const random = seededRandom(seed);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = randomFloats(
        shape.reduce((count, size) => count * size, 1),
        random,
      );
      return [name, rawFloat32(shape, name.endsWith("_var") ? values.map((value) => value * value + 0.1) : values)];
    }),
  );
}

/** Packs the signs of row-major OIHW weights as BMXNet's converter does: the flat row, least significant bit first. */
export function packConvolution(values: Float32Array, dtype: "F32" | "F64" | "I32" | "I64"): RawTensor {
  const size = dtype.endsWith("64") ? 8 : 4;
  const bytes = new Uint8Array(values.length / 8);
  values.forEach((value, index) => {
    if (value >= 0) bytes[index >> 3] |= 1 << (index & 7);
  });
  return { dtype, shape: [bytes.length / size], bytes };
}

/** Packs a `[units, inputs]` matrix: word [y * units + o] holds inputs y W .. of unit o. */
export function packDense(
  values: Float32Array,
  [units, inputs]: Shape,
  dtype: "F32" | "F64" | "I32" | "I64",
): RawTensor {
  const bits = dtype.endsWith("64") ? 64 : 32;
  const words = new BigUint64Array((units * inputs) / bits);
  for (let unit = 0; unit < units; unit++) {
    for (let input = 0; input < inputs; input++) {
      if (values[unit * inputs + input] < 0) continue;
      words[Math.floor(input / bits) * units + unit] |= 1n << BigInt(input % bits);
    }
  }
  const bytes = bits === 64 ? new Uint8Array(words.buffer) : new Uint8Array(Uint32Array.from(words, Number).buffer);
  return { dtype, shape: [units, inputs / bits], bytes };
}

/** True where `run` succeeds; fails the test on anything that is no XnorkitError of one sentence. */
export function succeedsOrRefuses(run: () => unknown, what: string): boolean {
  try {
    run();
    return true;
  } catch (error) {
    assert.ok(error instanceof XnorkitError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(error.message.length > 20 && !error.message.includes("\n"), `${what}: ${error.message}`);
    return false;
  }
}

/**
 * A network of 6x6 pixels and 3 classes, a binary convolution between float layers, as MXNet saves it: the symbol, and
 * its parameters with the signs of `signs` packed.
 */
export function smallMxnet(
  channels: number,
  signs: Float32Array,
): { readonly symbol: string; readonly params: Uint8Array } {
  const symbol = symbolText([
    {
      op: "Convolution",
      name: "conv",
      inputs: ["data", "conv_weight", "conv_bias"],
      attrs: { kernel: "(3, 3)", num_filter: "32" },
    },
    {
      op: "QConvolution",
      name: "q",
      inputs: ["conv", "q_weight"],
      attrs: { kernel: "(3, 3)", num_filter: "32", pad: "(1, 1)", binarized_weights_only: "True" },
    },
    { op: "FullyConnected", name: "fc", inputs: ["q", "fc_weight"], attrs: { num_hidden: "3", no_bias: "True" } },
    { op: "SoftmaxOutput", name: "softmax", inputs: ["fc", "softmax_label"] },
  ]);
  const floats = { "arg:conv_weight": [32, channels, 3, 3], "arg:conv_bias": [32], "arg:fc_weight": [3, 32 * 16] };
  const tensors = new Map([...randomTensors(floats), ["arg:q_weight", packConvolution(signs, "F32")]]);
  return { symbol, params: writeParams(tensors, 0) };
}
