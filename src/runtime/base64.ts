/** Base64 text to bytes. */

interface Host {
  readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array };
}

/** The bytes of base64 text, by the host's own decoder if it gives bytes: a loop is slow while it is cold. */
export function base64Bytes(base64: string): Uint8Array {
  const { Buffer } = globalThis as Host;
  if (Buffer !== undefined) {
    const { buffer, byteOffset, byteLength } = Buffer.from(base64, "base64");
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
