import { XnorkitError } from "../errors.js";

/** What a picture file says of itself before it is decoded. */
export interface ImageHeader {
  readonly format: "png" | "jpeg";
  readonly width: number;
  readonly height: number;
}

/** 100 megapixels: 400 MB in RGBA, and more than any camera's picture. */
export const MAX_PIXELS = 100e6;

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads format and size of a PNG or JPEG file from its header, so that memory is asked for only when the size is known.
 * @throws XnorkitError `bad-file` where it is neither, is cut short, has no pixels or more than `MAX_PIXELS`.
 */
export function readImageHeader(bytes: Uint8Array, name = "the picture"): ImageHeader {
  const header = startsWith(bytes, PNG_SIGNATURE)
    ? readPngHeader(bytes, name)
    : startsWith(bytes, [0xff, 0xd8, 0xff])
      ? readJpegHeader(bytes, name)
      : null;
  if (header === null) {
    throw new XnorkitError("bad-file", `${name} is not a PNG or JPEG picture: ${describeStart(bytes)}`);
  }
  const { width, height } = header;
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    throw new XnorkitError(
      "bad-file",
      `${name} says it has ${width}x${height} pixels; pictures of 1 to ${MAX_PIXELS / 1e6} million pixels are read`,
    );
  }
  return header;
}

/** The IHDR chunk comes first: length, type, then width and height (PNG specification, 5.6 and 11.2.1). */
function readPngHeader(bytes: Uint8Array, name: string): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const IHDR = 0x49484452;
  if (bytes.length < 33 || view.getUint32(12) !== IHDR) {
    throw new XnorkitError(
      "bad-file",
      `${name} starts like a PNG, but has no IHDR chunk at byte 8 (${bytes.length} bytes)`,
    );
  }
  return { format: "png", width: view.getUint32(16), height: view.getUint32(20) };
}

/** Walks the marker segments up to the frame header SOF0..SOF15 (ITU-T T.81, B.1.1 and B.2.2), without DHT, JPG and DAC. */
function readJpegHeader(bytes: Uint8Array, name: string): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 2;
  while (offset + 4 <= bytes.length && bytes[offset] === 0xff) {
    const marker = bytes[offset + 1];
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && offset + 9 <= bytes.length) {
      checkEndOfImage(bytes, offset, name);
      return { format: "jpeg", width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    }
    offset += 2 + view.getUint16(offset + 2);
  }
  throw new XnorkitError(
    "bad-file",
    `${name} starts like a JPEG, but no frame header was found up to byte ${Math.min(offset, bytes.length)} of ${bytes.length}`,
  );
}

/** Decoders fill what is missing with grey; a file without its EOI marker after the frame header is refused instead. */
function checkEndOfImage(bytes: Uint8Array, frame: number, name: string): void {
  const EOI = 0xd9;
  for (let offset = bytes.length - 2; offset > frame; offset--) {
    if (bytes[offset] === 0xff && bytes[offset + 1] === EOI) return;
  }
  throw new XnorkitError("bad-file", `${name} is a JPEG that is cut short: no end marker up to byte ${bytes.length}`);
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return bytes.length >= signature.length && signature.every((byte, i) => bytes[i] === byte);
}

/** What a file that is no picture begins with. */
function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return "it is empty";
  const signatures: readonly (readonly [string, string])[] = [
    ["GIF8", "a GIF"],
    ["BM", "a BMP"],
    ["RIFF", "a RIFF file (WebP?)"],
    ["%PDF", "a PDF"],
    ["II*", "a TIFF"],
    ["MM", "a TIFF"],
  ];
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const known = signatures.find(([text]) => start.startsWith(text));
  if (known !== undefined) return `it looks like ${known[1]}; convert it to PNG`;
  return `it begins with bytes ${Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
