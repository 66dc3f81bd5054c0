/**
 * What the runtimes give and TypeScript does not know: models and programs as modules (edge runtimes), the globals of
 * Deno and Bun that are used here.
 */
declare module "*.xnorprog" {
  const bytes: ArrayBuffer;
  // biome-ignore lint/style/noDefaultExport: that is how edge runtimes export it
  export default bytes;
}

declare module "*.xnorkit" {
  const bytes: ArrayBuffer;
  // biome-ignore lint/style/noDefaultExport: that is how edge runtimes export it
  export default bytes;
}

declare module "autocannon" {
  interface Result {
    readonly requests: { readonly sent: number; readonly average: number };
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    readonly "2xx": number;
  }
  interface Options {
    readonly url: string;
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
    readonly amount: number;
    readonly connections: number;
  }
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default function autocannon(options: Options): Promise<Result>;
}

declare const Deno: { readonly args: readonly string[]; readFile(path: string): Promise<Uint8Array> };

declare const Bun: { readonly argv: readonly string[]; file(path: string): { bytes(): Promise<Uint8Array> } };
