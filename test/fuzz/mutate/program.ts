/** Changes of program files, their checksums made right: calls' words, the header as JSON, the weights. */
import { readParts } from "../../../src/runtime/program_file.js";
import { withChangedSteps, withParts } from "../../runtime/program_support.js";
import type { Mutate } from "../target.js";
import { changeBytes, mutateBytes } from "./bytes.js";
import { changeJson } from "./json.js";

/** What a changed program says that it takes at most; readers allow less. */
const WORK = 1e9;

export const mutateProgram: Mutate = (victim, random, others) => {
  const { bytes } = victim;
  const kind = random.next();
  if (kind < 0.1) return mutateBytes(victim, random, others);
  if (kind < 0.6) return withChangedSteps(bytes, random.next, { changes: 1 + random.below(3), work: WORK });
  const { header, constants } = readParts(bytes);
  if (kind < 0.7) {
    const changed = Uint8Array.from(constants);
    for (let change = random.below(64); change > 0; change--) changed[random.below(changed.length)] = random.below(256);
    return withParts(bytes, { constants: changed });
  }
  const text = changeJson(new TextDecoder().decode(header), random)!;
  const written = new TextEncoder().encode(text);
  return withParts(bytes, { header: random.chance(0.05) ? changeBytes(written, random) : written });
};
