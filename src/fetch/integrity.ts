/** Hashes that say what a file must be: "Subresource Integrity" (W3C), as `<script integrity>` has them. */
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";

/** From the weakest to the strongest, with the bytes of each. */
const ALGORITHMS: readonly (readonly [name: string, subtle: string, bytes: number])[] = [
  ["sha256", "SHA-256", 32],
  ["sha384", "SHA-384", 48],
  ["sha512", "SHA-512", 64],
];

/** What a file must be. */
export interface Integrity {
  readonly isOf: (bytes: Uint8Array) => Promise<boolean>;
  /** @throws XnorkitError `bad-file` if the bytes of `name` have another hash, with both. */
  readonly check: (name: string, bytes: Uint8Array) => Promise<void>;
}

function subtleCrypto(): SubtleCrypto {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle !== undefined) return subtle;
  throw new XnorkitError(
    "unsupported",
    "this page has no crypto.subtle, with which files are hashed: browsers give it to pages of https: and of localhost",
  );
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The SHA-256 of bytes in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await subtleCrypto().digest("SHA-256", bytes as BufferSource));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** True where bytes can be hashed. */
export function canHash(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/**
 * Reads `sha256-BASE64`, `sha384-` or `sha512-`, several with blanks between; of them the strongest algorithm counts.
 * @throws XnorkitError `bad-option` if none is well formed: browsers would check nothing then.
 */
export function readIntegrity(text: string): Integrity {
  const parts = text.split(/\s+/).filter((part) => part !== "");
  const found = parts.map((part) => {
    const [, name, hash] = /^(sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(part) ?? [];
    const rank = ALGORITHMS.findIndex(([known]) => known === name);
    const isWhole = rank >= 0 && hash.length === 4 * Math.ceil(ALGORITHMS[rank][2] / 3);
    if (isWhole) return { rank, hash };
    throw new XnorkitError(
      "bad-option",
      `the option integrity holds ${quoteName(part)}, expected sha256-, sha384- or sha512- and the hash in base64`,
    );
  });
  if (found.length === 0) {
    throw new XnorkitError("bad-option", "the option integrity is empty, expected sha256- and the hash in base64");
  }
  const strongest = Math.max(...found.map(({ rank }) => rank));
  const [algorithm, subtle] = ALGORITHMS[strongest];
  const hashes = found.filter(({ rank }) => rank === strongest).map(({ hash }) => hash);
  const hashOf = async (bytes: Uint8Array) =>
    base64(new Uint8Array(await subtleCrypto().digest(subtle, bytes as BufferSource)));
  return {
    isOf: async (bytes) => hashes.includes(await hashOf(bytes)),
    async check(name, bytes) {
      const hash = await hashOf(bytes);
      if (hashes.includes(hash)) return;
      const expected = hashes.map((known) => `${algorithm}-${known}`).join(" or ");
      throw new XnorkitError(
        "bad-file",
        `${name}: its ${bytes.length} bytes are not those expected: ` +
          `their hash is ${algorithm}-${hash}, not ${expected}`,
      );
    },
  };
}
