/** Picture files to what a network reads. */
import type { Graph, Tensor } from "xnorkit";
import {
  digitInput,
  type ImageHeader,
  imagenetCrop,
  mnistDigit,
  readImageHeader,
  toTensor,
} from "../../src/image/index.js";

/** RGB, rows from the top left. */
export interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** 40 megapixels: 160 MB in the canvas that decodes them, and more than most cameras give. */
const MAX_MEGAPIXELS = 40;

/** True where the file begins like a PNG or a JPEG. */
export async function isPicture(file: File): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const png = start[0] === 0x89 && start[1] === 0x50 && start[2] === 0x4e;
  return png || (start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff);
}

async function decode(file: File, { width, height }: ImageHeader): Promise<ImageData> {
  if (width * height > MAX_MEGAPIXELS * 1e6) {
    throw new Error(`${file.name} has ${width}x${height} pixels: this page reads up to ${MAX_MEGAPIXELS} million`);
  }
  // Pixels as they are in the file, not fitted to the screen's colours.
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch((cause) => {
    throw new Error(`${file.name} is damaged: the browser cannot decode it`, { cause });
  });
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * Decodes a PNG or JPEG, alpha laid on white.
 * @throws Error with one sentence if it is neither, is damaged, or is too large.
 */
export async function readPicture(file: File): Promise<Picture> {
  const header = readImageHeader(new Uint8Array(await file.arrayBuffer()), file.name);
  const { width, height, data } = await decode(file, header);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += 4, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return { name: file.name, width, height, channels: 3, data: rgb };
}

/**
 * One grey channel means a handwritten digit, brought into the form of MNIST; RGB is resized and cropped as for
 * ImageNet.
 * @throws Error with one sentence if the network reads no pictures or the picture holds no digit.
 */
export function fitToNetwork(picture: Picture, { name, inputShape }: Graph): Tensor {
  const [, channels, height, width] = inputShape;
  if (channels === 1 && height === 32 && width === 32) return toTensor([digitInput(picture)], 1);
  if (channels === 1 && height === 28 && width === 28) return toTensor([mnistDigit(picture)], 1);
  if (channels === 3) {
    const fits = picture.width === width && picture.height === height;
    return toTensor([fits ? picture : imagenetCrop(picture, width, height)], 3);
  }
  throw new Error(
    `${name} reads ${inputShape.join("x")}: pictures are prepared for 3 channels of any size, ` +
      "or 1 channel of 28x28 or 32x32",
  );
}
