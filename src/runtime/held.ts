/** What sessions and programs hold from their opening to their disposal, for one run at a time. */
import { XnorkitError } from "../errors.js";
import { takeTurns } from "./turns.js";

export interface Held<T> {
  /** Null once it was let go. */
  readonly value: T | null;
  /** @throws XnorkitError `bad-option` if it was disposed of, or a `runAsync` is not finished. */
  idle(): T;
  /** Does the work when all asynchronous calls before have ended. @throws XnorkitError `bad-option` if it is gone. */
  inTurn<R>(work: (value: T) => Promise<R>): Promise<R>;
  /** Lets it go. */
  release(): void;
}

export interface Holding {
  /** `session` or `program`. */
  readonly what: string;
  /** Of the network. */
  readonly name: string;
  /** How to get another one. */
  readonly again: string;
}

export function held<T>(opened: T, { what, name, again }: Holding): Held<T> {
  const turns = takeTurns();
  let value: T | null = opened;
  const present = (): T => {
    if (value !== null) return value;
    throw new XnorkitError("bad-option", `the ${what} of ${name} was disposed: ${again}`);
  };
  return {
    get value() {
      return value;
    },
    idle() {
      const there = present();
      if (!turns.busy) return there;
      throw new XnorkitError("bad-option", `a runAsync of ${name} is not finished: await it, or use runAsync`);
    },
    async inTurn(work) {
      present();
      return turns.take(async () => work(present()));
    },
    release() {
      value = null;
    },
  };
}
