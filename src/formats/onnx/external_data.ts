/**
 * Tensors in files beside the model: TensorProto.external_data names a file, an offset and a length. Source:
 * docs/ExternalData.md of github.com/onnx/onnx. The caller hands in the files; a location that leads out of the model's
 * folder is refused, so that a command line that reads what a model names reads nothing else.
 */
import { bytesArgument, type FileBytes, kindOf } from "../../arguments.js";
import { fail, show } from "./messages.js";
import type { TensorProto } from "./schema.js";

/** The files beside a model by the names that it gives them. */
export type ExternalData = ReadonlyMap<string, FileBytes> | Readonly<Record<string, FileBytes>>;

interface Place {
  readonly location: string;
  readonly offset: number;
  /** Null if the file does not state it. */
  readonly length: number | null;
}

function readCount(name: string, key: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  return fail("bad-file", `tensor ${name} has the external ${key} ${show(text)}, expected a whole number of bytes`);
}

/** True for a plain file name: no folder, no drive, no way up. */
function isPlainName(location: string): boolean {
  return location !== "" && location !== "." && location !== ".." && !/[/\\:\0]/.test(location);
}

function placeOf(proto: TensorProto): Place {
  const name = show(proto.name);
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  if (!isPlainName(location)) {
    fail(
      "bad-file",
      `tensor ${name} lies in ${show(location)}: external data must be a file beside the model, named without a folder`,
    );
  }
  return {
    location,
    offset: readCount(name, "offset", entries.get("offset")) ?? 0,
    length: readCount(name, "length", entries.get("length")),
  };
}

/** How many bytes the files have that tensors lie in. */
export function externalSize(tensors: readonly TensorProto[], files: ExternalData | undefined): number {
  return externalLocations(tensors).reduce((sum, location) => sum + (findFile(files, location)?.length ?? 0), 0);
}

/**
 * The names of the files that tensors lie in, each once. @throws XnorkitError `bad-file` for a location that is not a
 * plain file name.
 */
export function externalLocations(tensors: readonly TensorProto[]): readonly string[] {
  return [...new Set(tensors.filter(({ dataLocation }) => dataLocation === 1).map((proto) => placeOf(proto).location))];
}

/** @throws XnorkitError `bad-option` for files that are none. */
function findFile(files: ExternalData | undefined, location: string): Uint8Array | undefined {
  if (files === undefined) return undefined;
  const byName = kindOf(files) === "Map" ? null : (files as Readonly<Record<string, FileBytes>>);
  const found =
    byName === null
      ? (files as ReadonlyMap<string, FileBytes>).get(location)
      : Object.hasOwn(byName, location)
        ? byName[location]
        : undefined;
  return found === undefined ? undefined : bytesArgument("importOnnx", `externalData ${show(location)}`, found);
}

interface Extent {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Two tensors may be the very same bytes, but none may share a part of another's. */
function checkOverlap(location: string, extents: readonly Extent[]): void {
  const sorted = [...extents].sort((a, b) => a.start - b.start || a.end - b.end);
  let last = sorted[0];
  for (const extent of sorted.slice(1)) {
    const isSame = extent.start === last.start && extent.end === last.end;
    if (extent.start < last.end && !isSame) {
      fail(
        "bad-file",
        `tensors ${last.name} (bytes ${last.start} to ${last.end}) and ${extent.name} ` +
          `(bytes ${extent.start} to ${extent.end}) overlap in ${show(location)}`,
      );
    }
    if (extent.end > last.end) last = extent;
  }
}

/**
 * Reads tensors from the files beside a model.
 * @param tensors All tensors of the model.
 * @param byteLength The bytes that a tensor takes by its shape and type.
 * @throws XnorkitError `bad-file` if two tensors share bytes in part; the reader throws if a file is missing or too
 *   short, or if a tensor
 *   states another length than its shape has.
 */
export function externalReader(
  tensors: readonly TensorProto[],
  files: ExternalData | undefined,
): (proto: TensorProto, byteLength: number) => Uint8Array {
  const extents = new Map<string, Extent[]>();
  for (const proto of tensors) {
    if (proto.dataLocation !== 1) continue;
    const { location, offset, length } = placeOf(proto);
    if (length === null || length === 0) continue;
    const extent = { start: offset, end: offset + length, name: show(proto.name) };
    const others = extents.get(location);
    if (others === undefined) extents.set(location, [extent]);
    else others.push(extent);
  }
  for (const [location, found] of extents) checkOverlap(location, found);

  return (proto, byteLength) => {
    const { location, offset, length } = placeOf(proto);
    const name = show(proto.name);
    const file = findFile(files, location);
    if (file === undefined) {
      return fail(
        "bad-file",
        `tensor ${name} lies in ${show(location)} beside the model: ` +
          "put that file there, or give its bytes as externalData",
      );
    }
    if (length !== null && length !== byteLength) {
      fail("bad-file", `tensor ${name} needs ${byteLength} bytes, but states ${length} in ${show(location)}`);
    }
    const end = offset + byteLength;
    if (end > file.length) {
      fail(
        "bad-file",
        `${show(location)} has ${file.length} bytes, but tensor ${name} lies at bytes ${offset} to ${end}: ` +
          "is it the file of this model?",
      );
    }
    return file.subarray(offset, end);
  };
}
