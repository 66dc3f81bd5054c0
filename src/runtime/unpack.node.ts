/** What the package inlines as gzip in base64, as bytes: on Node and hosts that have its modules, at once. */
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";

/** The bytes of gzip in base64. */
export async function unpack(base64: string): Promise<Uint8Array> {
  return gunzipSync(Buffer.from(base64, "base64"));
}
