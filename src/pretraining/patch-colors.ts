import type { VisionTransformer } from '../models/index.js';
import { noGrad, scope, type Tensor, toFloat32Array } from '../torch/index.js';

/** What patches of several images have in common, as colours: equal colours are near features. */
export interface PatchColors {
  /** Patches of an image's height and width. */
  height: number;
  width: number;
  /** Of each image `[3, height, width]`, 0..255. */
  images: Uint8Array[];
}

/** Share of the values at either end that become 0 or 255. */
const CLIPPED = 0.02;

/**
 * The first three principal components of the patch tokens of all images together as red, green and blue (Oquab et al., 2024, figure 1,
 * without the background cut away). `x` is `[B, 3, H, W]`, values 0..1.
 */
export function patchColors(network: VisionTransformer, x: Tensor): PatchColors {
  const { patchSize } = network.options;
  const [height, width] = [x.size(2) / patchSize, x.size(3) / patchSize];
  const N = height * width;
  const components = scope(() =>
    noGrad(() => {
      const patches = network.features(x).patchTokens.to('float32').flatten(0, 1); // [B * N, D]
      const centered = patches.sub(patches.mean([0]));
      const [, directions] = centered.transpose(0, 1).mm(centered).eigh(); // [D, D], the largest eigenvalue last
      const D = directions.size(1);
      return toFloat32Array(centered.mm(directions.narrow(1, Math.max(0, D - 3), Math.min(3, D))));
    }),
  );
  const columns = components.length / (x.size(0) * N);
  const levels = [0, 1, 2].map((c) => toLevels(columnOf(components, columns, Math.max(0, columns - 1 - c))));
  const images = Array.from({ length: x.size(0) }, (_, b) =>
    Uint8Array.from({ length: 3 * N }, (_, i) => levels[Math.floor(i / N)]![b * N + (i % N)]!),
  );
  return { height, width, images };
}

const columnOf = (rows: Float32Array, columns: number, c: number): Float32Array =>
  Float32Array.from({ length: rows.length / columns }, (_, row) => rows[row * columns + c]!);

/** To 0..255, with a sign that does not hang on the solver: the longer tail is bright. */
function toLevels(values: Float32Array): Uint8Array {
  const sum = values.reduce((total, value) => total + value ** 3, 0);
  const signed = sum < 0 ? values.map((value) => -value) : values;
  const sorted = signed.slice().sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  const [low, high] = [at(CLIPPED), at(1 - CLIPPED)];
  const span = Math.max(high - low, 1e-12);
  return Uint8Array.from(signed, (value) => Math.round(255 * Math.min(1, Math.max(0, (value - low) / span))));
}
