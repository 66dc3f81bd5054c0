/** Names the format of a file by its first bytes, so that an error can say what somebody handed over by mistake. */

interface Signature {
  readonly offset: number;
  readonly bytes: readonly number[];
  /** Ends the sentence "expected ..., but". */
  readonly says: string;
}

const ascii = (text: string): readonly number[] => [...text].map((character) => character.charCodeAt(0));

const SIGNATURES: readonly Signature[] = [
  { offset: 0, bytes: ascii("PK\x03\x04"), says: "this is a zip archive (a torch checkpoint? use xnorkit/torch)" },
  {
    offset: 0,
    bytes: [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20],
    says: "this is a torch checkpoint of the legacy format (use xnorkit/torch)",
  },
  {
    offset: 0,
    bytes: [0x12, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    says: "this is an MXNet .params file (use xnorkit/mxnet)",
  },
  { offset: 4, bytes: ascii("TFL3"), says: "this is a TensorFlow Lite model (use xnorkit/tflite)" },
  { offset: 0, bytes: [0x89, ...ascii("PNG")], says: "this is a PNG picture" },
  { offset: 0, bytes: [0xff, 0xd8, 0xff], says: "this is a JPEG picture" },
  { offset: 0, bytes: ascii("GIF8"), says: "this is a GIF picture" },
  { offset: 0, bytes: [0x1f, 0x8b], says: "this is gzip (unpack it first)" },
  { offset: 0, bytes: [0x89, ...ascii("HDF")], says: "this is an HDF5 file (Keras?)" },
  { offset: 0, bytes: [0x93, ...ascii("NUMPY")], says: "this is a NumPy array" },
  { offset: 0, bytes: [0x80, 0x02], says: "this is a Python pickle" },
  { offset: 0, bytes: [0x80, 0x04], says: "this is a Python pickle" },
  { offset: 0, bytes: ascii("\0asm"), says: "this is a WebAssembly module" },
  { offset: 0, bytes: ascii("version https://git-lfs"), says: "this is a Git LFS pointer (fetch the file itself)" },
  { offset: 0, bytes: ascii("<!DOCTYPE"), says: "this is a web page" },
  { offset: 0, bytes: ascii("<html"), says: "this is a web page" },
];

/** Longest run of bytes that `describeFile` looks at. */
export const SNIFF_BYTES = 32;

/**
 * What the bytes are, as the end of a sentence ("this is a PNG picture"), or null where they may be safetensors.
 * @param bytes The file, or its first `SNIFF_BYTES`.
 */
export function describeFile(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return "the file is empty";
  if (looksLikeSafetensors(bytes)) return null;
  const signature = SIGNATURES.find(({ offset, bytes: expected }) =>
    expected.every((byte, index) => bytes[offset + index] === byte),
  );
  if (signature !== undefined) return signature.says;
  const first = String.fromCharCode(bytes[0]);
  if (first === "{" || first === "[") return "this is JSON text (a model description or symbol?)";
  const shown = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `the file starts with the bytes ${shown}, which is no format it knows`;
}

/** A length below 2^32 and the brace that opens the header; short files are left to the reader, which says where they end. */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  const isShortLength = bytes.subarray(4, 8).every((byte) => byte === 0);
  return bytes.length >= 8 && isShortLength && (bytes.length === 8 || bytes[8] === 0x7b);
}
