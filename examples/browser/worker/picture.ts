/** Picture files and camera frames to what a network reads. */

import { planarShape } from "../../../src/classify/port_layout.js";
import { pictureInput } from "../../../src/classify/prepare.js";
import { type Image, type ImageHeader, pictureFormat, readImageHeader } from "../../../src/image/index.js";
import type { Graph, Tensor } from "../../../src/index.js";

/** RGB, and how it looks on the page. */
export interface Picture extends Image {
  readonly name: string;
  readonly channels: 3;
}

/** 40 megapixels: 160 MB in the canvas that decodes them, and more than most cameras give. */
const MAX_MEGAPIXELS = 40;

/** True if the file begins like a PNG or a JPEG, or claims to be some picture. */
export async function isPicture(file: File): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  return pictureFormat(start) !== null || file.type.startsWith("image/");
}

/** The pixels of a bitmap, alpha laid on white; the bitmap is used up. */
export function pixelsOf(bitmap: ImageBitmap, name: string): Picture {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += 4, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return { name, width, height, channels: 3, data: rgb };
}

async function decode(file: File, { width, height }: ImageHeader): Promise<ImageBitmap> {
  if (width * height > MAX_MEGAPIXELS * 1e6) {
    throw new Error(`${file.name} has ${width}x${height} pixels: this page reads up to ${MAX_MEGAPIXELS} million`);
  }
  // Pixels as they are in the file, not fitted to the screen's colours.
  return createImageBitmap(file, { colorSpaceConversion: "none" }).catch((cause) => {
    throw new Error(`${file.name} is damaged: the browser cannot decode it`, { cause });
  });
}

/**
 * Decodes a PNG or JPEG.
 * @throws Error with one sentence if it is neither, is damaged, or is too large.
 */
export async function readPicture(file: File): Promise<Picture> {
  const header = readImageHeader(new Uint8Array(await file.arrayBuffer()), file.name);
  return pixelsOf(await decode(file, header), file.name);
}

/** The picture as small as it is shown, for the page to draw. */
export async function previewOf({ width, height, data }: Picture, side: number): Promise<ImageBitmap> {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * i + channel] = data[3 * i + channel];
    pixels.data[4 * i + 3] = 255;
  }
  const scale = Math.min(1, side / Math.max(width, height));
  return createImageBitmap(pixels, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "medium",
  });
}

const DIGIT_SIDES = [28, 32];

/** True if pictures can be made into what the network reads. */
export function readsPictures(graph: Graph): boolean {
  const [, channels, height, width] = planarShape(graph);
  return channels === 3 || (channels === 1 && height === width && DIGIT_SIDES.includes(height));
}

/**
 * One grey channel means a handwritten digit, brought into the form of MNIST; RGB is resized and cropped as for
 * ImageNet. The tensor has the layout that the network's input has.
 * @throws Error with one sentence if the network reads no pictures or the picture holds no digit.
 */
export function fitToNetwork(picture: Picture, graph: Graph): Tensor {
  if (readsPictures(graph)) return pictureInput([picture], graph);
  throw new Error(
    `${graph.name} reads ${graph.inputShape.join("x")}: pictures are prepared for 3 channels of any size, ` +
      "or 1 channel of 28x28 or 32x32",
  );
}
