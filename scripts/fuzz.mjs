// Damages files of every kind that is read and watches what reading them costs: `npm run fuzz -- [target ...]
// [--seconds N] [--seed N] [--count N] [--json]`. Each input is read in a child process, which is started anew after
// some thousands of inputs and after each violation: no XnorkitError of one printable sentence, more than 2 seconds of
// its time, more memory than 10 times the file and 64 MB, a crash, a minute without an end. What violated is saved in
// build/fuzz; `--file PATH target` reads it again, `--from N --count 1 --seed S target` makes it again. `--corpus`
// reads test/fuzz/corpus alone. Targets are rows of test/fuzz/targets.ts.
import { fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));
const saved = join(root, "build", "fuzz");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    count: { type: "string" },
    from: { type: "string" },
    file: { type: "string" },
    corpus: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help) {
  console.log(`npm run fuzz -- [target ...] [--seconds 60] [--seed day] [--count N] [--from N] [--file PATH]
             [--corpus] [--json]`);
  process.exit(0);
}

function number(name, fallback) {
  const value = values[name] === undefined ? fallback : Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} ${values[name]} is no whole number`);
}

const today = new Date();
const day = 10_000 * today.getUTCFullYear() + 100 * (today.getUTCMonth() + 1) + today.getUTCDate();
const seed = number("seed", day);
const count = number("count", Number.MAX_SAFE_INTEGER);
const first = number("from", 0);
const seconds = number("seconds", values.count === undefined ? 60 : 86_400);

/** Inputs that one child reads. */
const INPUTS_OF_A_CHILD = 20_000;
/** A job is this long, so that targets take turns and a child's word is never far. */
const SLICE_MILLISECONDS = 1000;
const HANG_MILLISECONDS = 60_000;

const progressFile = join(saved, `progress-${process.pid}`);
mkdirSync(saved, { recursive: true });
process.on("exit", () => rmSync(progressFile, { force: true }));

/** The process that reads inputs; started when it is needed. */
let child = null;
let readByChild = 0;
/** Every target, in the order of the table. */
let names = [];

function startChild() {
  readByChild = 0;
  const started = fork(join(root, "test/fuzz/child.ts"), [progressFile], {
    cwd: root,
    execArgv: ["--import", "tsx", "--expose-gc", "--max-old-space-size=768"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    started.once("message", (targets) => {
      names = targets;
      resolve(started);
    });
    started.once("exit", (code) => reject(new Error(`the reading process ended with ${code} before it began`)));
  });
}

function stopChild() {
  child?.removeAllListeners();
  child?.kill("SIGKILL");
  child = null;
}

/** The number of the input that the child was at, and one for none. */
function placeOfChild() {
  const bytes = readFileSync(progressFile);
  return bytes.length < 16 ? null : bytes.readDoubleLE(8) - 1;
}

/** What a job gave, or what ended it. */
async function run(job) {
  writeFileSync(progressFile, "");
  child ??= await startChild();
  return new Promise((resolve) => {
    let [at, since] = [null, Date.now()];
    const done = (result) => {
      clearInterval(watch);
      child?.removeAllListeners();
      resolve(result);
    };
    const stopped = (what) => {
      const index = placeOfChild() ?? job.from;
      stopChild();
      done({ next: index + 1, accepted: 0, worstMilliseconds: 0, peakBytes: 0, violations: [{ index, what }] });
    };
    const watch = setInterval(() => {
      const now = placeOfChild();
      if (now !== at) [at, since] = [now, Date.now()];
      else if (Date.now() - since > HANG_MILLISECONDS) stopped(`no end within ${HANG_MILLISECONDS / 1000} s`);
    }, 1000);
    child.once("message", done);
    child.once("exit", (code, signal) => stopped(`the process ended: ${signal ?? `code ${code}`}`));
    child.send(job);
  });
}

/** Runs a job to its end and adds what came of it to the row. */
async function advance(row, job) {
  const start = performance.now();
  const result = await run({ target: row.target, seed, ...job });
  row.milliseconds += performance.now() - start;
  row.inputs += result.next - job.from;
  row.accepted += result.accepted;
  if (result.worstMilliseconds > row.worstMilliseconds) {
    [row.worstMilliseconds, row.worstIndex] = [result.worstMilliseconds, result.worstIndex];
  }
  if (result.peakBytes > row.peakBytes) [row.peakBytes, row.peakIndex] = [result.peakBytes, result.peakIndex];
  row.next = result.next;
  readByChild += result.next - job.from;
  for (const { index, what, bytes: read } of result.violations) {
    // What ended the process is made again by another.
    const bytes =
      read ?? (await run({ target: row.target, seed, ...job, from: index, count: 1, isOnlyMade: true })).bytes;
    const name = job.names?.[index] ?? `${row.target}-${seed}-${index}`;
    if (bytes !== undefined && job.files === undefined) writeFileSync(join(saved, name), Buffer.from(bytes, "base64"));
    row.violations.push({ index, name, what });
    console.error(`${row.target}, input ${index} of seed ${seed} (build/fuzz/${name}): ${what}`);
  }
  if (result.violations.length > 0 || readByChild > INPUTS_OF_A_CHILD) stopChild();
}

async function readFiles(row, files) {
  const job = { files: files.map((path) => readFileSync(path).toString("base64")), names: files };
  while (row.next < files.length) {
    await advance(row, { ...job, from: row.next, count: files.length - row.next, milliseconds: 60_000 });
  }
}

child = await startChild();
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) {
  stopChild();
  throw new Error(`no target ${unknown}: ${names.join(", ")}`);
}
const wanted = positionals.length > 0 ? names.filter((name) => positionals.includes(name)) : names;
const isGiven = values.corpus || values.file !== undefined;
const rows = wanted.map((target) => ({
  ...{ target, inputs: 0, accepted: 0, worstMilliseconds: 0, peakBytes: 0, violations: [] },
  ...{ next: isGiven ? 0 : first, milliseconds: 0 },
}));
if (!values.json) console.log(`seed ${seed}`);

const filesOf = (folder) => {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
};

if (values.file !== undefined) {
  if (rows.length !== 1) throw new Error("--file needs the one target that reads it");
  await readFiles(rows[0], [values.file]);
} else if (values.corpus) {
  for (const row of rows) await readFiles(row, filesOf(join(root, "test/fuzz/corpus", row.target)));
} else {
  const end = Date.now() + 1000 * seconds;
  // The target that had the least time is next.
  for (;;) {
    const left = rows.filter(({ next }) => next < first + count);
    if (left.length === 0 || Date.now() >= end) break;
    const row = left.reduce((least, one) => (one.milliseconds < least.milliseconds ? one : least));
    await advance(row, { from: row.next, count: first + count - row.next, milliseconds: SLICE_MILLISECONDS });
  }
}
stopChild();

const total = (field) => rows.reduce((sum, row) => sum + row[field], 0);
const violations = rows.reduce((sum, row) => sum + row.violations.length, 0);
if (values.json) {
  console.log(
    JSON.stringify({ seed, rows: rows.map(({ next: _, ...row }) => row), inputs: total("inputs"), violations }),
  );
} else {
  const table = [
    ["target", "inputs", "accepted", "worst ms", "peak MB", "violations"],
    ...rows.map((row) => [
      ...[row.target, row.inputs, row.accepted, row.worstMilliseconds.toFixed(0)],
      ...[(row.peakBytes / 2 ** 20).toFixed(0), row.violations.length],
    ]),
    ["all", total("inputs"), total("accepted"), "", "", violations],
  ].map((cells) => cells.map(String));
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  for (const cells of table) {
    const [name, ...numbers] = cells;
    console.log([name.padEnd(widths[0]), ...numbers.map((cell, i) => cell.padStart(widths[i + 1]))].join("  "));
  }
}
process.exitCode = violations > 0 ? 1 : 0;
