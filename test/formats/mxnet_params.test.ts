/** The `.params` reader: every version, the goldens bit for bit, and damaged files. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { RawTensor } from "../../src/formats/dtypes.js";
import { readMxnetParams } from "../../src/formats/mxnet/params.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import {
  arrayRecord,
  type ParamsVersion,
  paramsFile,
  randomTensors,
  succeedsOrRefuses,
  writeParams,
  writer,
} from "./mxnet_support.js";
import { seededRandom, throwsError } from "./support.js";

const VERSIONS: readonly ParamsVersion[] = [0, 1, 2, 3];
const tensors = new Map<string, RawTensor>([
  ...randomTensors({ "arg:weight": [3, 2, 3, 3], "aux:mean": [40], "arg:bias": [1] }),
  ["words", { dtype: "F64", shape: [2], bytes: Uint8Array.from({ length: 16 }, (_, i) => 255 - i) }],
  ["halves", { dtype: "F16", shape: [2, 2], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }],
  ["empty", { dtype: "I32", shape: [0, 4], bytes: new Uint8Array(0) }],
  ["bytes", { dtype: "U8", shape: [3], bytes: Uint8Array.of(9, 8, 7) }],
  ["signed", { dtype: "I8", shape: [1], bytes: Uint8Array.of(200) }],
  ["long", { dtype: "I64", shape: [1], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }],
]);

function assertSameTensors(actual: ReadonlyMap<string, RawTensor>, expected: ReadonlyMap<string, RawTensor>) {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, { dtype, shape, bytes }] of expected) {
    const found = actual.get(name)!;
    assert.equal(found.dtype, dtype, name);
    assert.deepEqual(found.shape, shape, name);
    assert.ok(Buffer.from(found.bytes).equals(Buffer.from(bytes)), `${name} differs`);
  }
}

for (const version of VERSIONS) {
  test(`a file of version ${version} reads back, also from an odd address`, () => {
    const file = writeParams(tensors, version);
    assertSameTensors(readMxnetParams(file), tensors);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    assertSameTensors(readMxnetParams(shifted.subarray(1)), tensors);
  });
}

test("records without axes: empty up to V2, a scalar in V3, unknown at -1", () => {
  const bare = (words: readonly number[]) => {
    const out = writer();
    for (const word of words) out.u32(word >>> 0);
    return out.done();
  };
  const file = paramsFile(
    [bare([0]), bare([0xf993fac8, 0]), bare([0xf993fac9, 0, 0]), bare([0xf993faca, 0, -1])],
    ["a", "b", "c", "d"],
  );
  for (const { shape, bytes } of readMxnetParams(file).values()) {
    assert.deepEqual(shape, [0]);
    assert.equal(bytes.length, 0);
  }
  const scalar: RawTensor = { dtype: "F32", shape: [], bytes: Uint8Array.of(0, 0, 128, 63) };
  assertSameTensors(readMxnetParams(paramsFile([arrayRecord(scalar, 3)], ["s"])), new Map([["s", scalar]]));
});

test("a file without names numbers its tensors", () => {
  const [first, second] = [...tensors.values()];
  const file = paramsFile([arrayRecord(first, 2), arrayRecord(second, 0)], []);
  assert.deepEqual([...readMxnetParams(file).keys()], ["0", "1"]);
});

const GOLDENS = ["bmx_e1_18_thumb", "bmx_e2_18_imagenet"] as const;
for (const name of GOLDENS) {
  const files = [`goldens/${name}.params`, `goldens/${name}.weights.safetensors`] as const;
  test(`${name}.params holds what its safetensors twin holds, bit for bit`, { skip: skipWithout(...files) }, () => {
    const [params, twin] = files.map((file) => readFileSync(sharedPath(file)));
    assertSameTensors(
      new Map([...readMxnetParams(params)].sort(([a], [b]) => (a < b ? -1 : 1))),
      new Map([...readSafetensors(twin).tensors].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });
}

test("damage is refused with the tensor and the byte", () => {
  const [weight] = tensors.values();
  const record = arrayRecord(weight, 2);
  const withShape = (axes: readonly (number | bigint)[]) => paramsFile([arrayRecord(weight, 2, axes)], ["w"]);
  const bad = (file: Uint8Array, ...patterns: readonly RegExp[]) =>
    throwsError(() => readMxnetParams(file), "bad-file", ...patterns);
  bad(paramsFile([record], ["w"], { count: 2n ** 63n }), /number of arrays at byte 16 is 9223372036854775808/);
  bad(paramsFile([record], ["w"], { nameCount: 2n ** 63n }), /number of names/);
  bad(paramsFile([record], ["w"], { nameCount: 0 }), /should end at byte/);
  bad(paramsFile([record, record], ["w", "w"]), /two arrays have the name "w"/);
  bad(withShape([2n ** 62n, 2n ** 62n]), /array 0 of 1 has shape 4611686018427387904x.* at byte 32, which takes/);
  bad(withShape([2n ** 63n - 1n]), /takes 36893488147419103228 bytes/);
  bad(withShape([-1n, 4]), /no axis can be negative/);
  bad(withShape([0, 2n ** 62n]), /too large/);
  bad(Uint8Array.of(...writeParams(tensors), 0), /1 bytes more/);
  bad(new TextEncoder().encode("<!DOCTYPE html><html>"), /expected an MXNet .params file, but this is a web page/);
  const damaged = record.slice();
  damaged[3] = 0x12;
  bad(paramsFile([damaged], ["w"]), /array 0 of 1 at byte 24 starts with 0x1293fac9/);
  const sparse = record.slice();
  sparse[4] = 1;
  throwsError(() => readMxnetParams(paramsFile([sparse], ["w"])), "unsupported", /storage type 1/);
  const typed = record.slice();
  typed[typed.length - weight.bytes.length - 4] = 9;
  bad(paramsFile([typed], ["w"]), /type flag 9/);
});

for (const version of VERSIONS) {
  test(`version ${version} cut at every byte of its first kilobyte and at random places is refused`, () => {
    const file = writeParams(tensors, version);
    const random = seededRandom(version);
    const cuts = [...Array(1024).keys(), ...Array.from({ length: 200 }, () => Math.floor(random() * file.length))];
    for (const cut of cuts.filter((cut) => cut < file.length)) {
      assert.ok(!succeedsOrRefuses(() => readMxnetParams(file.subarray(0, cut)), `cut at ${cut}`), `read at ${cut}`);
    }
  });

  test(`version ${version} with changed bytes is refused or read within its own size`, () => {
    const file = writeParams(tensors, version);
    const change = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = file.slice();
        for (const [offset, mask] of changes) damaged[offset] ^= mask;
        succeedsOrRefuses(() => {
          let total = 0;
          for (const { bytes } of readMxnetParams(damaged).values()) total += bytes.length;
          assert.ok(total <= damaged.length);
        }, JSON.stringify(changes));
      }),
      { numRuns: 300 },
    );
  });
}

test("any 64-bit number in the place of a count, an axis or a length is refused or read", () => {
  const file = writeParams(tensors, 2);
  const extreme = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(2n ** 63n, 2n ** 63n - 1n, 2n ** 32n),
  );
  fc.assert(
    fc.property(fc.nat(Math.floor(file.length / 4) - 2), extreme, (word, number) => {
      const damaged = file.slice();
      new DataView(damaged.buffer).setBigUint64(word * 4, number, true);
      succeedsOrRefuses(() => readMxnetParams(damaged), `${number} at ${word * 4}`);
    }),
    { numRuns: 400 },
  );
});

test("random bytes after the magic number are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(40), (rest, count) => {
      const out = writer();
      out.u64(0x112);
      out.u64(0);
      out.u64(count);
      out.bytes(rest);
      succeedsOrRefuses(() => readMxnetParams(out.done()), "random bytes");
    }),
    { numRuns: 300 },
  );
});
