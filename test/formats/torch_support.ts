/** Checkpoints of real torch (scripts/torch_fixtures.py) and hand-made ones, as text of pickle protocol 0. */
import { readdirSync, readFileSync } from "node:fs";
import { zipSync } from "fflate";
import type { RawTensor } from "../../src/formats/dtypes.js";
import type { Shape } from "../../src/tensor.js";

const folder = new URL("./fixtures/torch/", import.meta.url);

/** Names of the checkpoints: `state_dict.zip.pt`. */
export const fixtureNames = readdirSync(folder).filter((name) => name.endsWith(".pt"));

export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

interface Values {
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** What torch says that the checkpoints hold, by the first part of their names and the tensors' names. */
export const expectedValues = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as Readonly<
  Record<string, Readonly<Record<string, Values>>>
>;

/** Bytes of a pickle: characters are bytes. */
export function pickle(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A checkpoint whose object is this pickle, with the storages by their keys. */
export function torchZip(object: string, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => [`net/data/${key}`, bytes]);
  return zipSync({ "net/data.pkl": pickle(object), ...Object.fromEntries(data) }, { level: 0 });
}

const count = (value: number): string => `I${value}\n`;
const tuple = (values: readonly number[]): string => `(${values.map(count).join("")}t`;

export interface TensorText {
  readonly type?: string;
  readonly key?: string;
  readonly elements: number;
  readonly offset?: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** The pickle of a tensor. */
export function tensorText({
  type = "FloatStorage",
  key = "0",
  elements,
  offset = 0,
  shape,
  strides,
}: TensorText): string {
  const storage = `(S'storage'\nctorch\n${type}\nS'${key}'\nS'cpu'\n${count(elements)}tQ`;
  const flags = "I00\nccollections\nOrderedDict\n(tR";
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${count(offset)}${tuple(shape)}${tuple(strides)}${flags}tR`;
}

/** The pickle of a dict, without the STOP. */
export function dictText(entries: Readonly<Record<string, string>>): string {
  return `(${Object.entries(entries)
    .map(([key, value]) => `S'${key}'\n${value}`)
    .join("")}d`;
}

export function floatBytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A checkpoint of float32 tensors by their names, as training scripts save them: under `state_dict`. */
export function checkpoint(tensors: readonly (readonly [name: string, tensor: RawTensor])[]): Uint8Array {
  const storages = Object.fromEntries(tensors.map(([, { bytes }], key) => [key, bytes]));
  const state = Object.fromEntries(
    tensors.map(([name, { shape, bytes }], key) => {
      const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
      return [name, tensorText({ key: `${key}`, elements: bytes.length / 4, shape, strides })];
    }),
  );
  return torchZip(`${dictText({ state_dict: dictText(state) })}.`, storages);
}
