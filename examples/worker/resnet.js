/** ResNetE18 in a worker: classifies pictures of any size, or 224x224 pixels as they are. Its weights are random. */
import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import { loadModel } from "xnorkit";
import { pictureDecoder } from "xnorkit/decode";
import { imagenetCrop, toTensor } from "xnorkit/image";
import { openClassifier } from "../support/classifier.js";
import { pictureService } from "../support/service.js";
import model from "./build/resnet18_e1.xnorkit";
import { LIMITS, MAX_PIXELS } from "./limits.js";

const SIDE = 224;
const SHAPE = [1, 3, SIDE, SIDE];
const RAW_BYTES = 3 * SIDE * SIDE;

const classify = await openClassifier(loadModel(new Uint8Array(model)));
const decode = pictureDecoder(jpegModule);

const service = pictureService({
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

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: service };
