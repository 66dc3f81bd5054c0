/**
 * `npm run soak -- [--minutes N] [--seed N] [--json]`: the soak as a command. It exits with 1 if an answer was wrong,
 * something failed that nobody broke, or memory grew.
 */
import { parseArgs } from "node:util";
import { soak } from "./soak.js";

/** A process whose memory is flat moves by less, from the middle third of its time to the last. */
const MAX_GROWTH_MB = 32;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error(`--minutes ${values.minutes}: expected a number up to 1440`);
const seed = Number(values.seed ?? Math.floor(Date.now() / 86_400_000));

const report = await soak({ seed, milliseconds: minutes * 60_000 });
const { opened, residentMB, ...counts } = report;
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  console.table(counts);
  console.table({ opened, "resident MB": residentMB });
}
const growth = residentMB.end - residentMB.middle;
if (growth > MAX_GROWTH_MB) {
  console.error(`memory grew by ${growth.toFixed(1)} MB from the middle of the time to its end`);
  process.exitCode = 1;
}
