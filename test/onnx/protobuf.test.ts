/** Protobuf messages read by tables of fields. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { makeModel, modelFields } from "../../src/formats/onnx/schema.js";
import { EMPTY, type Fields, integers as integerList, many, readMessage, text } from "../../src/formats/onnx/wire.js";

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
