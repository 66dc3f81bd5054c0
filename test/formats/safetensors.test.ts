/** safetensors files, written, read and damaged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Dtype,
  headerByteLength,
  parseSafetensorsHeader,
  type RawTensor,
  rawFloat32,
  readSafetensors,
  writeSafetensors,
} from "../../src/formats/safetensors.js";
import { rawFile, throwsError } from "./support.js";

const bytesOfDtype = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

const rawTensor: fc.Arbitrary<RawTensor> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(bytesOfDtype) as Dtype[])),
    fc.array(fc.nat(4), { maxLength: 4 }),
    fc.infiniteStream(fc.nat(255)),
  )
  .map(([dtype, shape, stream]) => {
    const length = shape.reduce((product, size) => product * size, 1) * bytesOfDtype[dtype];
    return { dtype, shape, bytes: Uint8Array.from(stream.take(length)) };
  });

const text = fc.string({ unit: "binary", maxLength: 12 });
const tensorMap = fc
  .array(
    fc.tuple(
      text.filter((name) => name !== "__metadata__"),
      rawTensor,
    ),
    { maxLength: 6 },
  )
  .map((entries) => new Map(entries));
const metadataMap = fc.array(fc.tuple(text, text), { maxLength: 4 }).map((entries) => new Map(entries));

test("random tensors and metadata survive writing and reading, in order", () => {
  fc.assert(
    fc.property(tensorMap, metadataMap, (tensors, metadata) => {
      const file = writeSafetensors(tensors, metadata);
      const read = readSafetensors(file);
      assert.deepEqual([...read.tensors], [...tensors]);
      assert.deepEqual([...read.metadata], [...metadata]);
    }),
    { numRuns: 300 },
  );
});

test("names that look like numbers or like object members keep their order and content", () => {
  const names = ["10", "2", "__proto__", "constructor", "", 'a"\\\n', "é\u{1f600}"];
  const tensors = new Map(names.map((name, index) => [name, rawFloat32([1], Float32Array.of(index))]));
  assert.deepEqual([...readSafetensors(writeSafetensors(tensors)).tensors], [...tensors]);
});

test("the header is padded to 8 and states offsets from its end", () => {
  const file = writeSafetensors(new Map([["w", rawFloat32([2, 1], Float32Array.of(1.5, -2))]]), new Map([["k", "v"]]));
  const length = headerByteLength(file, file.length);
  assert.equal(length % 8, 0);
  assert.equal(
    new TextDecoder().decode(file.subarray(8, length)).trimEnd(),
    '{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}',
  );
  const header = parseSafetensorsHeader(file.subarray(0, length), file.length);
  assert.deepEqual(header.tensors.get("w"), { dtype: "F32", shape: [2, 1], offset: length, byteLength: 8 });
});

test("tensors are views of the file, at any alignment of the file in its buffer", () => {
  const file = writeSafetensors(new Map([["w", rawFloat32([1], Float32Array.of(3))]]));
  for (const shift of [0, 1, 2, 3]) {
    const buffer = new Uint8Array(file.length + shift);
    buffer.set(file, shift);
    const { bytes } = readSafetensors(buffer.subarray(shift)).tensors.get("w")!;
    assert.equal(bytes.buffer, buffer.buffer);
    assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true), 3);
  }
});

test("an empty file of no tensors is valid", () => {
  assert.equal(readSafetensors(rawFile("{}")).tensors.size, 0);
  assert.equal(readSafetensors(rawFile(' {"__metadata__" : { } } ')).metadata.size, 0);
});

const four = new Uint8Array(4);
const entry = (begin: number | string, end: number | string, shape = "[1]", dtype = '"F32"') =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":[${begin},${end}]}`;

const refused: readonly (readonly [what: string, file: Uint8Array, message: RegExp])[] = [
  ["an empty file", new Uint8Array(0), /ends at byte 0/],
  ["a file of 7 bytes", new Uint8Array(7), /ends at byte 7/],
  ["a header longer than the file", rawFile("{}", four, 100n), /header length at byte 0 is 100/],
  ["a header of 2^63 bytes", rawFile("{}", four, 2n ** 63n), /header length at byte 0 is 9223372036854775808/],
  ["a header of 0 bytes", rawFile("{}", four, 0n), /header length at byte 0 is 0/],
  ["text that is no JSON", rawFile("{x}"), /byte 9: expected "\\""/],
  ["text after the JSON", rawFile("{}}"), /byte 10: expected the end/],
  ["JSON that ends early", rawFile('{"a":'), /byte 13: expected a value, the text ends/],
  ["a JSON list", rawFile("[]"), /not a JSON object/],
  ["bytes that are not UTF-8", rawFile(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), /byte 10: .*UTF-8/],
  ["a byte order mark", rawFile("\ufeff{}"), /byte 8/],
  ["an open string", rawFile('{"abc'), /byte 9: a string is not closed/],
  ["a wrong escape", rawFile('{"\\x":1}'), /byte 9: .*escape/],
  ["NaN", rawFile(`{"a":${entry("NaN", 4)}}`, four), /NaN is not a value/],
  ["a deep list", rawFile("[".repeat(100000)), /not a JSON object/],
  ["a deep list as a shape", rawFile(`{"a":{"shape":${"[".repeat(100000)}`), /shape is not a list of up to 64/],
  [
    "a shape of too many axes",
    rawFile(`{"a":${entry(0, 4, `[${"1,".repeat(64)}1]`)}}`, four),
    /shape is not a list of up to 64/,
  ],
  ["a deep object", rawFile('{"a":'.repeat(100000)), /unknown key "a"/],
  ["a duplicate tensor", rawFile(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, four), /"a" occurs twice/],
  ["a duplicate by escape", rawFile(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, four), /"a" occurs twice/],
  ["duplicate metadata", rawFile('{"__metadata__":{"k":"1","k":"2"}}'), /"k" occurs twice/],
  ["metadata that is no text", rawFile('{"__metadata__":{"k":1}}'), /"k" is not a text/],
  ["metadata that is no object", rawFile('{"__metadata__":"k"}'), /not a JSON object/],
  ["trailing bytes", rawFile(`{"a":${entry(0, 4)}}`, new Uint8Array(5)), /ends at byte \d+, but the file has/],
  ["a cut tensor", rawFile(`{"a":${entry(0, 4)}}`, new Uint8Array(3)), /"a".*cut short/],
  ["overlap", rawFile(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, new Uint8Array(8)), /"b".*overlap/],
  ["a gap", rawFile(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, new Uint8Array(12)), /"b".*gap/],
  ["a gap at the start", rawFile(`{"a":${entry(4, 8)}}`, new Uint8Array(8)), /"a".*gap/],
  ["wrong order", rawFile(`{"a":${entry(4, 8)},"b":${entry(0, 4)}}`, new Uint8Array(8)), /"a".*gap/],
  ["offsets that run backwards", rawFile(`{"a":${entry(4, 0)}}`, four), /run backwards/],
  ["a shape that does not fill the offsets", rawFile(`{"a":${entry(0, 4, "[2]")}}`, four), /takes 8 bytes.*span 4/],
  ["a negative size", rawFile(`{"a":${entry(0, 4, "[-1]")}}`, four), /shape is not/],
  ["a fraction", rawFile(`{"a":${entry(0, 4, "[1.5]")}}`, four), /shape is not/],
  ["a size of 2^53", rawFile(`{"a":${entry(0, 4, "[9007199254740992]")}}`, four), /shape is not/],
  ["a huge product", rawFile(`{"a":${entry(0, 4, "[9007199254740991,9007199254740991]")}}`, four), /span 4/],
  ["a negative offset", rawFile(`{"a":${entry(-4, 0)}}`, four), /data_offsets is not/],
  ["an offset of 1e300", rawFile(`{"a":${entry(0, "1e300")}}`, four), /data_offsets is not/],
  ["a text as offset", rawFile(`{"a":${entry(0, '"4"')}}`, four), /data_offsets is not/],
  ["three offsets", rawFile(`{"a":${entry(0, "4,4")}}`, four), /data_offsets is not/],
  ["an unknown dtype", rawFile(`{"a":${entry(0, 4, "[1]", '"F31"')}}`, four), /dtype "F31"/],
  ["a dtype of Object.prototype", rawFile(`{"a":${entry(0, 4, "[1]", '"toString"')}}`, four), /dtype "toString"/],
  ["a missing dtype", rawFile('{"a":{"shape":[1],"data_offsets":[0,4]}}', four), /dtype is missing/],
  ["an unknown key", rawFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, four), /unknown key "x"/],
  ["an entry that is a number", rawFile('{"a":1}', four), /not a JSON object/],
];

for (const [what, file, message] of refused) {
  test(`refused: ${what}`, () => {
    throwsError(() => readSafetensors(file), "bad-file", message);
  });
}

test("writing refuses bytes that do not fill the shape, and the reserved name", () => {
  throwsError(() => writeSafetensors(new Map([["a", { dtype: "F32", shape: [2], bytes: four }]])), "bad-shape", /"a"/);
  throwsError(() => writeSafetensors(new Map([["__metadata__", rawFloat32([0], new Float32Array(0))]])), "bad-option");
});
