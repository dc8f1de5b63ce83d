import { cat, scope, type Tensor } from '../../torch/index.js';

/**
 * How a position embedding is brought to another grid. The original DINOv2 checkpoints: offset 0.1, no antialias; those
 * with registers: offset 0, antialias (dinov2/hub/backbones.py).
 */
export interface Interpolation {
  offset: number;
  antialias: boolean;
}

/**
 * `[1, 1 + M*M, D]`, class position first, to `[1, 1 + height*width, D]` by bicubic interpolation
 * (dinov2/models/vision_transformer.py, interpolate_pos_encoding). Returned as it is where the grids are equal.
 */
export function interpolatePositions(
  positions: Tensor,
  [height, width]: readonly [number, number],
  { offset, antialias }: Interpolation,
): Tensor {
  const count = positions.size(1) - 1;
  const side = Math.round(Math.sqrt(count));
  if (side * side !== count) throw new RangeError(`position embedding of ${count} patches, which are no square grid`);
  if (side === height && side === width) return positions;
  return scope(() => {
    const dim = positions.size(-1);
    const classPosition = positions.narrow(1, 0, 1);
    const grid = positions.narrow(1, 1, count).reshape([1, side, side, dim]).permute([0, 3, 1, 2]); // [1, D, M, M]
    const scales: [number | null, number | null] =
      offset === 0 ? [null, null] : [(height + offset) / side, (width + offset) / side];
    const resized = antialias
      ? grid.upsampleBicubic2dAntialias([height, width], false, ...scales)
      : grid.upsampleBicubic2d([height, width], false, ...scales);
    return cat([classPosition, resized.permute([0, 2, 3, 1]).reshape([1, height * width, dim])], 1);
  });
}
