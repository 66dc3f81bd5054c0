// Reports tests to whoever watches many processes of them: failures are printed with their file, everything else goes
// to the parent process as messages: the test that begins, and at the end the counts and each file's milliseconds.
import { relative } from "node:path";
import { inspect } from "node:util";

const SUMMARY = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

const place = (file) => (file === undefined ? "" : relative(process.cwd(), file));

// biome-ignore lint/style/noDefaultExport: the runner takes reporters so
export default async function* report(events) {
  const counts = { pass: 0, fail: 0, skip: 0 };
  const milliseconds = new Map();
  for await (const { type, data } of events) {
    if (type === "test:dequeue") {
      process.send?.({ test: data.name, file: place(data.file) });
    } else if (type === "test:pass" || type === "test:fail") {
      const { error, duration_ms: duration, type: kind } = data.details;
      const file = place(data.file);
      if (data.nesting === 0) milliseconds.set(file, (milliseconds.get(file) ?? 0) + duration);
      // What failed inside a suite or a test has been told.
      if (error?.failureType === "subtestsFailed") continue;
      if (type === "test:fail") {
        counts.fail++;
        yield `FAILED ${file}: ${data.name}\n${inspect(error.cause ?? error)}\n\n`;
      } else if (kind !== "suite") {
        counts[data.skip === undefined ? "pass" : "skip"]++;
      }
    } else if (type === "test:diagnostic" && !SUMMARY.test(data.message)) {
      yield `${data.message}\n`;
    }
  }
  process.send?.({ counts, milliseconds: [...milliseconds] });
}
