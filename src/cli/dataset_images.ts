/** Labelled images for `evaluate`: IDX, CIFAR's binary version, or a folder of pictures for each class. */
import { basename, dirname, join } from "node:path";
import { pixelsAtPort, planarShape } from "../classify/port_layout.js";
import type { PictureResize } from "../classify/prepare.js";
import { XnorkitError } from "../errors.js";
import { readCifar } from "../formats/cifar.js";
import type { Dataset } from "../formats/dataset.js";
import { looksLikeIdx, readMnist } from "../formats/idx.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph } from "../graph/types.js";
import { elementCount, formatShape } from "../tensor.js";
import { atPath, isFile, isFolder, listFolder, readBytes } from "./files.js";
import { isPictureName, listPictures, readPicture } from "./prepare_image.js";

export type Split = "train" | "test";

/** Images as the network reads them; folders of pictures are decoded only when an image is asked for. */
export interface LabelledImages {
  readonly count: number;
  readonly label: (index: number) => number;
  /** u8 pixels of one image in the layout of the network's input. */
  readonly pixels: (index: number) => Promise<Uint8Array>;
}

const IDX_IMAGES = /^(.*)images([-.])idx3(.*)$/;
const IDX_PREFIX: Readonly<Record<Split, string>> = { test: "t10k", train: "train" };
const CIFAR_BATCHES: Readonly<Record<Split, RegExp>> = {
  test: /^test(_batch)?\.bin$/,
  train: /^(data_batch_\d+|train)\.bin$/,
};
const CIFAR_ARCHIVE = /^cifar.*\.(tar|tar\.gz|tgz)$/;

/** The labels' file beside an images' file, packed or not. */
async function readIdxPair(imagesPath: string): Promise<Dataset> {
  const [, prefix, separator, end] = basename(imagesPath).match(IDX_IMAGES) ?? [];
  if (prefix === undefined) {
    throw new XnorkitError(
      "bad-file",
      `${imagesPath}: the labels of IDX images are looked for by name, expected ...images-idx3-ubyte`,
    );
  }
  const labels = `${prefix}labels${separator}idx1${end}`;
  const names = [labels, `${labels}.gz`, labels.replace(/\.gz$/, "")].map((name) => join(dirname(imagesPath), name));
  for (const labelsPath of names) {
    if (!(await isFile(labelsPath))) continue;
    const [imageBytes, labelBytes] = [await readBytes(imagesPath), await readBytes(labelsPath)];
    return atPath(imagesPath, () => readMnist(imageBytes, labelBytes));
  }
  throw new XnorkitError("bad-file", `${imagesPath}: there is no file of labels beside it, expected ${names[0]}`);
}

async function readCifarFiles(paths: readonly string[], split: Split): Promise<Dataset> {
  const batches: Dataset[] = [];
  for (const path of paths) {
    const bytes = await readBytes(path);
    batches.push(await atPath(path, () => readCifar(bytes, { split })));
  }
  const [{ images }] = batches;
  const count = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const size = elementCount(images.shape.slice(1));
  const data = new Uint8Array(count * size);
  const labels = new Uint8Array(count);
  let first = 0;
  for (const batch of batches) {
    data.set(batch.images.data, first * size);
    labels.set(batch.labels, first);
    first += batch.labels.length;
  }
  return { images: { shape: [count, ...images.shape.slice(1)], data }, labels };
}

async function readDatasetFile(path: string, split: Split): Promise<Dataset> {
  if (IDX_IMAGES.test(basename(path))) return readIdxPair(path);
  const bytes = await readBytes(path);
  if (looksLikeIdx(bytes) && !/\.(tar\.gz|tgz)$/.test(path)) return readIdxPair(path);
  return atPath(path, () => readCifar(bytes, { split }));
}

/** Null where the folder holds neither IDX files nor CIFAR batches. */
async function readDatasetFolder(folder: string, split: Split): Promise<Dataset | null> {
  const names = await listFolder(folder);
  const idx = names.filter((name) => IDX_IMAGES.test(name));
  if (idx.length > 0) {
    const chosen = idx.find((name) => name.startsWith(IDX_PREFIX[split])) ?? (idx.length === 1 ? idx[0] : undefined);
    if (chosen !== undefined) return readIdxPair(join(folder, chosen));
    throw new XnorkitError(
      "bad-file",
      `${folder}: it holds ${idx.join(", ")}, but no ${IDX_PREFIX[split]}-images-idx3-ubyte: name one`,
    );
  }
  const batches = names.filter((name) => CIFAR_BATCHES[split].test(name));
  if (batches.length > 0)
    return readCifarFiles(
      batches.map((name) => join(folder, name)),
      split,
    );
  const archive = names.find((name) => CIFAR_ARCHIVE.test(name));
  return archive === undefined ? null : readDatasetFile(join(folder, archive), split);
}

