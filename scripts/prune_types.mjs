// Leaves in dist/types only the declarations that the entries' own lead to: the rest describes the inside of the
// library, which the package does not offer.
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const types = join(root, "dist/types");

const reached = new Set(Object.values(exports).flatMap((target) => (target.types ? [join(root, target.types)] : [])));
for (const file of reached) {
  for (const [, path] of readFileSync(file, "utf8").matchAll(/\b(?:from|import)\s*\(?"(\.[^"]+)\.js"/g)) {
    reached.add(`${join(dirname(file), path)}.d.ts`);
  }
}
for (const name of readdirSync(types, { recursive: true })) {
  const file = join(types, name);
  if (statSync(file).isFile() && !reached.has(file)) rmSync(file);
}
