/** Files as commands use them: every failure is a sentence that starts with the path. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { XnorkitError } from "../errors.js";
import { fetchedBytes } from "./fetched.js";

/** What one buffer of Node 20 holds for certain. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder, but a file is needed",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "it is a symbolic link that leads in a circle",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "it would be larger than the file system allows",
  EIO: "the device reports an error",
  EPIPE: "its reader has closed it",
  EBUSY: "it is in use",
  ETXTBSY: "it is in use",
  ENXIO: "nothing is behind it",
};

/** What an error of the system means, for people. */
export function systemReason({ code, message }: NodeJS.ErrnoException): string {
  return REASONS[code ?? ""] ?? message;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
}

/** Errors that name their file already. */
const placed = new WeakSet<object>();

function placeError(code: XnorkitError["code"], message: string, cause: unknown): XnorkitError {
  const error = new XnorkitError(code, message, { cause });
  placed.add(error);
  return error;
}

/**
 * Runs something that reads or writes a file; what it throws gets the path in front, once.
 * @throws XnorkitError with the code of the error within, `bad-file` for errors of the system.
 */
export async function atPath<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof XnorkitError) {
      throw placed.has(cause) ? cause : placeError(cause.code, `${path}: ${cause.message}`, cause);
    }
    if (!isSystemError(cause)) throw cause;
    throw placeError("bad-file", `${path}: ${systemReason(cause)}`, cause);
  }
}

export async function isFile(path: string): Promise<boolean> {
  if (fetchedBytes(path) !== null) return true;
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** The names in a folder, sorted; hidden ones left out. */
export function listFolder(path: string): Promise<readonly string[]> {
  return atPath(path, async () => (await readdir(path)).filter((name) => !name.startsWith(".")).sort());
}

async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  const stats = await stat(path); // before opening: a named pipe would block there
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? "a folder" : "a device or pipe";
    throw new XnorkitError("bad-file", `it is ${what}, but a file is needed`);
  }
  return { handle: await open(path, "r"), size: stats.size };
}

async function fill(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 2 ** 30), offset + done);
    if (bytesRead === 0) {
      throw new XnorkitError(
        "bad-file",
        `the file ends at byte ${offset + done}, expected ${bytes.length - done} more`,
      );
    }
    done += bytesRead;
  }
}

/** Reads a whole file into an ArrayBuffer of its own, so that typed arrays can view it. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const fetched = fetchedBytes(path);
  if (fetched !== null) return fetched;
  return atPath(path, async () => {
    const { handle, size } = await openFile(path);
    try {
      if (size > MAX_FILE_BYTES) {
        throw new XnorkitError(
          "bad-file",
          `it has ${size} bytes, too many to read at once: make a packed model with convert`,
        );
      }
      const bytes = new Uint8Array(size);
      await fill(handle, bytes, 0);
      return bytes;
    } finally {
      await handle.close();
    }
  });
}

/** Reads a text file in UTF-8, without a byte order mark. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}

/** A file that is read piece by piece. */
export interface OpenFile {
  readonly size: number;
  /** @throws XnorkitError `bad-file` if the file ends before. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A file that was fetched; the reads are copies, as those of files are. */
function inMemory(bytes: Uint8Array): OpenFile {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset + length <= bytes.length) return Uint8Array.from(bytes.subarray(offset, offset + length));
      throw new XnorkitError("bad-file", `the file ends at byte ${bytes.length}, expected ${offset + length}`);
    },
  };
}

/** Opens a file for reads at any offset and closes it when the work is done. */
export function withFile<T>(path: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
  return atPath(path, async () => {
    const fetched = fetchedBytes(path);
    if (fetched !== null) return work(inMemory(fetched));
    const { handle, size } = await openFile(path);
    const read = async (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      await fill(handle, bytes, offset);
      return bytes;
    };
    try {
      return await work({ size, read });
    } finally {
      await handle.close();
    }
  });
}
