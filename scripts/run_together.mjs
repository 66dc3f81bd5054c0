// Runs the test files that are its arguments in one process. Their tests come one after the other, and the first when
// all files are read: what a test replaces for a moment is then nothing that another file finds while it is read.
import { beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

// Which test begins is told before it runs, also where it never gives the event loop back.
beforeEach(() => new Promise(setImmediate));

let allRead;
const reading = new Promise((resolve) => {
  allRead = resolve;
});
test("the files are read", () => reading);
for (const path of process.argv.slice(2)) await import(pathToFileURL(path).href);
allRead();
