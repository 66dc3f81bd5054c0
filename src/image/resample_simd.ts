/**
 * `resample` of colour pictures into planes on SIMD (assembly/resample.ts): the same bytes, about four times as fast. A
 * module of a kilobyte, loaded and compiled for those who ask for it.
 */
import { pictureWasm } from "../generated/picture_wasm.js";
import { base64Bytes } from "../runtime/base64.js";
import type { Image } from "./image.js";
import type { Placement } from "./placement.js";
import type { Windows } from "./windows.js";

/**
 * Writes what `resample` does with three channels.
 * @returns false where it is not done and nothing was written: pictures in grey or that are not opaque, other places
 *   than planes, too narrow, or too large.
 */
export type SimdResample = (picture: Image, columns: Windows, rows: Windows, to: Placement) => boolean;

interface Simd {
  readonly memory: WebAssembly.Memory;
  readonly resampleColumns: (
    picture: number,
    rows: number,
    rowBytes: number,
    channels: number,
    windows: number,
    width: number,
    most: number,
    filtered: number,
  ) => number;
  readonly resampleRows: (
    filtered: number,
    first: number,
    windows: number,
    height: number,
    most: number,
    width: number,
    planes: number,
  ) => void;
}

/** The memory grows no further than this: it stays for the next picture. */
const MOST_BYTES = 2 ** 24;
/** Rows of the picture come in blocks of about so many bytes. */
const BLOCK_BYTES = 2 ** 20;
const PAGE_BYTES = 65536;

/** Null where the host does not compile the module. */
export async function openSimdResample(): Promise<SimdResample | null> {
  try {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const bytes = base64Bytes(pictureWasm) as BufferSource;
    const { exports } = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance;
    const simd = { memory, ...(exports as unknown as Omit<Simd, "memory">) };
    return (picture, columns, rows, to) => resampleOnSimd(simd, picture, columns, rows, to);
  } catch {
    return null;
  }
}

function hasRoom(memory: WebAssembly.Memory, bytes: number): boolean {
  if (bytes > MOST_BYTES) return false;
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  try {
    if (missing > 0) memory.grow(missing);
    return true;
  } catch {
    return false;
  }
}

const windowBytes = ({ starts, weights }: Windows) => 8 * starts.length + 4 * weights.length;

function writeWindows(memory: WebAssembly.Memory, at: number, { starts, lengths, weights }: Windows): void {
  const words = new Int32Array(memory.buffer, at);
  words.set(starts);
  words.set(lengths, starts.length);
  words.set(weights, 2 * starts.length);
}

function resampleOnSimd(simd: Simd, picture: Image, columns: Windows, rows: Windows, to: Placement): boolean {
  const { memory, resampleColumns, resampleRows } = simd;
  const { channels, data } = picture;
  const width = columns.starts.length;
  const height = rows.starts.length;
  if (channels === 1 || to.pixelStep !== 1 || width < 4) return false;
  const first = rows.starts[0];
  const count = rows.starts[height - 1] + rows.lengths[height - 1] - first;
  const rowBytes = picture.width * channels;
  const blockRows = Math.min(Math.max(Math.floor(BLOCK_BYTES / rowBytes), 1), count);

  const rowWindows = windowBytes(columns);
  const planes = rowWindows + windowBytes(rows);
  const filtered = planes + 3 * width * height;
  const block = filtered + 4 * width * count;
  // The last pixel is read with the byte behind it.
  const end = block + blockRows * rowBytes + 1;
  if (!hasRoom(memory, end)) return false;

  writeWindows(memory, 0, columns);
  writeWindows(memory, rowWindows, rows);
  const bytes = new Uint8Array(memory.buffer);
  for (let row = 0; row < count; row += blockRows) {
    const some = Math.min(blockRows, count - row);
    bytes.set(data.subarray((first + row) * rowBytes, (first + row + some) * rowBytes), block);
    const into = filtered + 4 * width * row;
    const alpha = resampleColumns(block, some, rowBytes, channels, 0, width, columns.most, into);
    if (channels === 4 && alpha !== 255) return false;
  }
  resampleRows(filtered, first, rowWindows, height, rows.most, width, planes);
  for (let channel = 0; channel < 3; channel++) {
    const plane = planes + channel * width * height;
    to.data.set(bytes.subarray(plane, plane + width * height), to.first + channel * to.channelStep);
  }
  return true;
}
