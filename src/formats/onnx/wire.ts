/**
 * Protobuf messages read by tables of fields. The tables hold the part of a schema that is needed; all other fields are
 * skipped. A message inside a message is read by the table of its own type, so nothing nests deeper than the tables do.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { XnorkitError } from "../../errors.js";

/** What fields read from: a BinaryReader, said in a form that declarations may carry without the package's types. */
interface Reader {
  int32(): number;
  int64(): bigint | string;
  float(): number;
  double(): number;
  string(): string;
  bytes(): Uint8Array;
}

/** Reads one field of a message whose key has been read; `wire` is its wire type. */
type FieldReader<M> = (message: M, reader: Reader, wire: number) => void;

/** The fields of a message by their number. */
export type Fields<M> = Readonly<Record<number, FieldReader<M>>>;

/** The keys of M whose values take a T. */
type KeysFor<M, T> = { [K in keyof M]-?: [T] extends [M[K]] ? K : never }[keyof M];

function need(wire: number, expected: number): void {
  if (wire !== expected) throw new RangeError(`wire type ${wire}, expected ${expected}`);
}

/** A string. */
export function text<M>(key: KeysFor<M, string>): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.LengthDelimited);
    message[key] = reader.string() as M[typeof key];
  };
}

/** An int32 or an enum. */
export function int32<M>(key: KeysFor<M, number>): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.Varint);
    message[key] = reader.int32() as M[typeof key];
  };
}

/** An int64 as a double: exact up to 2^53, the nearest double beyond. */
export function int64<M>(key: KeysFor<M, number>): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.Varint);
    message[key] = Number(reader.int64()) as M[typeof key];
  };
}

export function float<M>(key: KeysFor<M, number>): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.Bit32);
    message[key] = reader.float() as M[typeof key];
  };
}

/** A view of the file's bytes. */
export function bytes<M>(key: KeysFor<M, Uint8Array>): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.LengthDelimited);
    message[key] = reader.bytes() as M[typeof key];
  };
}

/** One message; if a file holds the field twice, the parts are merged, as protobuf wants it. */
export function one<M, T>(key: KeysFor<M, T>, fields: Fields<T>, make: () => T): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.LengthDelimited);
    const into = (message[key] as T | undefined) ?? make();
    readFields(reader.bytes(), fields, into);
    message[key] = into as M[typeof key];
  };
}

/**
 * The list that messages start with: most lists of most messages stay empty, and an array each would cost more than the
 * file.
 */
export const EMPTY: never[] = [];

function push<M, T>(message: M, key: keyof M, item: T, limit: number): void {
  const list = message[key] as T[];
  if (list.length >= limit) throw new RangeError(`more than ${limit} elements in one list`);
  if (list.length === 0) message[key] = [item] as M[typeof key];
  else list.push(item);
}

/** A list of messages. */
export function many<M, T>(key: KeysFor<M, T[]>, fields: Fields<T>, make: () => T, limit: number): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.LengthDelimited);
    const item = make();
    readFields(reader.bytes(), fields, item);
    push(message, key, item, limit);
  };
}

/** A list of strings. */
export function texts<M>(key: KeysFor<M, string[]>, limit: number): FieldReader<M> {
  return (message, reader, wire) => {
    need(wire, WireType.LengthDelimited);
    push(message, key, reader.string(), limit);
  };
}

/** Numbers of a list: of exactly their size if they are packed. */
export type NumberList = number[] | Float64Array;

interface NumberType {
  readonly wire: WireType;
  readonly read: (reader: Reader) => number;
  /** How many numbers packed bytes hold. */
  readonly count: (packed: Uint8Array) => number;
}

/** The bytes of a varint but its last have their top bit set. */
function countVarints(packed: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < packed.length; i++) count += 1 - (packed[i] >> 7);
  return count;
}

/** A list of numbers, packed into one field or one field each: writers of proto2 and proto3 differ. */
function numbers<M>(
  key: KeysFor<M, NumberList>,
  limit: number,
  { wire: single, read, count }: NumberType,
): FieldReader<M> {
  return (message, reader, wire) => {
    if (wire !== WireType.LengthDelimited) {
      need(wire, single);
      if (!Array.isArray(message[key])) throw new RangeError("a list that is packed and then goes on unpacked");
      push(message, key, read(reader), limit);
      return;
    }
    const content = reader.bytes();
    const packed = new BinaryReader(content);
    const known = message[key] as NumberList;
    const length = count(content);
    if (known.length + length > limit) throw new RangeError(`more than ${limit} elements in one list`);
    const list = new Float64Array(known.length + length);
    list.set(known);
    for (let i = known.length; i < list.length; i++) list[i] = read(packed);
    if (packed.pos !== packed.len) throw new RangeError("a packed list that ends within an element");
    message[key] = list as M[typeof key];
  };
}

/** A list of int32 or int64 as doubles. */
export function integers<M>(key: KeysFor<M, NumberList>, limit: number): FieldReader<M> {
  return numbers<M>(key, limit, {
    wire: WireType.Varint,
    read: (reader) => Number(reader.int64()),
    count: countVarints,
  });
}

export function floats<M>(key: KeysFor<M, NumberList>, limit: number): FieldReader<M> {
  return numbers<M>(key, limit, {
    wire: WireType.Bit32,
    read: (reader) => reader.float(),
    count: ({ length }) => Math.floor(length / 4),
  });
}

export function doubles<M>(key: KeysFor<M, NumberList>, limit: number): FieldReader<M> {
  return numbers<M>(key, limit, {
    wire: WireType.Bit64,
    read: (reader) => reader.double(),
    count: ({ length }) => Math.floor(length / 8),
  });
}

/** Where a message is damaged, for the error that leaves the file. */
class DamagedField extends RangeError {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.position = position;
  }
}

function readFields<M>(content: Uint8Array, fields: Fields<M>, message: M): void {
  const reader = new BinaryReader(content);
  while (reader.pos < reader.len) {
    const start = content.byteOffset + reader.pos;
    try {
      const [number, wire] = reader.tag();
      if (wire === WireType.StartGroup || wire === WireType.EndGroup)
        throw new RangeError("a group, which ONNX has none of");
      const read = Object.hasOwn(fields, number) ? fields[number] : undefined;
      if (read === undefined) reader.skip(wire, number);
      else read(message, reader, wire);
      if (reader.pos > reader.len) throw new RangeError("a field that goes on past its message");
    } catch (error) {
      if (error instanceof DamagedField || error instanceof XnorkitError) throw error;
      throw new DamagedField(start, error instanceof Error ? error.message : String(error));
    }
  }
}

/**
 * Reads a message that fills the bytes.
 * @param what The file, for messages.
 * @throws XnorkitError `bad-file` with the offset of the field that cannot be read.
 */
export function readMessage<M>(content: Uint8Array, fields: Fields<M>, make: () => M, what: string): M {
  const message = make();
  try {
    readFields(content, fields, message);
  } catch (error) {
    if (!(error instanceof DamagedField)) throw error;
    const offset = error.position - content.byteOffset;
    const reason = error.message.replaceAll(/\s+/g, " ").slice(0, 100);
    throw new XnorkitError("bad-file", `${what} is damaged in the protobuf field at byte ${offset}: ${reason}`);
  }
  return message;
}
