/**
 * Writing of output files. A file comes through a temporary one beside it that takes its name at the end: where
 * anything fails or interrupts, nothing new is left and a file that was there stays as it was. What is no regular file
 * (a device, a pipe) is written into, symbolic links are followed, and a file keeps its mode and its owner.
 */
import { createHash } from "node:crypto";
import { rmSync, type Stats } from "node:fs";
import { copyFile, type FileHandle, lstat, open, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { XnorkitError } from "../errors.js";
import { atPath } from "./files.js";

/** Writes the bytes that come next. They may be reused when its promise is fulfilled. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** Links within links; systems follow 40. */
const MAX_LINKS = 40;

/** The place that a path leads to, also where the last link of a chain points to nothing yet. */
async function followLinks(path: string): Promise<string> {
  let place = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    const stats = await lstat(place).catch(() => null);
    if (stats === null || !stats.isSymbolicLink()) return place;
    place = resolve(dirname(place), await readlink(place));
  }
  throw new XnorkitError("bad-file", `it is a symbolic link that leads to ${MAX_LINKS} others`);
}

const TEMPORARY = /^\.xnorkit-([0-9a-f]{12})-(\d+)-\d+\.tmp$/;
let written = 0;

function fingerprint(path: string): string {
  return createHash("sha256").update(basename(path)).digest("hex").slice(0, 12);
}

/** A name beside the file that no other process and no other write of this one has. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.xnorkit-${fingerprint(path)}-${process.pid}-${written++}.tmp`);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes what processes left beside a file that were killed while they wrote it. */
async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    const [, file, pid] = TEMPORARY.exec(name) ?? [];
    if (file === fingerprint(path) && !isRunning(Number(pid))) await rm(join(dirname(path), name), { force: true });
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Removes a file where the process is interrupted; the returned function ends that. */
function removeWhenInterrupted(path: string): () => void {
  const remove = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    stop();
    process.kill(process.pid, signal);
  };
  const stop = () => {
    for (const signal of SIGNALS) process.off(signal, remove);
  };
  for (const signal of SIGNALS) process.on(signal, remove);
  return stop;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30))).bytesWritten;
  }
}

/** Opens, has the contents written, and closes; errors get the path that the caller knows. */
async function produceInto(
  place: string,
  flags: string,
  path: string,
  produce: (write: Write) => Promise<void>,
): Promise<void> {
  const handle = await atPath(path, () => open(place, flags));
  try {
    await produce((bytes) => atPath(path, () => writeAll(handle, bytes)));
  } finally {
    await atPath(path, () => handle.close());
  }
}

/**
 * True where the temporary file has the mode and the owner of the one that it shall replace, as far as these can be
 * given.
 */
async function takesAfter(temporary: string, old: Stats): Promise<boolean> {
  const handle = await open(temporary, "r");
  try {
    const { uid, gid } = await handle.stat();
    if (uid !== old.uid || gid !== old.gid) await handle.chown(old.uid, old.gid);
    await handle.chmod(old.mode & 0o7777); // behind chown, which clears some bits
    return old.nlink === 1;
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

/**
 * Puts the temporary file in the place of the old one, or its contents into that where another file would be another
 * owner's.
 */
async function replace(temporary: string, place: string, old: Stats | null): Promise<void> {
  if (old === null || (await takesAfter(temporary, old))) {
    await rename(temporary, place);
    return;
  }
  await copyFile(temporary, place);
  await rm(temporary, { force: true });
}

/**
 * Writes a file as this module's description says.
 * @param produce Writes the contents; what it throws goes on, and leaves what was there.
 * @throws XnorkitError that starts with the path if it cannot be written.
 */
export async function writeFileWhole(path: string, produce: (write: Write) => Promise<void>): Promise<void> {
  const place = await atPath(path, () => followLinks(path));
  const old = await stat(place).catch(() => null);
  if (old?.isDirectory()) {
    await atPath(path, () => {
      throw new XnorkitError("bad-file", "it is a folder, but a file is to be written");
    });
  }
  if (old !== null && !old.isFile()) return produceInto(place, "w", path, produce);

  await removeLeftovers(place);
  const temporary = temporaryBeside(place);
  const stopWatching = removeWhenInterrupted(temporary);
  try {
    await produceInto(temporary, "wx", path, produce);
    await atPath(path, () => replace(temporary, place, old));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // what is wrong is said already
    throw error;
  } finally {
    stopWatching();
  }
}

/** Writes a text in UTF-8, whole or not at all. */
export function writeText(path: string, text: string): Promise<void> {
  return writeFileWhole(path, (write) => write(new TextEncoder().encode(text)));
}
