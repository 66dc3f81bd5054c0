/** Bodies of responses, read piece by piece up to a bound. */
import { XnorkitError } from "../errors.js";
import type { AbortLike } from "./types.js";

/** How a body is read. */
export interface BodyOptions {
  /** What messages call it. */
  readonly name: string;
  /** The most bytes that it may have. */
  readonly maxBytes: number;
  readonly signal?: AbortLike;
  readonly onProgress?: (received: number, total: number | null) => void;
}

/** @throws XnorkitError `bad-file`: a file has more bytes than it may. */
export function refuseSize(name: string, bytes: number, maxBytes: number): never {
  throw new XnorkitError("bad-file", `${name} has ${bytes} bytes or more, expected ${maxBytes} at most (maxBytes)`);
}

/** The length that the server states; null where it states none, or that of the compressed body. */
function statedLength({ headers }: Response): number | null {
  const encoding = headers.get("content-encoding") ?? "identity";
  const length = headers.get("content-length") ?? "";
  return encoding === "identity" && /^\d+$/.test(length) ? Number(length) : null;
}

/** Joins the chunks of a body. */
function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * The whole body of a response that is good.
 * @throws XnorkitError `bad-file` for a status of failure and for more than `maxBytes`, `interrupted` if it ends before
 *   its stated length or the connection breaks; the reason of the signal.
 */
export async function readBody(response: Response, options: BodyOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { name, maxBytes, signal, onProgress } = options;
  if (!response.ok) {
    response.body?.cancel().catch(() => undefined);
    throw new XnorkitError("bad-file", `${name}: the server answers ${response.status} ${response.statusText}`.trim());
  }
  const total = statedLength(response);
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    if (total !== null && total > maxBytes) refuseSize(name, total, maxBytes);
    for (;;) {
      const chunk = await reader?.read().catch((cause: unknown) => {
        throw signal?.aborted ? signal.reason : interrupted(name, `after ${received} bytes`, cause);
      });
      if (chunk?.value === undefined) break;
      received += chunk.value.length;
      if (received > maxBytes) refuseSize(name, received, maxBytes);
      chunks.push(chunk.value);
      onProgress?.(received, total);
    }
  } catch (error) {
    reader?.cancel().catch(() => undefined);
    throw error;
  }
  if (total !== null && received !== total) throw interrupted(name, `after ${received} of ${total} bytes`, null);
  return join(chunks, received);
}

/** The error of a connection that ended too early. */
export function interrupted(name: string, when: string, cause: unknown): XnorkitError {
  const inner = (cause as { readonly cause?: unknown } | null)?.cause ?? cause;
  const reason = inner instanceof Error && inner.message !== "" ? ` (${inner.message})` : "";
  return new XnorkitError("interrupted", `${name}: the connection ended ${when}${reason}: try again`, { cause });
}
