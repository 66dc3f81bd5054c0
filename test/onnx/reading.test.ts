/** The container: protobuf, tensors of all types, files beside the model, functions, versions, inputs and outputs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { externalLocations, externalReader } from "../../src/formats/onnx/external_data.js";
import { makeModel, modelFields, type TensorProto } from "../../src/formats/onnx/schema.js";
import { decodeTensor, type ElementType } from "../../src/formats/onnx/tensors.js";
import { EMPTY, type Fields, integers as integerList, many, readMessage, text } from "../../src/formats/onnx/wire.js";
import { importOnnx, isOnnx, onnxExternalFiles } from "../../src/onnx.js";
import {
  check,
  floats,
  integers,
  kinds,
  network,
  node,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
  type writeOnnx,
} from "./support.js";

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

describe("protobuf messages", () => {
  interface Small {
    names: string[];
    numbers: number[] | Float64Array;
    inner: Small[];
  }
  const make = (): Small => ({ names: EMPTY, numbers: EMPTY, inner: EMPTY });
  const fields: Fields<Small> = {
    1: (message, reader, wire) =>
      text<{ name: string }>("name")(
        {
          set name(value: string) {
            message.names = [...message.names, value];
          },
          get name() {
            return "";
          },
        },
        reader,
        wire,
      ),
    2: integerList("numbers", 10),
    3: (message, reader, wire) => many<Small, Small>("inner", fields, make, 3)(message, reader, wire),
  };
  const read = (write: (writer: BinaryWriter) => BinaryWriter) =>
    readMessage(write(new BinaryWriter()).finish(), fields, make, "the test");

  test("strings, lists packed and not, messages in messages, and fields that nobody knows", () => {
    const message = read((writer) =>
      writer
        .tag(99, WireType.LengthDelimited)
        .bytes(new Uint8Array(7))
        .tag(98, WireType.Bit64)
        .fixed64(5n)
        .tag(1, WireType.LengthDelimited)
        .string("größe")
        .tag(2, WireType.LengthDelimited)
        .fork()
        .int64(1)
        .int64(-2)
        .int64(300)
        .join()
        .tag(3, WireType.LengthDelimited)
        .fork()
        .tag(2, WireType.Varint)
        .int64(7)
        .tag(2, WireType.Varint)
        .int64(8)
        .join(),
    );
    assert.deepEqual(message.names, ["größe"]);
    assert.deepEqual([...message.numbers], [1, -2, 300]);
    assert.deepEqual([...message.inner[0].numbers], [7, 8]);
  });

  test("errors name the byte", () => {
    const cut = new BinaryWriter().tag(1, WireType.LengthDelimited).string("abc").finish().subarray(0, 3);
    assert.throws(() => readMessage(cut, fields, make, "the test"), {
      code: "bad-file",
      message: /^the test is damaged in the protobuf field at byte 0: premature EOF$/,
    });
    const inner = (writer: BinaryWriter) =>
      writer.tag(3, WireType.LengthDelimited).fork().tag(2, WireType.Bit32).fixed32(1).join();
    assert.throws(() => read(inner), { message: /field at byte 2: wire type 5, expected 0/ });
    assert.throws(() => read((writer) => writer.tag(5, WireType.StartGroup).tag(5, WireType.EndGroup)), {
      message: /a group/,
    });
    const long = (writer: BinaryWriter) => writer.tag(2, WireType.LengthDelimited).bytes(new Uint8Array(11));
    assert.throws(() => read(long), { message: /more than 10 elements/ });
    const broken = (writer: BinaryWriter) => writer.tag(2, WireType.LengthDelimited).bytes(Uint8Array.of(1, 0x80));
    assert.throws(() => read(broken), { message: /ends within an element/ });
  });

  test("a prototype is no field", () => {
    const tricky = readMessage(
      new BinaryWriter().tag(1, WireType.Varint).int64(8).finish(),
      modelFields,
      makeModel,
      "it",
    );
    assert.equal(tricky.irVersion, 8);
    assert.equal(Object.getPrototypeOf(tricky), Object.prototype);
  });
});

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
    const { weights: found } = importOnnx(bytes, { externalData: { "net.onnx.data": beside } });
    assert.deepEqual([...(found.get("output.weight") as { data: Float32Array }).data], [...weights]);
    assert.throws(() => importOnnx(bytes), { code: "bad-file", message: /"net.onnx.data" beside the model/ });
  });
});

describe("model-local functions", () => {
  const input = { shape: [2, 5], data: random(10, 3) };
  const model = (
    functions: Parameters<typeof writeOnnx>[0]["functions"],
    nodes = [node("f", ["input"], "output", { domain: "local" })],
  ) => network([2, 5], nodes, [], { functions, opset: 18, irVersion: 10 });

  test("calls in calls, with attributes of the caller, compute what the bodies do", async () => {
    const bytes = model(
      [
        {
          domain: "local",
          name: "g",
          inputs: ["a"],
          outputs: ["b"],
          attributes: ["slope"],
          nodes: [node("LeakyRelu", ["a"], "b", { references: { alpha: "slope" } })],
        },
        {
          domain: "local",
          name: "f",
          inputs: ["x"],
          outputs: ["y"],
          nodes: [
            node("g", ["x"], "t", { domain: "local", floats: { slope: 0.25 } }),
            node("g", ["t"], "u", { domain: "local", floats: { slope: 0.5 } }),
            node("Neg", ["u"], "y"),
          ],
        },
      ],
      [node("f", ["input"], "t", { domain: "local" }), node("f", ["t"], "output", { domain: "local" })],
    );
    await check(bytes, input, { runtime: skipWithoutRuntime === false });
  });

  test("a function that gives its input back", async () => {
    const bytes = model(
      [{ domain: "local", name: "f", inputs: ["x"], outputs: ["x"], nodes: [] }],
      [node("f", ["input"], "t", { domain: "local" }), node("Relu", ["t"], "output")],
    );
    assert.deepEqual(kinds((await check(bytes, input, { runtime: false })).imported), ["relu"]);
  });

  test("recursion and avalanches of calls are refused", () => {
    const itself = model([
      {
        domain: "local",
        name: "f",
        inputs: ["x"],
        outputs: ["y"],
        nodes: [node("f", ["x"], "y", { domain: "local" })],
      },
    ]);
    assert.throws(() => importOnnx(itself), {
      code: "bad-graph",
      message: /function "f" of domain "local" calls itself/,
    });
    const twice = Array.from({ length: 40 }, (_, level) => ({
      domain: "local",
      name: `f${level}`,
      inputs: ["x"],
      outputs: ["y"],
      nodes:
        level === 39
          ? []
          : [
              node(`f${level + 1}`, ["x"], "t", { domain: "local" }),
              node(`f${level + 1}`, ["t"], "y", { domain: "local" }),
            ],
    }));
    assert.throws(() => importOnnx(model(twice, [node("f0", ["input"], "output", { domain: "local" })])), {
      message: /more than 25000 nodes once its functions are inlined/,
    });
  });
});

describe("what a file may be", () => {
  const relu = [node("Relu", ["input"], "output")];
  const refused = (bytes: Uint8Array, code: string, message: RegExp, options = {}) =>
    assert.throws(
      () => importOnnx(bytes, options),
      (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.ok(error.message.length <= 500);
        return true;
      },
    );

  test("IR versions 3 to 11, operator sets 7 to 23", () => {
    for (const irVersion of [3, 11]) importOnnx(network([1, 4], relu, [], { irVersion }));
    for (const opset of [7, 23]) importOnnx(network([1, 4], relu, [], { opset }));
    refused(network([1, 4], relu, [], { irVersion: 12 }), "unsupported", /IR version 12, expected 3 to 11/);
    refused(network([1, 4], relu, [], { opset: 6 }), "unsupported", /operator set 6, but 7 to 23/);
    refused(network([1, 4], relu, [], { opset: 24 }), "unsupported", /operator set 24/);
  });

  test("one input, one output; parameters among the inputs are none", () => {
    const value = (name: string) => ({ name, type: "float" as const, dims: [1, 4] });
    const parameters = [floats("c", [4], random(4))];
    const add = [node("Add", ["input", "c"], "output")];
    importOnnx(network([1, 4], add, parameters, { inputs: [value("c"), value("input")] }));
    refused(
      network([1, 4], add, [], { inputs: [value("input"), value("c")] }),
      "unsupported",
      /2 inputs \("input", "c"\), expected 1/,
    );
    refused(
      network([1, 4], relu, [], { outputs: [value("output"), value("x")] }),
      "unsupported",
      /2 outputs \("output", "x"\)/,
    );
    refused(network([1, 4], relu, [], { inputs: [] }), "unsupported", /0 inputs, expected 1/);
  });

  test("a free batch, and axes that the caller must give", () => {
    const pool = [node("GlobalAveragePool", ["input"], "output")];
    assert.deepEqual(importOnnx(network(["n", 3, 8, 8], pool)).graph.inputShape, [1, 3, 8, 8]);
    assert.deepEqual(importOnnx(network([4, 3, 8, 8], pool)).graph.inputShape, [4, 3, 8, 8]);
    refused(
      network(["n", 3, "h", "w"], pool),
      "bad-option",
      /axis 2 of the input "input" is open in the file: give inputShape/,
    );
    assert.deepEqual(
      importOnnx(network(["n", 3, "h", "w"], pool), { inputShape: [2, 3, 9, 7] }).graph.inputShape,
      [2, 3, 9, 7],
    );
    refused(network(["n", 3, "h", "w"], pool), "bad-option", /expected pictures of four axes/, { inputShape: [1, 3] });
    refused(network(["n", 3, "h", "w"], pool), "bad-shape", /size 2.5/, { inputShape: [1, 3, 2.5, 4] });
    refused(network([1, 2 ** 40], relu), "bad-shape", /size 1099511627776/);
    refused(network([1, 2, 3], relu), "unsupported", /input "input" is 1x2x3/);
  });

  test("a batch that is frozen into Reshape is free all the same", () => {
    const nodes = [node("Reshape", ["input", "shape"], "x"), node("Relu", ["x"], "output")];
    const bytes = network([4, 3, 2, 2], nodes, [integers("shape", [4, 12])]);
    assert.deepEqual(importOnnx(bytes, { inputShape: [1, 3, 2, 2] }).graph.inputShape, [1, 3, 2, 2]);
  });

  test("cycles, values of nobody, and values twice", () => {
    refused(
      network([1, 4], [node("Add", ["input", "b"], "a"), node("Relu", ["a"], "b"), node("Relu", ["b"], "output")]),
      "bad-graph",
      /reads "b" in a cycle|reads "a" in a cycle/,
    );
    refused(
      network([1, 4], [node("Add", ["input", "x"], "output")]),
      "bad-graph",
      /Add "output" reads "x", which no node computes/,
    );
    refused(
      network([1, 4], [...relu, node("Neg", ["input"], "output")]),
      "bad-graph",
      /value "output" is computed by Neg "output" although it is there already/,
    );
    refused(
      network([1, 4], [node("Relu", ["input"], "x")]),
      "bad-graph",
      /the graph returns "output", which no node computes/,
    );
  });

  test("nodes in any order, and nodes that nobody needs", async () => {
    const nodes = [node("Neg", ["x"], "output"), node("Sin", ["input"], "unused"), node("Relu", ["input"], "x")];
    const { imported } = await check(network([1, 4], nodes), { shape: [1, 4], data: random(4) }, { runtime: false });
    assert.deepEqual(kinds(imported), ["relu", "scale"]);
  });

  test("operators that are not known are refused once, all together", () => {
    const nodes = [
      node("Sin", ["input"], "a"),
      node("Sin", ["a"], "b"),
      node("Foo", ["b"], "c", { domain: "my.ops" }),
      node("Erf", ["c"], "output", { name: "last one" }),
    ];
    refused(
      network([1, 4], nodes),
      "unsupported",
      /^the file has operators that are not computed here: Sin-13 \("a"\), my.ops::Foo-1 \("c"\), Erf-13 \(".* one"\)$/,
    );
  });

  test("names of the file are escaped and cut", () => {
    const long = "x".repeat(3000);
    refused(
      network([1, 4], [node("Add", ["input", `evil\n\u001b[31m${long}`], "output")]),
      "bad-graph",
      /reads "evil\\n\\u001b\[31mx+\.\.\."/,
    );
    const many = Array.from({ length: 200 }, (_, index) =>
      node(`Operator${index}`, [index === 0 ? "input" : `v${index - 1}`], index === 199 ? "output" : `v${index}`),
    );
    refused(network([1, 4], many), "unsupported", /and \d+ more/);
  });

  test("what is no model", () => {
    refused(new Uint8Array(0), "bad-file", /holds no ONNX model/);
    refused(new TextEncoder().encode("<!DOCTYPE html>"), "bad-file", /damaged|no ONNX model/);
    refused(network([1, 4], relu).subarray(0, 30), "bad-file", /damaged in the protobuf field at byte \d+/);
    assert.throws(() => importOnnx("net.onnx" as never), { code: "bad-option", message: /needs the bytes of a file/ });
    importOnnx(network([1, 4], relu).buffer as ArrayBuffer);
  });

  test("an answer that is a class is cut off, and the note says so", () => {
    const choose = [
      node("Relu", ["input"], "scores"),
      node("ArgMax", ["scores"], "class", { ints: { axis: 1 } }),
      node("Cast", ["class"], "output", { ints: { to: 1 } }),
    ];
    const argMax = importOnnx(network([1, 4], choose));
    assert.equal(argMax.graph.output, "scores");
    assert.match(
      argMax.notes[0],
      /the file ends in ArgMax "class", which gives the number of a class: the graph gives the scores before it/,
    );
    const top = [
      node("Relu", ["input"], "scores"),
      { op: "TopK", inputs: ["scores", "k"], outputs: ["values", "output"] },
    ];
    assert.equal(importOnnx(network([1, 4], top, [integers("k", [1])])).graph.output, "scores");
  });

  test("the range of the input, where metadata or the first operators tell it", () => {
    const divided = [node("Div", ["input", "c"], "x"), node("Relu", ["x"], "output")];
    const raw = importOnnx(network([1, 3, 4, 4], divided, [scalar("c", 255)]));
    assert.deepEqual(raw.graph.preprocess, { mean: [0], std: [1] });
    assert.match(raw.notes[0], /reads pixels of 0 to 255: its preprocessing is the preset none/);
    const unit = importOnnx(
      network([1, 3, 4, 4], relu, [], { metadata: { "Image.NominalPixelRange": "Normalized_0_1" } }),
    );
    assert.deepEqual(unit.graph.preprocess, { mean: [0], std: [255] });
    assert.equal(importOnnx(network([1, 3, 4, 4], relu)).graph.preprocess, undefined);
  });

  test("a file is told by its first bytes", () => {
    const bytes = network([1, 4], relu);
    assert.ok(isOnnx(bytes) && isOnnx(bytes.subarray(0, 32)));
    for (const other of [
      new Uint8Array(0),
      new Uint8Array(64),
      new TextEncoder().encode("{ }            "),
      Uint8Array.of(0x50, 0x4b, 3, 4),
      Uint8Array.of(0x1c, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33),
    ]) {
      assert.ok(!isOnnx(other));
    }
    const safetensors = new Uint8Array(40);
    safetensors[0] = 8;
    assert.ok(!isOnnx(safetensors));
  });
});
