/** Base64 text to bytes, in plain JavaScript. */

/** The bytes of base64 text, on every host (Buffer is Node's alone). */
export function base64Bytes(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
