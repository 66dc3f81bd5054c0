/** The folder in which a runtime runs the conformance script: the package as npm packs it, and programs. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { installPackage, root, run } from "../support/installed_package.js";

const here = join(root, "test/runtimes");

/** Fills an empty folder. */
export function prepare(folder: string): void {
  installPackage(folder);
  for (const file of ["conformance.mjs", "programs.mjs"]) cpSync(join(here, file), join(folder, file));
  const compile = ["compile", "digits", "--type", "u8", "--input-shape", "12,1,32,32", "--module"];
  const command = [join(folder, "node_modules/xnorkit/bin/xnorkit.js"), ...compile];
  run(process.execPath, [...command, "digits_module.mjs"], folder);
  run(process.execPath, [...command, "digits_workerd.mjs", "--host", "workerd"], folder);
  cpSync(join(here, "hosts"), join(folder, "hosts"), { recursive: true });
}
