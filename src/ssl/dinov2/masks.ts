import type { Random } from '../../base/index.js';
import { fromArray, fromBytes, scope, type Tensor } from '../../torch/index.js';

/** Patches of an image, height before width. */
export type Grid = readonly [height: number, width: number];

export interface BlockMaskOptions {
  grid: Grid;
  /** Smallest area that a block aims at, in patches; default 4. */
  minPatches?: number;
  /** Largest area that a block aims at, in patches. */
  maxPatches: number;
  /** Height over width of a block, smallest and largest; default 0.3 and its reciprocal. */
  aspect?: readonly [number, number];
}

/** Which patches the student sees masked, of a batch of images. */
export interface PatchMasks {
  /** `[B, N]`, bool: true where masked. */
  masks: Tensor;
  /** `[M]`, int64: where the masked ones stand among the B * N patches, in order. */
  indices: Tensor;
  /** `[M]`, float32: 1 / masked patches of the same image. */
  weights: Tensor;
}

const ATTEMPTS = 10;

/**
 * A mask of rectangles, which may overlap, row by row, 1 where masked: `count` patches or some fewer, where no further
 * rectangle was found (Bao et al., 2022, BEiT; dinov2/data/masking.py, MaskingGenerator).
 */
export function blockMask(count: number, options: BlockMaskOptions, random: Random): Uint8Array {
  const mask = new Uint8Array(options.grid[0] * options.grid[1]);
  for (let masked = 0; masked < count; ) {
    const added = addBlock(mask, Math.min(count - masked, options.maxPatches), options, random);
    if (added === 0) break;
    masked += added;
  }
  return mask;
}

/** Masks one more rectangle with at most `room` unmasked patches; returns how many these are, 0 where none was found. */
function addBlock(mask: Uint8Array, room: number, options: BlockMaskOptions, random: Random): number {
  const { minPatches = 4, aspect = [0.3, 1 / 0.3] } = options;
  const [height, width] = options.grid;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = random.between(minPatches, room);
    const ratio = Math.exp(random.between(Math.log(aspect[0]), Math.log(aspect[1])));
    const [h, w] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (h >= height || w >= width) continue;
    const [top, left] = [random.integer(height - h + 1), random.integer(width - w + 1)];
    const rows = Array.from({ length: h }, (_, row) => (top + row) * width + left);
    const unmasked = rows.reduce((sum, start) => sum + w - ones(mask.subarray(start, start + w)), 0);
    if (unmasked === 0 || unmasked > room) continue;
    for (const start of rows) mask.fill(1, start, start + w);
    return unmasked;
  }
  return 0;
}

const ones = (mask: Uint8Array): number => mask.reduce((sum, value) => sum + value, 0);

/**
 * Masks for a batch: a share `probability` of the images gets one each, of shares of their patches spread evenly over
 * `ratio`; which images these are is drawn (dinov2/data/collate.py). `ratio` is lowest and highest, 0 to 1.
 */
export function drawMasks(
  images: number,
  { probability, ratio, ...blocks }: BlockMaskOptions & { probability: number; ratio: readonly [number, number] },
  random: Random,
): Uint8Array[] {
  const patches = blocks.grid[0] * blocks.grid[1];
  const masked = Math.floor(images * probability);
  const share = (i: number) => ratio[0] + ((ratio[1] - ratio[0]) * i) / masked;
  const masks = Array.from({ length: images }, (_, i) =>
    blockMask(i < masked ? Math.floor(patches * random.between(share(i), share(i + 1))) : 0, blocks, random),
  );
  return random.shuffle(masks);
}

/** The drawn masks as the step needs them. */
export function patchMasks(masks: readonly Uint8Array[], device = 'cpu'): PatchMasks {
  return scope(() => {
    const patches = masks[0]!.length;
    const indices = masks.flatMap((mask, image) => positions(mask).map((patch) => image * patches + patch));
    const weights = masks.flatMap((mask) => Array<number>(ones(mask)).fill(1 / Math.max(1, ones(mask))));
    const flat = Uint8Array.from(masks.flatMap((mask) => [...mask]));
    return {
      masks: fromBytes(flat, [masks.length, patches], 'bool').to(undefined, device),
      indices: fromBytes(BigInt64Array.from(indices, BigInt), [indices.length], 'int64').to(undefined, device),
      weights: fromArray(weights, [weights.length], device),
    };
  });
}

const positions = (mask: Uint8Array): number[] => [...mask.keys()].filter((patch) => mask[patch] === 1);
