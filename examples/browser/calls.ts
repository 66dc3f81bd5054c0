/** Calls from the page to its worker: requests with numbers, answered by values or by a sentence that says what is so. */

export interface Request {
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };
