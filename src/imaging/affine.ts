/** Mirroring, rotation and scale about the image centre, for each image of a batch its own. */
import { fromArray, scope, type Tensor } from '../torch/index.js';
import { changeImages, rowsWhere } from './batch.js';

export interface Placement {
  /** Left and right exchanged, before the rotation. */
  mirrored: boolean;
  /** Degrees, counter-clockwise as seen. */
  rotation: number;
  /** Above 1 enlarges. */
  scale: number;
}

const BILINEAR = 0;
const ZEROS = 0;

/** Exact mirror images of the chosen images of `[B, C, H, W]`. */
export function mirror(x: Tensor, mirrored: readonly boolean[]): Tensor {
  const rows = rowsWhere(mirrored, (value) => value);
  return changeImages(x, rows, (chosen) => chosen.flip(3));
}

/**
 * Moves each image of `[B, C, H, W]` to its placement: bilinear, zeros where the image does not reach, pixel centres
 * at half integers, as `torch.nn.functional.grid_sample` with `align_corners` false.
 */
export function place(x: Tensor, placements: readonly Placement[]): Tensor {
  return scope(() => {
    const [b, , h, w] = x.shape as [number, number, number, number];
    const fromColumn = placements.flatMap((p) => {
      const { cos, sin, side } = inverse(p);
      return [...centres(w, side * cos), ...centres(w, (sin * w) / h)];
    });
    const fromRow = placements.flatMap((p) => {
      const { cos, sin, side } = inverse(p);
      return [...centres(h, (-side * sin * h) / w), ...centres(h, cos)];
    });
    // The position in the input, -1..1 over width and height, is a sum of what row and column of the output give.
    const columns = fromArray(fromColumn, [b, 2, 1, w], x.device);
    const rows = fromArray(fromRow, [b, 2, h, 1], x.device);
    const grid = columns.add(rows).permute([0, 2, 3, 1]); // [B, 2, H, W] to [B, H, W, 2]
    return x.gridSampler(grid, BILINEAR, ZEROS, false);
  });
}

/** Factors of the map from output to input. */
function inverse({ mirrored, rotation, scale }: Placement): { cos: number; sin: number; side: number } {
  const angle = (rotation / 180) * Math.PI;
  return { cos: Math.cos(angle) / scale, sin: Math.sin(angle) / scale, side: mirrored ? -1 : 1 };
}

/** The pixel centres of a side, -1..1, times `factor`. */
const centres = (length: number, factor: number): number[] =>
  Array.from({ length }, (_, i) => ((2 * i + 1) / length - 1) * factor);
