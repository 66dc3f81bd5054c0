/** Pictures of ink on paper to ink alone, so that a sample lies on the pad like strokes drawn there. */

/** Distances from the paper below this part of the darkest ink are paper, shadow or grain. */
const PAPER_PART = 0.3;

/**
 * Black pixels whose alpha is how far the picture's grey is from its paper, which is the median of its border; light
 * ink on a dark board counts as well.
 */
export function isolateInk({ width, height, data }: ImageData): ImageData {
  const gray = Float32Array.from(
    { length: width * height },
    (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2],
  );
  const border = gray.filter((_, i) => i < width || i >= width * (height - 1) || i % width === 0).sort();
  const paper = border[border.length >> 1];
  const distance = gray.map((level) => Math.abs(level - paper));
  const furthest = distance.reduce((a, b) => Math.max(a, b), 1);
  const ink = new ImageData(width, height);
  distance.forEach((far, i) => {
    ink.data[4 * i + 3] = 255 * Math.min(Math.max((far / furthest - PAPER_PART) / (1 - 2 * PAPER_PART), 0), 1);
  });
  return ink;
}

/** The pixels of an image element, which must be loaded. */
export function imagePixels(image: HTMLImageElement): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
