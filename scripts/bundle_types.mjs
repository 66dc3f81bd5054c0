// Joins the declarations that tsc wrote to build/types into few files in dist/types: one an entry and one for what the
// same entries share. What describes the inside of the library, and no entry leads to, stays out.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const root = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** dist/types/NAME.d.ts is made of build/types/NAME.d.ts. */
const names = Object.values(exports).flatMap(({ types }) => types?.match(/^\.\/dist\/types\/(.*)\.d\.ts$/)[1] ?? []);

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(names.map((name) => [name, `build/types/${name}.d.ts`])),
  plugins: [dts({ dtsInput: true })],
});
const { output } = await bundle.generate({ format: "esm" });
rmSync(join(root, "dist/types"), { recursive: true, force: true });
// Beside declarations there is a module that rolldown's own code imports, of which declarations have none.
for (const { fileName, code } of output.filter(({ fileName }) => fileName.endsWith(".d.ts"))) {
  const file = join(root, "dist/types", fileName);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
}
