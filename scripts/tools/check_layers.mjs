// Checks who may import whom, and that no modules of src import each other in a circle; imports of types count.
//
//     npm ci --prefix scripts/tools --ignore-scripts && npm run deps
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";

/** Without a TypeScript that it can use, dependency-cruiser finds no imports and no violations. */
const LEAST_MODULES = 200;

const root = fileURLToPath(new URL("../../", import.meta.url));

const forbidden = [
  { name: "no circles", from: { path: "^src/" }, to: { circular: true } },
  { name: "kernels know no layers", from: { path: "^assembly/" }, to: { pathNot: "^assembly/" } },
  {
    name: "the reference shares nothing with what it checks",
    from: { path: "^src/reference/" },
    to: { path: "^src/(compiler|runtime|abi)/" },
  },
  { name: "formats know no compiler", from: { path: "^src/formats/" }, to: { path: "^src/compiler/" } },
  {
    name: "programs run without graph and compiler",
    from: { path: "^src/(program|runtime/(program|step_|call_|constants_|limits|link|wasm|module|kernel_source))" },
    to: { path: "^src/(graph|compiler|formats|models|nn)/", pathNot: "^src/graph/(suggest|types|layout)" },
  },
  { name: "the library knows no command line", from: { path: "^src/(?!cli/)" }, to: { path: "^(src/cli|bench)/" } },
  // An import that cannot be followed is one that the other rules do not see.
  {
    name: "imports resolve",
    from: { path: "^(src|assembly)/" },
    to: { couldNotResolve: true, pathNot: "\\.wasm(\\?module)?$" },
  },
].map((rule) => ({ ...rule, severity: "error" }));

process.chdir(root);
const { output } = await cruise(
  ["src", "assembly"],
  {
    ruleSet: { forbidden },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // As Node reads package.json's exports, subpaths of packages among them.
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
    baseDir: root,
  },
  undefined,
  { tsConfig: extractTSConfig("tsconfig.json") },
);
const { totalCruised, violations } = output.summary;
for (const { rule, from, to, cycle = [] } of violations) {
  const path = cycle.length > 0 ? cycle.map(({ name }) => name) : [to];
  console.error(`${rule.name}: ${[from, ...path].join(" -> ")}`);
}
if (totalCruised < LEAST_MODULES)
  console.error(`only ${totalCruised} modules were seen, at least ${LEAST_MODULES} are there`);
if (violations.length > 0 || totalCruised < LEAST_MODULES) process.exitCode = 1;
else console.log(`${totalCruised} modules, ${output.summary.totalDependenciesCruised} imports: every rule holds`);
