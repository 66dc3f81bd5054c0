/** Picture files to the pixels that a network reads. */
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Ports } from "../classify/port_layout.js";
import { type PictureResize, pictureInput, pictureResizes } from "../classify/prepare.js";
import { decodePicture } from "../decode/index.js";
import { XnorkitError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { atPath, readBytes } from "./files.js";
import { badUsage } from "./options.js";

const PICTURE_EXTENSIONS = [".png", ".jpg", ".jpeg"];

/** `--resize WAY`: how pictures are brought to the network's size. */
export function readResize(value: string | undefined): PictureResize | undefined {
  const way = pictureResizes.find((known) => known === value);
  if (value === undefined || way !== undefined) return way;
  throw badUsage(`--resize is "${value}", expected one of ${pictureResizes.join(", ")}`);
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
 * Reads a picture file as the u8 input of a network, one image in its layout.
 * @throws XnorkitError that starts with the path if the file is no picture or the network reads no pictures.
 */
export async function readPicture(path: string, graph: Ports, resize?: PictureResize): Promise<Tensor> {
  const bytes = await readBytes(path);
  return atPath(path, async () => pictureInput([await decodePicture(bytes)], graph, resize));
}
