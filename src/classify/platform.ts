/** Pixels by the platform of a page or a worker of one: its decoders, and a canvas to read from. */
import { kindOf } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { checkPixels } from "../image/header.js";
import { type Image, image } from "../image/image.js";

/** True where the platform decodes pictures and gives their pixels out. */
export function hasPlatform(): boolean {
  return typeof createImageBitmap === "function" && typeof OffscreenCanvas === "function";
}

/** What may be drawn, by the names of its class, and how its sizes are called. */
const SIZES: Readonly<Record<string, readonly [width: string, height: string]>> = {
  HTMLCanvasElement: ["width", "height"],
  OffscreenCanvas: ["width", "height"],
  ImageBitmap: ["width", "height"],
  HTMLImageElement: ["naturalWidth", "naturalHeight"],
  HTMLVideoElement: ["videoWidth", "videoHeight"],
  VideoFrame: ["displayWidth", "displayHeight"],
};

/** True of what a page draws: canvases, bitmaps, images, videos and their frames. */
export function isDrawn(picture: unknown): picture is object {
  return Object.hasOwn(SIZES, kindOf(picture));
}

/** An image that is still on its way is waited for. */
async function untilLoaded(picture: object, name: string): Promise<void> {
  if (kindOf(picture) !== "HTMLImageElement") return;
  await (picture as HTMLImageElement).decode().catch((cause: unknown) => {
    throw new XnorkitError("bad-file", `${name} is an image that did not load`, { cause });
  });
}

/**
 * The pixels of what a page draws.
 * @throws XnorkitError `bad-file` if it has none, too many, or is from another origin.
 */
export async function drawnPixels(picture: object, maxPixels: number, name: string): Promise<Image> {
  await untilLoaded(picture, name);
  const [width, height] = SIZES[kindOf(picture)].map((side) => Number((picture as Record<string, unknown>)[side]));
  checkPixels(width, height, maxPixels, name);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new XnorkitError("unsupported", "this browser gives no canvas to read pixels from");
  try {
    context.drawImage(picture as CanvasImageSource, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return image(width, height, 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError("bad-file", `the pixels of ${name} cannot be read: ${reason}`, { cause });
  }
}

/**
 * The pixels of a picture file, in whatever format the browser knows; as they are stored, without a colour profile.
 * @throws XnorkitError `bad-file` if the browser cannot decode it, or it has too many pixels.
 */
export async function decodeOnPlatform(bytes: Uint8Array, maxPixels: number, name: string): Promise<Image> {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;
  const bitmap = await createImageBitmap(new Blob([bytes as BlobPart]), options).catch((cause: unknown) => {
    throw new XnorkitError("bad-file", `${name} is no picture that this browser can decode, or is damaged`, { cause });
  });
  try {
    return await drawnPixels(bitmap, maxPixels, name);
  } finally {
    bitmap.close();
  }
}
