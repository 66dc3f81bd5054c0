/** Answers as a script: prints what it takes the pictures for that lie beside it, here and in a worker. */
import { createClassifier } from "xnorkit/classify";
import { createClassifier as createInWorker } from "xnorkit/worker";
import { answers } from "./classify.mjs";
import { model, pictures } from "./classify_files.mjs";

const urls = pictures.map((name) => new URL(name, import.meta.url));
const file = new URL(model, import.meta.url);
console.log(JSON.stringify({ here: await answers(createClassifier, file, urls) }));
console.log(JSON.stringify({ worker: await answers(createInWorker, file, urls) }));
