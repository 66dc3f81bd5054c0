/** The caller alone: in the place of team_open.ts in modules that bring kernels for one thread. */
import { aloneCrew, type Crew } from "./team.js";
import type { CrewOptions } from "./team_open.js";

export async function openCrew({ module }: CrewOptions): Promise<Crew> {
  return aloneCrew(module);
}
