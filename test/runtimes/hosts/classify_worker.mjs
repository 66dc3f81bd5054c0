/** Answers as a module worker of the page's own. */
import { createClassifier } from "xnorkit/classify";
import { answers } from "./classify.mjs";

self.onmessage = ({ data: { model, pictures } }) => {
  answers(
    createClassifier,
    model,
    pictures.map((href) => new URL(href)),
  ).then(
    (answer) => postMessage({ answer }),
    (error) => postMessage({ error: String(error?.stack ?? error) }),
  );
};