/** Zeros around a plane: MNIST's 28x28 is black up to its border, so that nothing is added by 2 black pixels more. */
function padPlane(pixels: Uint8Array, from: readonly [number, number], to: readonly [number, number]): Uint8Array {
  const [height, width] = from;
  const top = (to[0] - height) / 2;
  const left = (to[1] - width) / 2;
  const padded = new Uint8Array(to[0] * to[1]);
  for (let y = 0; y < height; y++) {
    padded.set(pixels.subarray(y * width, (y + 1) * width), (top + y) * to[1] + left);
  }
  return padded;
}

const MAX_PADDING = 4;

function datasetImages({ images, labels }: Dataset, graph: Graph): LabelledImages {
  const [count, channels, height, width] = images.shape;
  const [, wantedChannels, ...wanted] = planarShape(graph);
  const size = channels * height * width;
  const plane = (index: number) => images.data.subarray(index * size, (index + 1) * size);
  const label = (index: number) => labels[index];
  if (channels === wantedChannels && height === wanted[0] && width === wanted[1]) {
    return { count, label, pixels: async (index) => pixelsAtPort(plane(index), channels, graph) };
  }
  const paddings = [wanted[0] - height, wanted[1] - width];
  const isPadded = channels === 1 && wantedChannels === 1;
  if (!isPadded || paddings.some((padding) => padding < 0 || padding > 2 * MAX_PADDING || padding % 2 !== 0)) {
    throw new XnorkitError(
      "bad-shape",
      `the images are ${formatShape(images.shape.slice(1))}, but ${graph.name} reads ` +
        `${formatShape(graph.inputShape.slice(1))}: is it the network for this data set?`,
    );
  }
  const [to0, to1] = wanted;
  return { count, label, pixels: async (index) => padPlane(plane(index), [height, width], [to0, to1]) };
}

/**
 * The class index of each folder: its place among the labels or, as a number, itself; else folders count in sorted
 * order.
 */
function classIndices(folders: readonly string[], { labels }: Graph, outputs: number): readonly number[] {
  const byLabel = folders.map((folder) => labels?.indexOf(folder) ?? -1);
  if (byLabel.every((index) => index >= 0)) return byLabel;
  if (folders.every((folder) => /^\d+$/.test(folder) && Number(folder) < outputs)) return folders.map(Number);
  if (folders.length === outputs) return folders.map((_, index) => index);
  throw new XnorkitError(
    "bad-file",
    `${folders.length} folders of classes (${folders.slice(0, 3).join(", ")} ...) for ${outputs} outputs: ` +
      "name them like the model's labels or by their index",
  );
}

async function pictureFolders(
  folder: string,
  graph: Graph,
  outputs: number,
  resize: PictureResize | undefined,
): Promise<LabelledImages> {
  const names = await listFolder(folder);
  const classes: string[] = [];
  for (const name of names) if (await isFolder(join(folder, name))) classes.push(name);
  if (classes.length === 0) {
    const hint = names.some(isPictureName) ? ": pictures belong into a folder for each class" : "";
    throw new XnorkitError(
      "bad-file",
      `${folder}: no IDX files, CIFAR batches or folders of pictures are in it${hint}`,
    );
  }
  const indices = await atPath(folder, () => classIndices(classes, graph, outputs));
  const files: { readonly path: string; readonly label: number }[] = [];
  for (const [position, name] of classes.entries()) {
    for (const path of await listPictures(join(folder, name))) files.push({ path, label: indices[position] });
  }
  return {
    count: files.length,
    label: (index) => files[index].label,
    pixels: async (index) => new Uint8Array((await readPicture(files[index].path, graph, resize)).data),
  };
}

function checkLabels({ count, label }: LabelledImages, graph: Graph, outputs: number): void {
  for (let index = 0; index < count; index++) {
    if (label(index) < outputs) continue;
    throw new XnorkitError(
      "bad-shape",
      `image ${index} has label ${label(index)}, but ${graph.name} has ${outputs} outputs: ` +
        "is it the network for this data set?",
    );
  }
}

/**
 * Opens a data set for a network: a folder or a file, told apart by names and content. 28x28 grey images are padded to
 * the network's 32x32.
 * @throws XnorkitError that starts with the path if nothing is found, a file is damaged or the images do not fit.
 */
export async function openDataset(
  path: string,
  graph: Graph,
  split: Split,
  resize: PictureResize | undefined,
): Promise<LabelledImages> {
  const outputs = inferShapes(graph).get(graph.output)!.at(-1)!;
  const dataset = (await isFolder(path)) ? await readDatasetFolder(path, split) : await readDatasetFile(path, split);
  const images =
    dataset === null
      ? await pictureFolders(path, graph, outputs, resize)
      : await atPath(path, () => datasetImages(dataset, graph));
  await atPath(path, () => checkLabels(images, graph, outputs));
  return images;
}
