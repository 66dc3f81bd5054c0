/** Names the format of a file by its beginning, so that an error can say what somebody handed over by mistake. */

/** The beginning of a file, as signatures look at it. */
interface Start {
  readonly bytes: Uint8Array;
  /** As text, without a byte order mark and white space before it. */
  readonly text: string;
}

interface Signature {
  readonly matches: (start: Start) => boolean;
  /** Ends the sentence "expected ..., but". */
  readonly says: string;
}

/** Bytes at an offset, as text in Latin-1. */
const magic = /* @__NO_SIDE_EFFECTS__ */ (characters: string, says: string, offset = 0): Signature => ({
  matches: ({ bytes }) => [...characters].every((character, i) => bytes[offset + i] === character.charCodeAt(0)),
  says,
});

const text = /* @__NO_SIDE_EFFECTS__ */ (pattern: RegExp, says: string): Signature => ({
  matches: (start) => pattern.test(start.text),
  says,
});

/** Comments, declarations and white space, which may stand before the first element. */
const MARKUP_PROLOGUE = "^(?:<!--[\\s\\S]*?-->|<\\?[\\s\\S]*?\\?>|\\s)*";
const markup = /* @__NO_SIDE_EFFECTS__ */ (element: string, says: string) =>
  text(new RegExp(MARKUP_PROLOGUE + element, "i"), says);

/** Longest run of bytes that `describeFile` looks at. */
export const SNIFF_BYTES = 4096;

const LOCAL_FILE = "PK\x03\x04";

/**
 * True where the bytes start as a zip archive of NumPy arrays does: its first file's name, behind a header of 30 bytes,
 * ends in .npy.
 */
export function isNumpyArchive(bytes: Uint8Array): boolean {
  const name = String.fromCharCode(...bytes.subarray(30, 30 + Math.min(bytes[26] | (bytes[27] << 8), SNIFF_BYTES)));
  return magic(LOCAL_FILE, "").matches({ bytes, text: "" }) && name.endsWith(".npy");
}

/** The first that matches says what a file is. */
const SIGNATURES: readonly Signature[] = [
  {
    matches: ({ bytes }) => isNumpyArchive(bytes),
    says:
      "this is a NumPy archive (.npz), as MXNet 2 saves parameters too: load it in Python and save its " +
      "arrays as safetensors",
  },
  magic(LOCAL_FILE, "this is a zip archive (a torch checkpoint? use xnorkit/torch)"),
  magic(
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20",
    "this is a torch checkpoint of the legacy format (use xnorkit/torch)",
  ),
  magic("\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "this is an MXNet .params file (use xnorkit/mxnet)"),
  magic("XNORPROG", "this is a program (use xnorkit/program)"),
  magic("TFL3", "this is a TensorFlow Lite model (use xnorkit/tflite)", 4),
  magic("\x89PNG", "this is a PNG picture"),
  magic("\xff\xd8\xff", "this is a JPEG picture"),
  magic("GIF8", "this is a GIF picture"),
  magic("\x1f\x8b", "this is gzip (unpack it first)"),
  magic("\x89HDF", "this is an HDF5 file (Keras?)"),
  magic("\x93NUMPY", "this is a NumPy array"),
  magic("\x80\x02", "this is a Python pickle"),
  magic("\x80\x04", "this is a Python pickle"),
  magic("\0asm", "this is a WebAssembly module"),
  text(/^version https:\/\/git-lfs/i, "this is a Git LFS pointer (fetch the file itself)"),
  markup(
    "<(?:!doctype\\s+html|html|head|body|title|script)\\b",
    "this is a web page (was the download an error page?)",
  ),
  markup("<!?[a-z]", "this is XML (was the download an error page?)"),
  text(
    /^\{[\s\S]*"weight_map"\s*:/,
    "this is the index of a model in several safetensors files: join them into one first",
  ),
  text(/^[{[]/, "this is JSON text (a model description or symbol?)"),
];

/** The beginning of a file as text, without a byte order mark and the white space before it. */
export function textStart(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, SNIFF_BYTES)).trimStart();
}

/**
 * What the bytes are, as the end of a sentence ("this is a PNG picture"), or null if they may be safetensors.
 * @param bytes The file, or its first `SNIFF_BYTES`.
 */
export function describeFile(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return "the file is empty";
  if (looksLikeSafetensors(bytes)) return null;
  const start = { bytes, text: textStart(bytes) };
  const signature = SIGNATURES.find(({ matches }) => matches(start));
  if (signature !== undefined) return signature.says;
  const shown = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `the file starts with the bytes ${shown}, which is no format it knows`;
}

/**
 * A length below 2^32 and the brace that opens the header; short files are left to the reader, which says where they
 * end.
 */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  const isShortLength = bytes.subarray(4, 8).every((byte) => byte === 0);
  return bytes.length >= 8 && isShortLength && (bytes.length === 8 || bytes[8] === 0x7b);
}
