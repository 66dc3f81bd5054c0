/** From pictures to answers, once a model is there: the part that runs in a worker, too. */
import type { Model } from "../model.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import type { Picture } from "./picture.js";
import { openResample, type PictureResize, pictureInput } from "./prepare.js";
import { type Guess, topGuesses } from "./probabilities.js";
import { type DecodePicture, readPicture } from "./read_picture.js";

/** How a pipeline works. */
export interface PipelineOptions {
  readonly topK: number;
  readonly maxPixels: number;
  readonly resize?: PictureResize;
  readonly decode?: DecodePicture;
  readonly session?: SessionOptions;
}

/** A session with what comes before and behind it. */
export interface Pipeline {
  /**
   * The likeliest classes of each picture; they run as one batch.
   * @param names What messages call them.
   */
  readonly answer: (pictures: readonly Picture[], names: readonly string[]) => Promise<readonly (readonly Guess[])[]>;
  readonly dispose: () => void;
}

/** @throws XnorkitError as `createSession`. */
export async function openPipeline(model: Model, options: PipelineOptions): Promise<Pipeline> {
  const { topK, maxPixels, resize, decode } = options;
  const { graph } = model;
  const session = await createSession(model, options.session);
  const resample = await openResample(graph, resize);
  return {
    async answer(pictures, names) {
      const images = await Promise.all(
        pictures.map((picture, index) => readPicture("classify", picture, names[index], { maxPixels, decode })),
      );
      return topGuesses(graph, await session.runAsync(pictureInput(images, graph, resize, resample)), topK);
    },
    dispose: () => session.dispose(),
  };
}
