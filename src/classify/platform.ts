/** Pixels by the platform of a page or a worker of one: its decoders, and a canvas to read from. */
import { kindOf } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { checkPixels } from "../image/header.js";
import { type Image, image } from "../image/image.js";

function canDraw(): boolean {
  if (typeof createImageBitmap !== "function" || typeof OffscreenCanvas !== "function") return false;
  try {
    return new OffscreenCanvas(1, 1).getContext("2d") !== null;
  } catch {
    return false;
  }
}

let isPlatform: boolean | undefined;

/** True where the platform decodes pictures and gives their pixels out. Deno has canvases without pixels in them. */
export function hasPlatform(): boolean {
  isPlatform ??= canDraw();
  return isPlatform;
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

/** Pixels as they are stored, without a colour profile, as every other decoder here gives them. */
const UNCHANGED: ImageBitmapOptions = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/**
 * A bitmap of its own of what a page draws. An image that is still on its way is waited for, and is what its file
 * stores, not what the page shows of it.
 * @throws XnorkitError `bad-file` if there are no pixels, or they are from another origin.
 */
export async function bitmapOf(picture: object, name: string): Promise<ImageBitmap> {
  try {
    if (kindOf(picture) === "HTMLImageElement") await (picture as HTMLImageElement).decode();
    return await createImageBitmap(picture as ImageBitmapSource, UNCHANGED);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError("bad-file", `the pixels of ${name} cannot be read: ${reason}`, { cause });
  }
}

/**
 * The pixels of what a page draws.
 * @throws XnorkitError `bad-file` if it has none, too many, or is from another origin.
 */
export async function drawnPixels(picture: object, maxPixels: number, name: string): Promise<Image> {
  if (kindOf(picture) === "HTMLImageElement") return bitmapPixels(await bitmapOf(picture, name), maxPixels, name);
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

/** The pixels of a bitmap, which is used up. */
async function bitmapPixels(bitmap: ImageBitmap, maxPixels: number, name: string): Promise<Image> {
  try {
    return await drawnPixels(bitmap, maxPixels, name);
  } finally {
    bitmap.close();
  }
}

/**
 * The pixels of a picture file, in whatever format the browser knows.
 * @throws XnorkitError `bad-file` if the browser cannot decode it, or it has too many pixels.
 */
export async function decodeOnPlatform(bytes: Uint8Array, maxPixels: number, name: string): Promise<Image> {
  const bitmap = await createImageBitmap(new Blob([bytes as BlobPart]), UNCHANGED).catch((cause: unknown) => {
    throw new XnorkitError("bad-file", `${name} is no picture that this browser can decode, or is damaged`, { cause });
  });
  return bitmapPixels(bitmap, maxPixels, name);
}
