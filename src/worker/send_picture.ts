/** Pictures on their way into a worker: copies whose buffers are handed over, so that the caller's stay as they are. */
import { bytesArgument, kindOf, refuseArgument } from "../arguments.js";
import type { Picture } from "../classify/picture.js";
import { bitmapOf, hasPlatform, isDrawn } from "../classify/platform.js";
import { fileBytes, isBytes, isPixels, PICTURE } from "../classify/read_picture.js";
import { XnorkitError } from "../errors.js";
import type { SentPicture } from "./protocol.js";

/** A picture and the buffers that go with it. */
export interface Parcel {
  readonly picture: SentPicture;
  readonly transfer: readonly object[];
}

function parcelOf(bytes: Uint8Array): Parcel {
  return { picture: { form: "bytes", bytes }, transfer: [bytes.buffer] };
}

/** A bitmap of its own of what a page draws. */
async function drawnParcel(picture: object, name: string): Promise<Parcel> {
  if (!hasPlatform()) {
    throw new XnorkitError(
      "unsupported",
      `${name} is of the kind ${kindOf(picture)}, which this runtime does not know`,
    );
  }
  const bitmap = await bitmapOf(picture, name);
  return { picture: { form: "drawn", bitmap }, transfer: [bitmap] };
}

/**
 * Makes a picture ready to be sent.
 * @throws XnorkitError as a classifier, as far as it shows before the picture is read.
 */
export async function sendPicture(picture: Picture, name: string): Promise<Parcel> {
  const kind = kindOf(picture);
  if (isBytes(kind)) return parcelOf(Uint8Array.from(bytesArgument("classify", name, picture)));
  if (typeof picture !== "object" || picture === null) {
    return refuseArgument("classify", name, PICTURE, picture);
  }
  if (kind === "URL") return { picture: { form: "url", href: (picture as URL).href }, transfer: [] };
  if (isDrawn(picture)) return drawnParcel(picture, name);
  if (!isPixels(picture)) return parcelOf(Uint8Array.from(await fileBytes("classify", picture, name)));
  const { width, height, data } = picture;
  if (!/^Uint8(Clamped)?Array$/.test(kindOf(data))) {
    refuseArgument("classify", `data of ${name}`, "a Uint8Array or a Uint8ClampedArray", data);
  }
  const copy = Uint8Array.from(data);
  return { picture: { form: "pixels", width, height, data: copy }, transfer: [copy.buffer] };
}
