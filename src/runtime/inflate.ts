/** Decompression by the host itself: the reader of a DecompressionStream, looped over. */
import { XnorkitError } from "../errors.js";

/**
 * The bytes of a gzip file. The stream is read chunk by chunk: `new Response(stream).arrayBuffer()` says the same in a
 * line, but loads Node's fetch at the first use, as long as all else that a session's start takes.
 * @throws XnorkitError `unsupported` if the host has no DecompressionStream.
 */
export async function inflate(gzip: Uint8Array): Promise<Uint8Array> {
  if (typeof DecompressionStream === "undefined") {
    throw new XnorkitError(
      "unsupported",
      "this runtime has no DecompressionStream, which unpacks the kernels: pass xnorkit/simd.wasm as the option wasm",
    );
  }
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const write = async () => {
    await writer.write(gzip as BufferSource);
    await writer.close();
  };
  const [chunks] = await Promise.all([readAll(readable.getReader()), write()]);
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}
