/** Calls from the page to its worker: numbered requests, answered by a value or by a sentence that says what is so. */

export interface Request {
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };
