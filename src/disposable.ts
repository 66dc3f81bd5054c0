/** What `using` needs of the things that are given back: a method under the symbol `Symbol.dispose`. */

/**
 * `typeof Symbol.dispose` where the compiler's libraries declare it (lib esnext.disposable, @types/node), and no key
 * where they do not: declarations that name the symbol outright would not compile there.
 */
type DisposeKey = SymbolConstructor extends { readonly dispose: infer Key extends symbol } ? Key : never;

/** A `Disposable` of TypeScript's libraries, told by its structure: `using session = await createSession(model)`. */
export type DisposedByScope = { readonly [K in DisposeKey]: () => void };

/**
 * Gives an object the method that `using` calls at the end of its scope, which is its own `dispose`; nothing where the
 * runtime does not know the symbol. Properties stay what they are, getters too.
 */
export function disposable<T extends DisposedByScope & { dispose(): void }>(value: Omit<T, DisposeKey>): T {
  const { dispose }: { readonly dispose?: symbol } = Symbol as { readonly dispose?: symbol };
  if (dispose !== undefined) Object.defineProperty(value, dispose, { value: () => value.dispose() });
  return value as T;
}
