/**
 * Modules that Node, Deno and Bun have and browsers have not, asked for only when a caller needs what they do: a file,
 * a folder, a thread. Bundlers for browsers do not follow the import, whose name is put together here.
 */

/** What is used of `node:fs/promises`. */
export interface HostFiles {
  stat(path: string | object): Promise<{ readonly size: number; readonly mtimeMs: number; isFile(): boolean }>;
  readFile(path: string | object): Promise<Uint8Array<ArrayBuffer>>;
  writeFile(path: string, bytes: Uint8Array, options: { readonly flag: "wx" }): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<readonly string[]>;
}

/** What is used of `node:url`. */
export interface HostUrls {
  pathToFileURL(path: string): { readonly href: string };
  fileURLToPath(url: string): string;
}

/** A worker of `node:worker_threads`, as the side sees it that made it. */
export interface HostWorker {
  on(event: "message" | "error" | "messageerror", listener: (value: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  postMessage(message: unknown, transfer: readonly object[]): void;
  terminate(): Promise<unknown>;
  ref?(): void;
  unref?(): void;
}

/** What is used of `node:worker_threads`. */
export interface HostThreads {
  readonly Worker: new (code: string, options: { readonly eval: true }) => HostWorker;
}

interface HostModules {
  readonly "fs/promises": HostFiles;
  readonly url: HostUrls;
  readonly worker_threads: HostThreads;
}

/** The module of this name; null where the runtime has none. */
export async function hostModule<T extends keyof HostModules>(name: T): Promise<HostModules[T] | null> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ `node:${name}`);
  } catch {
    return null;
  }
}
