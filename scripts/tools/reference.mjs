// Writes the reference of everything that the package exports to build/reference. A link that leads nowhere, or a
// public signature with a type that is not exported, is an error.
//
//     npm run tools && npm run reference
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Application, Converter, ReflectionKind } from "typedoc";

const root = fileURLToPath(new URL("../../", import.meta.url));
const out = "build/reference";
process.chdir(root);

const { exports, version } = JSON.parse(readFileSync("package.json", "utf8"));

/** Sources of the entries by import, such as xnorkit/kernels. */
const entries = new Map(
  Object.entries(exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([path, { types }]) => [
      `xnorkit${path.slice(1)}`,
      types.replace("./dist/types/", "src/").replace(/\.d\.ts$/, ".ts"),
    ]),
);

const app = await Application.bootstrapWithPlugins({
  name: "xnorkit",
  entryPoints: [...entries.values()],
  tsconfig: "tsconfig.build.json",
  // Part of DOM in the repository's TypeScript, a library of its own in the one that typedoc reads with.
  compilerOptions: { lib: ["ES2023", "DOM", "DOM.Iterable"] },
  out,
  readme: "none",
  includeVersion: true,
  disableSources: true,
  disableGit: true,
  hideGenerator: true,
  githubPages: false,
  // A function of types, which a list of its results could not say better than the words beside it.
  intentionallyNotExported: ["src/nn/define_graph.ts:Draft"],
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: false },
});

// Modules are called as they are imported, not as their files.
const names = new Map([...entries].map(([name, file]) => [file.replace(/^src\/|(?:\/index)?\.ts$/g, ""), name]));
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  const name = names.get(reflection.name);
  if (name === undefined) throw new Error(`the module ${reflection.name} is no entry of package.json`);
  reflection.name = name;
});

const project = await app.convert();
if (project !== undefined) {
  app.validate(project);
  await app.generateOutputs(project);
}
const { errorCount, warningCount } = app.logger;
if (project === undefined || errorCount > 0 || warningCount > 0) process.exitCode = 1;
else console.log(`${out}: ${project.children?.length} entries of xnorkit ${version}, no warning`);
