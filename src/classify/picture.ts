/** What is taken for a picture. The types name none of a page's own, so that programs without its library compile. */
import type { FileBytes } from "../arguments.js";
import type { UrlLike } from "../fetch/types.js";

/** Pixels in rows from the top left, channels interleaved: RGBA, RGB or grey, by the length of `data`. */
export interface PicturePixels {
  readonly width: number;
  readonly height: number;
  /** 0..255, alpha not premultiplied; an ImageData has such. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A canvas, an OffscreenCanvas, an ImageBitmap, an image or a video of a page. */
export interface DrawnPicture {
  readonly width: number;
  readonly height: number;
}

/** A VideoFrame. */
export interface VideoPicture {
  readonly displayWidth: number;
  readonly displayHeight: number;
}

/** A Blob, a File or a Response that holds a picture file. */
export interface PictureFile {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * A picture: pixels, what a page shows, or a PNG or JPEG file as bytes, Blob, Response or URL (`file:` too where the
 * runtime has files). Browsers decode whatever formats they know.
 */
export type Picture = FileBytes | PicturePixels | DrawnPicture | VideoPicture | PictureFile | UrlLike;
