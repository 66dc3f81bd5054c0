/**
 * What reading a file may allocate. Small files can ask for much: of two bytes an empty dict, of one deflated byte a
 * thousand. Every reader of untrusted files says what it is about to allocate before it does, and ends where that is
 * out of proportion to the file.
 */
import { XnorkitError } from "./errors.js";

/** Reading a file takes no more than this many times its size, the file itself among it ... */
export const MAX_BYTES_PER_BYTE = 10;
/** ... and this much, which no file is too small for. */
export const FREE_BYTES = 64 * 2 ** 20;

/**
 * What of these is given out. The rest is for the file itself, for what is freed before the collector runs, and for
 * what an engine adds to the sizes that readers know.
 */
const GIVEN_PER_BYTE = 9;
const GIVEN_FREE = 28 * 2 ** 20;

/**
 * Roughly what engines take for small things, in bytes: an object or list and a text apart from what they hold; a
 * `Map`; an entry of one.
 */
export const OBJECT_BYTES = 48;
export const TEXT_BYTES = 32;
export const MAP_BYTES = 256;
export const ENTRY_BYTES = 48;
/** An item of a list of known length, and of one that grows, with the room that it keeps. */
export const SLOT_BYTES = 8;
export const ITEM_BYTES = 16;

export interface Budget {
  /**
   * Called before so many bytes are allocated.
   * @throws XnorkitError `bad-file` if they are more than is left.
   */
  readonly spend: (bytes: number) => void;
}

/**
 * The budget of a file.
 * @param what The sentence's subject: `the checkpoint`.
 */
export function readBudget(fileBytes: number, what: string): Budget {
  const most = GIVEN_PER_BYTE * fileBytes + GIVEN_FREE;
  let spent = 0;
  return {
    spend: (bytes) => {
      spent += bytes;
      if (spent <= most) return;
      throw new XnorkitError(
        "bad-file",
        `${what} of ${fileBytes.toLocaleString("en-US")} bytes takes more than ` +
          `${most.toLocaleString("en-US")} in memory,` +
          ` ${GIVEN_PER_BYTE} times its size and ${GIVEN_FREE / 2 ** 20} MB: it was made to do so, or is damaged`,
      );
    },
  };
}
