/**
 * Tables and vectors of a FlatBuffer of which nothing is trusted: every offset, count and vtable is checked against
 * the file before it is followed. Scalars are read by the `flatbuffers` package. Source: the FlatBuffers internals
 * page (flatbuffers.dev).
 *
 * ```
 * table at p:  i32 distance back to the vtable, then the fields inline
 * vtable:      u16 own bytes, u16 bytes of the table, then one u16 per field id: its place from p, 0 = absent
 * vector:      u32 count, then the elements; strings, vectors and tables as fields are u32 offsets forward from the
 * field
 * ```
 */
import { XnorkitError } from "../../errors.js";

/** The bytes of a file, as the `flatbuffers` package's ByteBuffer reads them: a form without its types. */
export interface FileScalars {
  bytes(): Uint8Array;
  capacity(): number;
  readInt8(at: number): number;
  readUint8(at: number): number;
  readUint16(at: number): number;
  readInt32(at: number): number;
  readUint32(at: number): number;
  readInt64(at: number): bigint;
  readUint64(at: number): bigint;
  readFloat32(at: number): number;
}

/** Where a table lies; its vtable is checked to lie inside the file. */
export interface Table {
  readonly file: FileScalars;
  readonly at: number;
  readonly vtable: number;
  readonly vtableBytes: number;
  readonly bytes: number;
}

/** Where the elements of a vector lie, all inside the file. */
export interface Vector {
  readonly file: FileScalars;
  readonly at: number;
  readonly count: number;
}

/** @throws XnorkitError `bad-file` that names the byte offset. */
function failAt(offset: number, problem: string): never {
  throw new XnorkitError(
    "bad-file",
    `the .tflite file is damaged: at byte ${offset} ${problem}; is it cut short or changed?`,
  );
}

function checkRange(file: FileScalars, at: number, bytes: number, what: string): void {
  if (at >= 0 && bytes >= 0 && at + bytes <= file.capacity()) return;
  failAt(at, `${what} of ${bytes} bytes ends past the file's ${file.capacity()}`);
}

/** The place that a u32 offset at `at` points to, which lies behind it. */
function followOffset(file: FileScalars, at: number, what: string): number {
  checkRange(file, at, 4, `the offset of ${what}`);
  const target = at + file.readUint32(at);
  if (target === at || target + 4 > file.capacity()) failAt(at, `${what} points to byte ${target}`);
  return target;
}

/** The table at `at`, with its vtable checked. */
function tableAt(file: FileScalars, at: number, what: string): Table {
  checkRange(file, at, 4, what);
  const vtable = at - file.readInt32(at);
  checkRange(file, vtable, 4, `the vtable of ${what}`);
  const vtableBytes = file.readUint16(vtable);
  const bytes = file.readUint16(vtable + 2);
  if (vtableBytes < 4 || vtableBytes % 2 !== 0) failAt(vtable, `the vtable of ${what} has ${vtableBytes} bytes`);
  checkRange(file, vtable, vtableBytes, `the vtable of ${what}`);
  if (bytes < 4) failAt(vtable, `the vtable of ${what} gives it ${bytes} bytes`);
  checkRange(file, at, bytes, what);
  return { file, at, vtable, vtableBytes, bytes };
}

/** The table that the file starts with. */
export function rootTable(file: FileScalars): Table {
  return tableAt(file, followOffset(file, 0, "the root table"), "the root table");
}

/** Place of the field with this id, or 0 when the table leaves it out. */
function fieldAt(table: Table, id: number, bytes: number): number {
  const entry = 4 + 2 * id;
  if (entry + 2 > table.vtableBytes) return 0;
  const place = table.file.readUint16(table.vtable + entry);
  if (place === 0) return 0;
  if (place < 4 || place + bytes > table.bytes) {
    failAt(table.vtable + entry, `field ${id} lies at ${place} of a table of ${table.bytes} bytes`);
  }
  return table.at + place;
}

/** True when the table holds the field. */
export function hasField(table: Table, id: number): boolean {
  return fieldAt(table, id, 1) !== 0;
}

/** An i8 field, a bool too. */
export function int8Field(table: Table, id: number, otherwise = 0): number {
  const at = fieldAt(table, id, 1);
  return at === 0 ? otherwise : table.file.readInt8(at);
}

export function uint8Field(table: Table, id: number): number {
  return int8Field(table, id) & 0xff;
}

export function int32Field(table: Table, id: number, otherwise = 0): number {
  const at = fieldAt(table, id, 4);
  return at === 0 ? otherwise : table.file.readInt32(at);
}

export function uint32Field(table: Table, id: number): number {
  return int32Field(table, id) >>> 0;
}

export function uint64Field(table: Table, id: number): bigint {
  const at = fieldAt(table, id, 8);
  return at === 0 ? 0n : table.file.readUint64(at);
}

export function float32Field(table: Table, id: number, otherwise: number): number {
  const at = fieldAt(table, id, 4);
  return at === 0 ? otherwise : table.file.readFloat32(at);
}

/** A table held by a field, or null when it is absent. */
export function tableField(table: Table, id: number, what: string): Table | null {
  const at = fieldAt(table, id, 4);
  return at === 0 ? null : tableAt(table.file, followOffset(table.file, at, what), what);
}

/** A vector field of `elementBytes`-byte elements; null when it is absent. */
export function vectorField(table: Table, id: number, elementBytes: number, what: string): Vector | null {
  const at = fieldAt(table, id, 4);
  if (at === 0) return null;
  const { file } = table;
  const start = followOffset(file, at, what);
  const count = file.readUint32(start);
  checkRange(file, start + 4, count * elementBytes, what);
  return { file, at: start + 4, count };
}

/**
 * The i32 numbers of a vector field, [] when it is absent.
 * @throws XnorkitError `bad-file` when there are more than `limit`: many tables can point to one long vector.
 */
export function int32sField(table: Table, id: number, limit: number, what: string): readonly number[] {
  const vector = vectorField(table, id, 4, what);
  if (vector === null) return [];
  if (vector.count > limit) failAt(vector.at - 4, `${what} counts ${vector.count}, expected at most ${limit}`);
  return Array.from({ length: vector.count }, (_, index) => vector.file.readInt32(vector.at + 4 * index));
}

/** The bytes of a [u8] field, a view; null when it is absent. */
export function bytesField(table: Table, id: number, what: string): Uint8Array | null {
  const vector = vectorField(table, id, 1, what);
  return vector === null ? null : vector.file.bytes().subarray(vector.at, vector.at + vector.count);
}

/** A string field, "" when it is absent; of a longer one the first `limit` bytes. */
export function stringField(table: Table, id: number, limit: number, what: string): string {
  const bytes = bytesField(table, id, what);
  return bytes === null ? "" : new TextDecoder().decode(bytes.subarray(0, limit));
}

/** A vector of tables; each is checked when it is asked for. */
export function tablesField(
  table: Table,
  id: number,
  what: string,
): { readonly count: number; readonly get: (index: number) => Table } {
  const vector = vectorField(table, id, 4, what);
  return {
    count: vector?.count ?? 0,
    get(index) {
      const name = `${what} ${index}`;
      return tableAt(vector!.file, followOffset(vector!.file, vector!.at + 4 * index, name), name);
    },
  };
}
