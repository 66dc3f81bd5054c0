// Damages real .onnx files and watches what importing them costs: `node --expose-gc --import tsx scripts/fuzz_onnx.mjs
// [count] [seed]`. Each must end in one sentence or a valid graph (test/onnx/hostile_support.ts); here their time and
// memory are watched too, which tests do not assert: 2 seconds of this process's time, and 64 MB and 10 times the
// largest file above what was there before.
import { seededRandom } from "../test/formats/support.ts";
import { besideVictims, isImported, victims } from "../test/onnx/hostile_support.ts";
import { mutate } from "../test/onnx/mutate.ts";

const [count, seed] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 1)];
const next = seededRandom(seed);
const [files, beside] = [victims(), besideVictims()];
const largest = Math.max(...files.map(({ bytes }) => bytes.length));
const limits = { milliseconds: 2000, megabytes: (10 * largest) / 2 ** 20 + 64 };

// The first imports compile what all later ones run.
for (let n = 0; n < 200; n++) isImported(mutate(files[n % files.length], next), beside, "warm-up");
globalThis.gc?.();
const before = process.resourceUsage().maxRSS;
let [slowest, slowestWhat, imported] = [0, "", 0];
for (let n = 0; n < count; n++) {
  const victim = files[n % files.length];
  const bytes = mutate(victim, next);
  const what = `${victim.name}, mutation ${n} of seed ${seed}`;
  if (n % 50 === 0) globalThis.gc?.();
  const start = process.cpuUsage();
  if (isImported(bytes, beside, what)) imported++;
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  if (milliseconds > slowest) [slowest, slowestWhat] = [milliseconds, what];
}
const megabytes = (process.resourceUsage().maxRSS - before) / 1024;
console.log(`${count} mutations, ${imported} imported; slowest ${slowest.toFixed(0)} ms (${slowestWhat})`);
console.log(`${megabytes.toFixed(0)} MB more than before, of ${limits.megabytes.toFixed(0)} allowed`);
if (slowest > limits.milliseconds || megabytes > limits.megabytes) process.exitCode = 1;
