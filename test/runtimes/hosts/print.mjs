import { conformance } from "../conformance.mjs";

console.log(JSON.stringify(await conformance()));
