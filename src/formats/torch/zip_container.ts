/**
 * The zip container of torch 1.6 and later: NAME/data.pkl holds the object, NAME/data/KEY the raw numbers of storage
 * KEY, NAME/byteorder (torch 2.1 and later) their byte order (torch/serialization.py, _save;
 * caffe2/serialize/inline_container.cc).
 */
import type { Budget } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { checkHarmless, isKnownCall } from "./globals.js";
import { readPickle } from "./pickle.js";
import { persistentResolver, type TorchFile } from "./storage.js";
import { openZip } from "./zip.js";

const OBJECT = "data.pkl";

/**
 * Opens a checkpoint in a zip archive.
 * @throws XnorkitError `bad-file` if the archive is damaged or no checkpoint; `unsupported` if it is TorchScript
 *   or big-endian, or its pickle asks for a call that no checkpoint needs.
 */
export function openTorchZip(bytes: Uint8Array, budget: Budget): TorchFile {
  const { names, read } = openZip(bytes, budget);
  const objects = names.filter((name) => name === OBJECT || name.endsWith(`/${OBJECT}`));
  if (objects.length !== 1) {
    throw new XnorkitError(
      "bad-file",
      `the zip archive holds ${objects.length} files ${OBJECT} among its ${names.length}, expected 1: ` +
        "is it a torch checkpoint?",
    );
  }
  const [name] = objects;
  const folder = name.slice(0, -OBJECT.length);
  if (names.includes(`${folder}constants.pkl`)) {
    throw new XnorkitError(
      "unsupported",
      "this is a TorchScript archive: load it with torch.jit.load and save its state_dict()",
    );
  }
  checkByteOrder(names.includes(`${folder}byteorder`) ? read(`${folder}byteorder`) : null);

  const host = { isKnown: isKnownCall, checkUnknown: checkHarmless, persistent: persistentResolver() };
  const { value } = readPickle(read(name), name, host, budget);
  const storages = new Map<string, Uint8Array>();
  return {
    root: value,
    storage: (key) => {
      const contents = storages.get(key) ?? read(`${folder}data/${key}`);
      storages.set(key, contents);
      return contents;
    },
  };
}

function checkByteOrder(contents: Uint8Array | null): void {
  if (contents === null) return;
  const order = new TextDecoder().decode(contents.subarray(0, 16));
  if (order === "little") return;
  throw new XnorkitError(
    "unsupported",
    `the checkpoint's byte order is ${quoteName(order)}, expected "little": save it again on a little-endian machine`,
  );
}
