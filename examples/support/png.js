/**
 * PNG files to pixels on any runtime: every colour type and depth, interlaced too (PNG specification, third edition). The zlib part
 * is the runtime's own DecompressionStream, so nothing is needed beside the platform.
 */
import { XnorkitError } from "xnorkit";
import { image } from "xnorkit/image";

/** @typedef {{ width: number, height: number, depth: number, colorType: number, interlaced: boolean }} Header */
/** @typedef {{ header: Header, palette: Uint8Array, transparency: Uint8Array, data: Uint8Array<ArrayBuffer>[] }} Chunks */
/** @typedef {{ left: number, top: number, stepX: number, stepY: number }} Pass */

/** Samples a pixel by colour type: grey, RGB, palette index, grey and alpha, RGB and alpha. */
const SAMPLES = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);
const DEPTHS = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** @type {readonly Pass[]} */
const WHOLE = [{ left: 0, top: 0, stepX: 1, stepY: 1 }];
/** The seven reduced pictures of Adam7, section 8.1. @type {readonly Pass[]} */
const ADAM7 = [
  { left: 0, top: 0, stepX: 8, stepY: 8 },
  { left: 4, top: 0, stepX: 8, stepY: 8 },
  { left: 0, top: 4, stepX: 4, stepY: 8 },
  { left: 2, top: 0, stepX: 4, stepY: 4 },
  { left: 0, top: 2, stepX: 2, stepY: 4 },
  { left: 1, top: 0, stepX: 2, stepY: 2 },
  { left: 0, top: 1, stepX: 1, stepY: 2 },
];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/**
 * Decodes a PNG file to RGBA with 8 bits a sample.
 * @param {Uint8Array} bytes
 * @returns {Promise<import("xnorkit/image").Image>}
 */
export async function decodePng(bytes) {
  const chunks = readChunks(bytes);
  const { width, height, depth, colorType, interlaced } = chunks.header;
  const sampleCount = SAMPLES.get(colorType) ?? 0;
  const passes = (interlaced ? ADAM7 : WHOLE)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.left) / pass.stepX),
      rows: Math.ceil((height - pass.top) / pass.stepY),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * sampleCount * depth) / 8) }));
  const filteredBytes = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const filtered = await inflate(chunks.data, filteredBytes);

  const rgba = new Uint8Array(4 * width * height);
  const paintRow = rowPainter(chunks, rgba);
  const pixelBytes = Math.max((sampleCount * depth) >> 3, 1);
  let offset = 0;
  for (const { left, top, stepX, stepY, columns, rows, rowBytes } of passes) {
    const samples = new Uint16Array(columns * sampleCount);
    let above = new Uint8Array(rowBytes);
    for (let row = 0; row < rows; row++) {
      const line = filtered.subarray(offset + 1, offset + 1 + rowBytes);
      unfilter(filtered[offset], line, above, pixelBytes);
      unpack(line, depth, samples);
      paintRow(samples, 4 * ((top + row * stepY) * width + left), 4 * stepX);
      above = line;
      offset += 1 + rowBytes;
    }
  }
  return image(width, height, 4, rgba);
}

/** @param {string} what @returns {never} */
function refuse(what) {
  throw new XnorkitError("bad-file", `the PNG cannot be decoded: ${what}`);
}

/** @param {Uint8Array} bytes @returns {Chunks} */
function readChunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** @type {Header | undefined} */
  let header;
  let palette = new Uint8Array();
  let transparency = new Uint8Array();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const data = [];
  for (let offset = 8; ; ) {
    if (offset + 12 > bytes.length) refuse(`it is cut short at byte ${bytes.length}`);
    const length = view.getUint32(offset);
    const end = offset + 8 + length;
    if (end + 4 > bytes.length) refuse(`its chunk at byte ${offset} has ${length} bytes, more than the file`);
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (crc32(bytes.subarray(offset + 4, end)) !== view.getUint32(end)) {
      refuse(`the checksum of its ${type} chunk at byte ${offset} is wrong`);
    }
    const body = Uint8Array.from(bytes.subarray(offset + 8, end));
    if (type === "IHDR") header = readHeader(body);
    else if (type === "PLTE") palette = body;
    else if (type === "tRNS") transparency = body;
    else if (type === "IDAT") data.push(body);
    else if (type === "IEND") break;
    offset = end + 4;
  }
  if (header === undefined) return refuse("it has no header");
  if (header.colorType === 3 && palette.length < 3) refuse("it has no palette");
  return { header, palette, transparency, data };
}

