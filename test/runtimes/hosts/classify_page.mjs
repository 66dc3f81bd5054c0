/** Answers as a page: here, in a worker that xnorkit/worker makes, and in a module worker with xnorkit/classify. */
import { createClassifier } from "xnorkit/classify";
import { createClassifier as createInWorker } from "xnorkit/worker";
import { answers } from "./classify.mjs";
import { model, pictures } from "./classify_files.mjs";

const urls = pictures.map((name) => new URL(name, document.baseURI));
const file = new URL(model, document.baseURI);

globalThis.answerHere = () => answers(createClassifier, file, urls);
globalThis.answerInWorker = () => answers(createInWorker, file, urls);
globalThis.answerInModuleWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker("/classify_worker.js", { type: "module" });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => ("answer" in data ? resolve(data.answer) : reject(new Error(data.error)));
    worker.postMessage({ model: file.href, pictures: urls.map(({ href }) => href) });
  });

async function imageOf(url) {
  const image = new Image();
  image.src = url.href;
  await image.decode();
  return image;
}

/**
 * What a page draws, here and in a worker: the first picture, which has a colour profile, as an image; the second,
 * which has none, on canvases, as a bitmap and as a frame.
 */
globalThis.answerDrawn = async () => {
  const image = await imageOf(urls[1]);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const offscreen = new OffscreenCanvas(canvas.width, canvas.height);
  offscreen.getContext("2d").drawImage(image, 0, 0);
  const bitmap = await createImageBitmap(image);
  const frame = new VideoFrame(canvas, { timestamp: 0 });
  const drawn = [await imageOf(urls[0]), canvas, pixels, offscreen, bitmap, frame];
  const all = [await answers(createClassifier, file, drawn), await answers(createInWorker, file, drawn)];
  frame.close();
  if (bitmap.width !== image.naturalWidth) throw new Error("the caller's bitmap was taken");
  return all.flat();
};
