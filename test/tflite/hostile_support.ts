/** Damages .tflite files and checks how they are refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { XnorkitError } from "../../src/errors.js";
import { readTflite } from "../../src/formats/tflite/schema.js";
import { inferShapes } from "../../src/graph/shapes.js";
import { importTflite } from "../../src/tflite.js";
import { sharedPath } from "../support/shared.js";

/** True when the file is read; fails on anything else than a graph or a XnorkitError of one sentence. */
export function isRead(bytes: Uint8Array, what: string): boolean {
  try {
    const { graph } = importTflite(bytes);
    inferShapes(graph);
    return true;
  } catch (error) {
    if (!(error instanceof XnorkitError)) throw new Error(`${what}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(error.message.length > 0 && error.message.length <= 500, `${what}: ${error.message.length} characters`);
    assert.ok(!/[\p{Cc}]/u.test(error.message), `${what}: control characters in ${JSON.stringify(error.message)}`);
    return false;
  }
}

export interface Victim {
  readonly name: string;
  readonly bytes: Uint8Array;
  /**
   * Places of header, tables, vtables, vectors of indices, texts and options: all but the numbers of long constants.
   */
  readonly places: readonly number[];
}

/** A file of goldens/tflite. */
export function readVictim(name: string): Victim {
  return victimOf(name, Uint8Array.from(readFileSync(sharedPath(`goldens/tflite/${name}`))));
}

export function victimOf(name: string, bytes: Uint8Array): Victim {
  const { operators, tensor } = readTflite(bytes);
  const isData = new Uint8Array(bytes.length);
  for (const index of operators.flatMap(({ inputs }) => inputs.filter((input) => input >= 0))) {
    const { data } = tensor(index);
    if (data !== null && data.length > 64) isData.fill(1, data.byteOffset, data.byteOffset + data.length);
  }
  return { name, bytes, places: [...bytes.keys()].filter((place) => isData[place] === 0) };
}

/** One to three changes of bytes, bits or words; now and then the file is cut too. */
export function damage({ bytes, places }: Victim, random: () => number): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  const view = new DataView(damaged.buffer);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)];
  for (let change = 1 + Math.floor(random() * 3); change > 0; change--) {
    const at = pick(places);
    const kind = random();
    if (kind < 0.4) damaged[at] = Math.floor(random() * 256);
    else if (kind < 0.6) damaged[at] ^= 1 << Math.floor(random() * 8);
    else {
      const words = [0, 1, 2, 0x7fffffff, 0xffffffff, 0x80000000, bytes.length, at, pick(places), damaged[at] + 4];
      view.setUint32(Math.min(at & ~3, bytes.length - 4), pick(words), true);
    }
  }
  return random() < 0.05 ? damaged.subarray(0, pick(places)) : damaged;
}
