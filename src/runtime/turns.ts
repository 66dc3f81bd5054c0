/** Asynchronous calls on one thing, one after the other. */

export interface Turns {
  /** True while a call is not finished. */
  readonly busy: boolean;
  /** Does the work when all calls before have ended, whether they failed or not. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function takeTurns(): Turns {
  let last: Promise<unknown> | null = null;
  return {
    get busy() {
      return last !== null;
    },
    async take(work) {
      const before = last;
      const turn = (async () => {
        await before?.catch(() => {});
        return work();
      })();
      last = turn;
      try {
        return await turn;
      } finally {
        if (last === turn) last = null;
      }
    },
  };
}
