/** Classifies pictures of any size, or 224x224 pixels as they are, with a network of ImageNet's kind. */
import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import { pictureDecoder } from "xnorkit/decode";
import { imagenetCrop, toTensor } from "xnorkit/image";
import { classifier } from "../support/classifier.js";
import { pictureService } from "../support/service.js";
import { LIMITS, MAX_PIXELS } from "./limits.js";

const SIDE = 224;
const SHAPE = [1, 3, SIDE, SIDE];
const RAW_BYTES = 3 * SIDE * SIDE;

const decode = pictureDecoder(jpegModule);

/** @param {import("../support/classifier.js").Network} network */
export function resnetService(network) {
  const classify = classifier(network);
  return pictureService({
    usage: `POST a PNG or JPEG, or ${RAW_BYTES} bytes as application/octet-stream: the red, the green and the blue
plane of 224x224 pixels. The answer is JSON: { "label", "probabilities": [one a class], "ms": time of the network }
`,
    ...LIMITS,
    raw: { bytes: RAW_BYTES, answer: (data) => classify({ shape: SHAPE, data }) },
    async answer(bytes) {
      const picture = await decode(bytes, { maxPixels: MAX_PIXELS });
      const fits = picture.width === SIDE && picture.height === SIDE;
      return classify(toTensor([fits ? picture : imagenetCrop(picture, SIDE, SIDE)], 3));
    },
  });
}
