/** xnorkit/torch: weights from PyTorch checkpoints (.pth, .pt), without PyTorch and without executing their pickles. */
export { isTorch, readTorch } from "./formats/torch/read_torch.js";
