/** What the readers of data sets return. */
import type { Tensor } from "../tensor.js";

/** Labelled pictures of one size, as a data set's files hold them. */
export interface Dataset {
  /** Pixels 0..255, NCHW. */
  readonly images: Tensor & { readonly data: Uint8Array };
  /** The class index of each image. */
  readonly labels: Uint8Array;
  /** By class index, where the files name them. */
  readonly classNames?: readonly string[];
}
