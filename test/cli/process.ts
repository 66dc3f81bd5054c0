/** The command line as a process of its own, from source. */
import { runProcess } from "../../src/cli/main.js";

await runProcess();
