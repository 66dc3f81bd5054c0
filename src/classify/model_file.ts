/** The files of a model, as bytes or from an address. */
import { bytesArgument, type FileBytes } from "../arguments.js";
import { addressArgument, isAddress } from "../fetch/address.js";
import type { FetchOptions, UrlLike } from "../fetch/types.js";

/** A file and where it came from; null where it is bytes alone. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly url: URL | null;
}

/** @throws XnorkitError `bad-option` if it is neither bytes nor an address. */
export async function openFile(
  callee: string,
  argument: string,
  file: FileBytes | string | UrlLike,
  options: FetchOptions = {},
): Promise<ModelFile> {
  if (!isAddress(file)) return { bytes: bytesArgument(callee, argument, file), url: null };
  const { fetchFile } = await import("../fetch/fetch_file.js");
  return fetchFile(callee, await addressArgument(callee, argument, file), options);
}

/** The file of the option weights. */
export async function openWeights(
  callee: string,
  weights: FileBytes | string | UrlLike | undefined,
  { cache, signal, maxBytes }: FetchOptions = {},
): Promise<ModelFile | null> {
  return weights === undefined ? null : openFile(callee, "the option weights", weights, { cache, signal, maxBytes });
}
