/** Pictures of any size to the pixels that a network reads: one way for the library and the command line. */
import { XnorkitError } from "../errors.js";
import { shapeAtPort } from "../graph/layout.js";
import { composeOnWhite } from "../image/color.js";
import { imagenetCrop, type ResizeRule, resizeRules } from "../image/crop.js";
import { digitInput, mnistDigit } from "../image/digit.js";
import type { Image } from "../image/image.js";
import { placeImagenetCrop } from "../image/place_crop.js";
import { interleaved, type Placement, placePicture, planes } from "../image/placement.js";
import type { SimdResample } from "../image/resample_simd.js";
import { formatShape, type Tensor } from "../tensor.js";
import { type Ports, planarShape } from "./port_layout.js";

/**
 * How a picture comes to a network's size:
 *
 *   torchvision, mxnet, rounded   the short side resized to 8/7 of the input's, the middle cut out; they differ by a
 *                                 pixel (`ResizeRule`), and a picture that has the size stays as it is
 *   digit                         one handwritten digit found, scaled and centred as MNIST has them; 28x28 or 32x32
 *   none                          the picture must have the size
 */
export type PictureResize = ResizeRule | "digit" | "none";

/** All ways, those of `ResizeRule` first. */
export const pictureResizes: readonly PictureResize[] = [...resizeRules, "digit", "none"];

const DIGIT_SIDES: readonly number[] = [28, 32];

interface InputSize {
  readonly channels: 1 | 3;
  readonly width: number;
  readonly height: number;
  /** MNIST's size, or with two pixels more on every side. */
  readonly isDigit: boolean;
}

function inputSize(graph: Ports): InputSize {
  const [, channels, height, width] = planarShape(graph);
  if (graph.inputShape.length !== 4 || (channels !== 1 && channels !== 3)) {
    throw new XnorkitError(
      "unsupported",
      `${graph.name} reads ${formatShape(graph.inputShape)}: pictures have 1 or 3 channels, of any size`,
    );
  }
  return { channels, width, height, isDigit: channels === 1 && width === height && DIGIT_SIDES.includes(width) };
}

/**
 * How pictures come to this network's size: as the caller says, else as digits where its input has MNIST's size.
 * @throws XnorkitError `unsupported` if the network reads no pictures, `bad-option` if it reads no digits and shall.
 */
export function resizeFor(graph: Ports, resize?: PictureResize): PictureResize {
  const { isDigit } = inputSize(graph);
  if (resize === "digit" && !isDigit) {
    throw new XnorkitError(
      "bad-option",
      `resize is "digit", but ${graph.name} reads ${formatShape(graph.inputShape)}, and digits are 1 channel of ` +
        "28x28 or 32x32",
    );
  }
  return resize ?? (isDigit ? "digit" : "torchvision");
}

/** Writes a picture at the network's size. */
function place(picture: Image, graph: Ports, resize: PictureResize, to: Placement, simd: SimdResample | null): void {
  const { channels, width, height } = inputSize(graph);
  if (resize === "digit") {
    placePicture(width === 32 ? digitInput(picture) : mnistDigit(picture), channels, to);
  } else if (picture.width === width && picture.height === height) {
    placePicture(picture, channels, to);
  } else if (resize === "none") {
    throw new XnorkitError(
      "bad-shape",
      `the picture has ${picture.width}x${picture.height} pixels, but ${graph.name} reads ${width}x${height}, and ` +
        'resize is "none"',
    );
  } else if (channels === 3 && picture.channels !== 1) {
    placeImagenetCrop(picture, width, height, resize, to, simd);
  } else {
    // What is seen is filtered, so that colours that nobody sees do not mix with it.
    placePicture(imagenetCrop(composeOnWhite(picture), width, height, { rule: resize }), channels, to);
  }
}

/** What resizes pictures for this network faster than plain JavaScript; null if nothing does. */
export async function openResample(graph: Ports, resize?: PictureResize): Promise<SimdResample | null> {
  const isResized = inputSize(graph).channels === 3 && resize !== "none" && graph.layout !== "NHWC";
  return isResized ? (await import("../image/resample_simd.js")).openSimdResample() : null;
}

/**
 * Pictures as the u8 input of a network, one after the other in its layout.
 * @param simd What `openResample` gives: the same bytes in less time.
 * @throws XnorkitError as `resizeFor`, and what a picture's way throws.
 */
export function pictureInput(
  pictures: readonly Image[],
  graph: Ports,
  resize?: PictureResize,
  simd: SimdResample | null = null,
): Tensor {
  const way = resizeFor(graph, resize);
  const { channels, width, height } = inputSize(graph);
  const pixels = width * height;
  const data = new Uint8Array(pictures.length * channels * pixels);
  for (const [index, picture] of pictures.entries()) {
    const first = index * channels * pixels;
    const to = graph.layout === "NHWC" ? interleaved(data, first, channels) : planes(data, first, pixels);
    place(picture, graph, way, to, simd);
  }
  return { shape: shapeAtPort([pictures.length, channels, height, width], graph.layout), data };
}
