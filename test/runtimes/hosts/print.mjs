/** Answers as a script: prints the result. */
import { conformance } from "../conformance.mjs";

console.log(JSON.stringify(await conformance()));