/** @param {Uint8Array} body @returns {Header} */
function readHeader(body) {
  const view = new DataView(body.buffer);
  if (body.length !== 13) refuse(`its header has ${body.length} bytes, not 13`);
  const [depth, colorType, compression, filter, interlace] = body.subarray(8);
  if (!DEPTHS.get(colorType)?.includes(depth)) refuse(`it has ${depth} bits a sample in colour type ${colorType}`);
  if (compression !== 0 || filter !== 0 || interlace > 1) refuse("its header asks for methods that do not exist");
  return { width: view.getUint32(0), height: view.getUint32(4), depth, colorType, interlaced: interlace === 1 };
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * Exactly `length` bytes: a stream that holds more is left where it exceeds them, so that a small file cannot take a long time.
 * @param {Uint8Array<ArrayBuffer>[]} parts
 * @param {number} length
 */
async function inflate(parts, length) {
  const inflated = new Uint8Array(length);
  const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let filled = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (filled + next.value.length > length) refuse(`it holds more than the ${length} bytes that its size makes`);
      inflated.set(next.value, filled);
      filled += next.value.length;
    }
  } catch (error) {
    if (error instanceof XnorkitError) throw error;
    refuse(`its compressed data is damaged (${error instanceof Error ? error.message : error})`);
  } finally {
    reader.cancel().catch(() => undefined);
  }
  if (filled < length) refuse(`it holds ${filled} of the ${length} bytes that its size makes`);
  return inflated;
}

/**
 * Undoes a row's filter in place, section 9.2. What lies left of the row counts as 0.
 * @param {number} type @param {Uint8Array} row @param {Uint8Array} above @param {number} pixelBytes
 */
function unfilter(type, row, above, pixelBytes) {
  switch (type) {
    case 0:
      return;
    case 1:
      for (let i = pixelBytes; i < row.length; i++) row[i] += row[i - pixelBytes];
      return;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] += above[i];
      return;
    case 3:
      for (let i = 0; i < pixelBytes; i++) row[i] += above[i] >> 1;
      for (let i = pixelBytes; i < row.length; i++) row[i] += (row[i - pixelBytes] + above[i]) >> 1;
      return;
    case 4:
      for (let i = 0; i < pixelBytes; i++) row[i] += above[i];
      for (let i = pixelBytes; i < row.length; i++) {
        row[i] += paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
      }
      return;
    default:
      refuse(`a row has filter ${type}; 0 to 4 exist`);
  }
}

/** The neighbour that is nearest to left + above - corner. @param {number} left @param {number} above @param {number} corner */
function paeth(left, above, corner) {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Samples of 1 to 16 bits, the first in the highest bits. @param {Uint8Array} row @param {number} depth @param {Uint16Array} samples */
function unpack(row, depth, samples) {
  if (depth === 8) samples.set(row);
  else if (depth === 16) for (let i = 0; i < samples.length; i++) samples[i] = (row[2 * i] << 8) | row[2 * i + 1];
  else {
    const mask = (1 << depth) - 1;
    for (let i = 0; i < samples.length; i++) {
      const bit = i * depth;
      samples[i] = (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
    }
  }
}

/**
 * Writes a row of samples as RGBA, its first pixel at `to`, the others `step` bytes apart.
 * @param {Chunks} chunks @param {Uint8Array} rgba
 * @returns {(samples: Uint16Array, to: number, step: number) => void}
 */
function rowPainter({ header: { colorType, depth }, palette, transparency }, rgba) {
  if (colorType === 3) return palettePainter(palette, transparency, rgba);
  const levels = Uint8Array.from({ length: 2 ** depth }, (_, sample) => Math.round((255 * sample) / (2 ** depth - 1)));
  const count = SAMPLES.get(colorType) ?? 0;
  const alpha = colorType === 4 || colorType === 6 ? count - 1 : null;
  const green = colorType === 2 || colorType === 6 ? 1 : 0;
  const isClear = alpha === null && transparency.length >= 2 * count ? clearColor(transparency, count) : null;
  return (samples, to, step) => {
    for (let i = 0; i < samples.length; i += count, to += step) {
      rgba[to] = levels[samples[i]];
      rgba[to + 1] = levels[samples[i + green]];
      rgba[to + 2] = levels[samples[i + 2 * green]];
      rgba[to + 3] = alpha !== null ? levels[samples[i + alpha]] : isClear?.(samples, i) ? 0 : 255;
    }
  };
}

/**
 * @param {Uint8Array} palette @param {Uint8Array} transparency @param {Uint8Array} rgba
 * @returns {(samples: Uint16Array, to: number, step: number) => void}
 */
function palettePainter(palette, transparency, rgba) {
  return (samples, to, step) => {
    for (let i = 0; i < samples.length; i++, to += step) {
      const color = 3 * samples[i];
      if (color + 3 > palette.length) refuse(`a pixel has colour ${samples[i]} of a palette of ${palette.length / 3}`);
      rgba[to] = palette[color];
      rgba[to + 1] = palette[color + 1];
      rgba[to + 2] = palette[color + 2];
      rgba[to + 3] = transparency[samples[i]] ?? 255;
    }
  };
}

/**
 * Tests for the one colour that a tRNS chunk makes transparent (section 11.3.1.1).
 * @param {Uint8Array} transparency @param {number} count samples of that colour
 * @returns {(samples: Uint16Array, from: number) => boolean}
 */
function clearColor(transparency, count) {
  const clear = Array.from({ length: count }, (_, i) => (transparency[2 * i] << 8) | transparency[2 * i + 1]);
  return (samples, from) => clear.every((sample, i) => samples[from + i] === sample);
}
