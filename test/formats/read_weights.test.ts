/** Weights from bytes of whatever format they are found to be. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync, zipSync } from "fflate";
import { readWeights } from "../../src/formats/read_weights.js";
import { type RawTensor, writeSafetensors } from "../../src/formats/safetensors.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { throwsError } from "./support.js";

test("float tensors of every type are read, counters are passed over", () => {
  const file = writeSafetensors(
    new Map<string, RawTensor>([
      ["bn.num_batches_tracked", { dtype: "I64", shape: [], bytes: new Uint8Array(8) }],
      ["f32", { dtype: "F32", shape: [1], bytes: new Uint8Array(Float32Array.of(1.5).buffer) }],
      ["f16", { dtype: "F16", shape: [1, 1], bytes: Uint8Array.of(0, 0x3e) }],
      ["bf16", { dtype: "BF16", shape: [], bytes: Uint8Array.of(0xc0, 0x3f) }],
      ["f64", { dtype: "F64", shape: [1], bytes: new Uint8Array(Float64Array.of(1.5).buffer) }],
    ]),
  );
  const weights = readWeights(file);
  assert.deepEqual([...weights.keys()], ["f32", "f16", "bf16", "f64"]);
  for (const weight of weights.values()) assert.deepEqual([weight.kind, ...weight.data], ["f32", 1.5]);
  assert.deepEqual(weights.get("f16")!.shape, [1, 1]);
});

test("integer tensors are refused by name", () => {
  const file = writeSafetensors(new Map([["images", { dtype: "U8", shape: [3], bytes: new Uint8Array(3) }]]));
  throwsError(() => readWeights(file), "unsupported", /"images" has dtype U8/);
});

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
for (const [bytes, says] of [
  [zipSync({ "archive/data.pkl": new Uint8Array(9) }), /zip archive.*torch/],
  [
    Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8),
    /torch checkpoint of the legacy/,
  ],
  [Uint8Array.of(0x80, 2, 0x7d), /pickle/],
  [Uint8Array.of(0x12, 1, ...new Array(30).fill(0)), /MXNet/],
  [ascii("\x1c\0\0\0TFL3........"), /TensorFlow Lite/],
  [ascii("\x89PNG\r\n\x1a\n........"), /PNG/],
  [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0), /JPEG/],
  [gzipSync(new Uint8Array(9)), /gzip/],
  [ascii("\x89HDF\r\n\x1a\n...."), /HDF5/],
  [ascii("\x93NUMPY......"), /NumPy/],
  [ascii('{"framework": "bmxnet-v2"}'), /JSON/],
  [ascii("version https://git-lfs...."), /Git LFS/],
  [ascii("\0asm\x01\0\0\0"), /WebAssembly/],
  [ascii("hello world"), /68 65 6c 6c 6f 20 77 6f/],
  [new Uint8Array(0), /empty/],
] as const) {
  test(`says ${says.source}`, () => {
    throwsError(() => readWeights(bytes), "bad-file", /expected safetensors or a packed model/, says);
  });
}

const foreign = {
  "goldens/bmx_e1_18_thumb.params": /MXNet/,
  "data/larq/quicknet.tflite": /TensorFlow Lite/,
  "data/mnist/t10k-labels-idx1-ubyte.gz": /gzip/,
  "models/digits.json": /JSON/,
};
test("says what real files of other formats are", { skip: skipWithout(...Object.keys(foreign)) }, () => {
  for (const [file, says] of Object.entries(foreign)) {
    throwsError(() => readWeights(readFileSync(sharedPath(file))), "bad-file", says);
  }
});
