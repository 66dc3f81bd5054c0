/**
 * What a JPEG file says of itself (ITU-T T.81, annex B), read as decoders of libjpeg's kind read it: markers without a
 * length are passed over as such, bytes between segments too, the first frame header counts, and the scans are counted,
 * each of which a decoder may go through the whole picture for.
 */
import { XnorkitError } from "../errors.js";

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /**
   * Number of the frame's marker SOFn: 0 baseline, 1 extended, 2 progressive; others are lossless, differential or
   * arithmetic.
   */
  readonly process: number;
  /** Bits a sample. */
  readonly precision: number;
  /** 1 grey, 3 YCbCr or RGB, 4 CMYK or YCCK. */
  readonly components: number;
  readonly scans: number;
}

const TEM = 0x01;
const RST0 = 0xd0;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
/** Of the markers between SOF0 and SOF15 those that are no frame headers: DHT, JPG, DAC. */
const NO_FRAMES = [0xc4, 0xc8, 0xcc];

/**
 * The place of the next marker's code from a place on: 0xff (any number of them), then a byte that is neither 0xff nor
 * 0.
 */
function findMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at)) {
    while (bytes[at] === 0xff) at++;
    if (at >= bytes.length) return -1;
    if (bytes[at] !== 0) return at;
  }
  return -1;
}

/**
 * Walks through all of the file.
 * @throws XnorkitError `bad-file` if there is no frame header, or no end.
 */
export function readJpegHeader(bytes: Uint8Array, name: string): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Omit<JpegHeader, "scans"> | null = null;
  let scans = 0;
  let isEnded = false;
  for (let at = findMarker(bytes, 2); at >= 0 && !isEnded; ) {
    const marker = bytes[at];
    const body = at + 1;
    isEnded = marker === EOI;
    // A second start is damage, which the decoder will say; it has no length either.
    const isBare = marker === TEM || (marker >= RST0 && marker <= EOI) || marker === SOI;
    if (isBare) {
      at = findMarker(bytes, body);
      continue;
    }
    if (body + 2 > bytes.length) break;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker);
    if (isFrame && frame === null && body + 8 <= bytes.length) {
      frame = {
        process: marker - 0xc0,
        precision: bytes[body + 2],
        height: view.getUint16(body + 3),
        width: view.getUint16(body + 5),
        components: bytes[body + 7],
      };
    }
    if (marker === SOS) scans++;
    // What follows a scan's header runs up to the next marker that is no restart: the search finds it.
    at = findMarker(bytes, body + Math.max(view.getUint16(body), 2));
  }
  if (frame === null) {
    throw new XnorkitError(
      "bad-file",
      `${name} starts like a JPEG, but no frame header was found in its ${bytes.length} bytes`,
    );
  }
  // Decoders fill what is missing with grey: a file without its end is refused instead.
  if (!isEnded) {
    throw new XnorkitError("bad-file", `${name} is a JPEG that is cut short: no end marker up to byte ${bytes.length}`);
  }
  return { ...frame, scans };
}
