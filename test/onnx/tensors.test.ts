/** Tensors of all element types, in the model and in files beside it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { externalLocations, externalReader } from "../../src/formats/onnx/external_data.js";
import type { TensorProto } from "../../src/formats/onnx/schema.js";
import { decodeTensor, type ElementType } from "../../src/formats/onnx/tensors.js";
import { EMPTY } from "../../src/formats/onnx/wire.js";
import { type ExternalData, importOnnx, onnxExternalFiles } from "../../src/onnx.js";
import { network, node, signs } from "./support.js";

const none = (): Uint8Array => assert.fail("no tensor is external here");

function proto(rest: Partial<TensorProto>): TensorProto {
  return {
    dims: EMPTY,
    dataType: 1,
    name: "t",
    floatData: EMPTY,
    int32Data: EMPTY,
    int64Data: EMPTY,
    doubleData: EMPTY,
    externalData: EMPTY,
    dataLocation: 0,
    ...rest,
  };
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

describe("tensors", () => {
  const cases: readonly (readonly [
    code: number,
    type: ElementType,
    data: ArrayBufferView,
    values: readonly number[],
  ])[] = [
    [1, "float", Float32Array.of(1.5, -2), [1.5, -2]],
    [2, "uint8", Uint8Array.of(1, 255), [1, 255]],
    [3, "int8", Int8Array.of(1, -128), [1, -128]],
    [4, "uint16", Uint16Array.of(1, 65535), [1, 65535]],
    [5, "int16", Int16Array.of(1, -32768), [1, -32768]],
    [6, "int32", Int32Array.of(1, -(2 ** 31)), [1, -(2 ** 31)]],
    [7, "int64", BigInt64Array.of(-1n, 2n ** 40n), [-1, 2 ** 40]],
    [9, "bool", Uint8Array.of(0, 1), [0, 1]],
    [10, "float16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    [11, "double", Float64Array.of(0.1, -2), [0.1, -2]],
    [12, "uint32", Uint32Array.of(1, 2 ** 32 - 1), [1, 2 ** 32 - 1]],
    [13, "uint64", BigUint64Array.of(1n, 2n ** 50n), [1, 2 ** 50]],
    [16, "bfloat16", Uint16Array.of(0x3f80, 0xc000), [1, -2]],
  ];
  for (const [dataType, type, data, values] of cases) {
    test(`${type} as raw bytes, wherever they lie, and as a list`, () => {
      for (const shift of [0, 1, 3]) {
        const moved = new Uint8Array(data.byteLength + shift);
        moved.set(bytesOf(data), shift);
        const tensor = decodeTensor(proto({ dims: [2], dataType, rawData: moved.subarray(shift) }), none);
        assert.equal(tensor.type, type);
        assert.deepEqual([...tensor.data], values);
      }
      const key =
        (
          {
            float: "floatData",
            double: "doubleData",
            int64: "int64Data",
            uint64: "int64Data",
            uint32: "int64Data",
          } as Record<string, string>
        )[type] ?? "int32Data";
      const list = type.endsWith("float16") ? [...(data as Uint16Array)] : values;
      assert.deepEqual([...decodeTensor(proto({ dims: [2], dataType, [key]: list }), none).data], values);
    });
  }

  test("sizes are checked before anything is made", () => {
    const bad = (rest: Partial<TensorProto>, message: RegExp, code = "bad-file") =>
      assert.throws(() => decodeTensor(proto(rest), none), { code, message });
    bad(
      { dims: [2 ** 40], rawData: new Uint8Array(4) },
      /tensor "t" of shape 1099511627776 needs 4398046511104 bytes of float, but has 4/,
    );
    bad({ dims: [2 ** 30, 2 ** 30], rawData: new Uint8Array(4) }, /which no file can hold/);
    bad({ dims: [-1] }, /which no file can hold/);
    bad({ dims: [3], floatData: [1, 2] }, /needs 3 elements, but has 2/);
    bad({ dims: [1], dataType: 8, rawData: new Uint8Array(4) }, /data type 8, which is not read/, "unsupported");
    bad({ dims: [1], segment: new Uint8Array(0) }, /segments/, "unsupported");
    assert.deepEqual(decodeTensor(proto({ dims: [0] }), none).data.length, 0);
  });
});

describe("files beside the model", () => {
  const entries = (location: string, offset = "0", length?: string) => [
    { key: "location", value: location },
    { key: "offset", value: offset },
    ...(length === undefined ? [] : [{ key: "length", value: length }]),
  ];
  const external = (name: string, dims: number[], location: string, offset?: string, length?: string) =>
    proto({ name, dims, dataLocation: 1, externalData: entries(location, offset, length) });
  const data = bytesOf(Float32Array.from({ length: 8 }, (_, index) => index));
  const read = (tensors: readonly TensorProto[], files?: Record<string, Uint8Array>) => {
    const reader = externalReader(tensors, files);
    return tensors.map((tensor) => [...decodeTensor(tensor, reader).data]);
  };

  test("tensors are read at their offsets, from a record or a map, aligned or not", () => {
    const tensors = [external("a", [2], "m.data", "8", "8"), external("b", [1], "m.data", "28")];
    assert.deepEqual(read(tensors, { "m.data": data }), [[2, 3], [7]]);
    const shifted = new Uint8Array(33);
    shifted.set(data, 1);
    const reader = externalReader(tensors, new Map([["m.data", shifted.subarray(1)]]));
    assert.deepEqual([...decodeTensor(tensors[0], reader).data], [2, 3]);
    assert.deepEqual(externalLocations(tensors), ["m.data"]);
  });

  test("a location leads nowhere but beside the model", () => {
    for (const location of ["", ".", "..", "../m.data", "/etc/passwd", "sub/m.data", "C:m.data", "a\\b", "m\0"]) {
      assert.throws(() => read([external("a", [1], location)], { [location]: data }), {
        code: "bad-file",
        message: /must be a file beside the model/,
      });
    }
  });

  test("missing, short, overlapping and wrongly stated files are named", () => {
    const bad = (tensors: readonly TensorProto[], message: RegExp, files?: Record<string, Uint8Array>) =>
      assert.throws(() => read(tensors, files), { code: "bad-file", message });
    bad([external("a", [1], "m.data")], /tensor "a" lies in "m.data" beside the model: put that file there/);
    bad([external("a", [1], "__proto__")], /tensor "a" lies in "__proto__" beside the model/, {});
    bad([external("a", [9], "m.data")], /"m.data" has 32 bytes, but tensor "a" lies at bytes 0 to 36/, {
      "m.data": data,
    });
    bad([external("a", [2], "m.data", "0", "4")], /needs 8 bytes, but states 4/, { "m.data": data });
    bad([external("a", [2], "m.data", "-4")], /external offset "-4"/, { "m.data": data });
    const overlapping = [external("a", [2], "m.data", "0", "8"), external("b", [2], "m.data", "4", "8")];
    bad(overlapping, /tensors "a" \(bytes 0 to 8\) and "b" \(bytes 4 to 12\) overlap/, { "m.data": data });
    assert.deepEqual(
      read([external("a", [2], "m.data", "0", "8"), external("b", [2], "m.data", "0", "8")], { "m.data": data }),
      [
        [0, 1],
        [0, 1],
      ],
    );
  });

  test("a network with its weights beside it", () => {
    const weights = signs(36, 3);
    const bytes = network(
      [1, 4, 3, 3],
      [node("Conv", ["input", "w"], "output")],
      [
        {
          name: "w",
          type: "float",
          dims: [1, 4, 3, 3],
          data: Float32Array.from(weights),
          external: { location: "net.onnx.data", offset: 16 },
        },
      ],
    );
    const beside = new Uint8Array(16 + 144);
    beside.set(bytesOf(Float32Array.from(weights)), 16);
    assert.deepEqual(onnxExternalFiles(bytes), ["net.onnx.data"]);
    const given: readonly ExternalData[] = [
      { "net.onnx.data": beside },
      { "net.onnx.data": beside.buffer },
      new Map([["net.onnx.data", beside]]),
    ];
    for (const externalData of given) {
      const { weights: found } = importOnnx(bytes, { externalData });
      assert.deepEqual([...(found.get("output.weight") as { data: Float32Array }).data], [...weights]);
    }
    assert.throws(() => importOnnx(bytes, { externalData: { "net.onnx.data": "text" as never } }), {
      code: "bad-option",
      message: /externalData "net.onnx.data" of importOnnx must be a Uint8Array or an ArrayBuffer/,
    });
    assert.throws(() => importOnnx(bytes), { code: "bad-file", message: /"net.onnx.data" beside the model/ });
  });
});
