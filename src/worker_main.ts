/**
 * The script of the workers that xnorkit/worker makes in browsers, built into one file that imports nothing: bundlers
 * take it as it is, and pages may have it inlined.
 */
import { connectScope } from "./worker/connect.js";

connectScope();
