/** Pictures of any size to the pixels that a network reads. */
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { XnorkitError } from "../errors.js";
import {
  digitInput,
  type Image,
  imagenetCrop,
  mnistDigit,
  type ResizeOptions,
  resizeRules,
  toTensor,
} from "../image/index.js";
import { formatShape, type Tensor } from "../tensor.js";
import { decodeImage } from "./decode_image.js";
import { atPath, readBytes } from "./files.js";
import { badUsage } from "./options.js";
import { imageAtPort, type Ports, planarShape } from "./port_layout.js";

const PICTURE_EXTENSIONS = [".png", ".jpg", ".jpeg"];

/** `--resize RULE`: how pictures are brought to the network's size. */
export function readResize(value: string | undefined): ResizeOptions {
  if (value === undefined) return {};
  const rule = resizeRules.find((known) => known === value);
  if (rule === undefined) throw badUsage(`--resize is "${value}", expected one of ${resizeRules.join(", ")}`);
  return { rule };
}

/** True for names that end like those of PNG and JPEG files. */
export function isPictureName(name: string): boolean {
  return PICTURE_EXTENSIONS.includes(extname(name).toLowerCase());
}

/** The pictures in a folder, sorted by name. */
export function listPictures(folder: string): Promise<readonly string[]> {
  return atPath(folder, async () => {
    const names = (await readdir(folder)).filter((name) => !name.startsWith(".") && isPictureName(name)).sort();
    if (names.length === 0) throw new XnorkitError("bad-file", "the folder holds no PNG or JPEG pictures");
    return names.map((name) => join(folder, name));
  });
}

/**
 * One grey channel means a handwritten digit, brought into the form of MNIST; RGB is resized and cropped as for
 * ImageNet.
 */
function fitToModel(picture: Image, graph: Ports, options: ResizeOptions): Tensor {
  const [, channels, height, width] = planarShape(graph);
  if (channels === 1 && height === 32 && width === 32) return toTensor([digitInput(picture)], 1);
  if (channels === 1 && height === 28 && width === 28) return toTensor([mnistDigit(picture)], 1);
  if (channels === 3) {
    const fits = picture.width === width && picture.height === height;
    return toTensor([fits ? picture : imagenetCrop(picture, width, height, options)], 3);
  }
  throw new XnorkitError(
    "unsupported",
    `${graph.name} reads ${formatShape(graph.inputShape)}: pictures are prepared for 3 channels of any size, ` +
      "or 1 channel of 28x28 or 32x32",
  );
}

/**
 * Reads a picture file as the u8 input of a network, one image in its layout.
 * @throws XnorkitError that starts with the path if the file is no picture or the network reads no pictures.
 */
export async function readPicture(path: string, graph: Ports, options: ResizeOptions = {}): Promise<Tensor> {
  const bytes = await readBytes(path);
  return atPath(path, async () => imageAtPort(fitToModel(await decodeImage(bytes), graph, options), graph));
}
