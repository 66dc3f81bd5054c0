/**
 * What the package inlines as gzip in base64, as bytes: by the host's DecompressionStream. Node, where the first use of
 * a stream loads more than all else that a session's start takes, has a variant of its own (unpack.node.ts, `#unpack`
 * in package.json).
 */
import { base64Bytes } from "./base64.js";
import { inflate } from "./inflate.js";

/** The bytes of gzip in base64. @throws XnorkitError `unsupported` if the host has no DecompressionStream. */
export function unpack(base64: string): Promise<Uint8Array> {
  return inflate(base64Bytes(base64));
}
