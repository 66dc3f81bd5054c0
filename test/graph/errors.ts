/** Asserts the code and the words of an error. */
import assert from "node:assert/strict";
import { type ErrorCode, XnorkitError } from "../../src/errors.js";

/** Asserts that a call throws an XnorkitError of this code whose message holds every one of the given parts. */
export function throwsError(call: () => unknown, code: ErrorCode, ...parts: readonly string[]): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" does not hold "${part}"`);
    return true;
  });
}
