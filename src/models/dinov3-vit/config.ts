import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';

/** The published sizes (Siméoni et al., 2025; dinov3/hub/backbones.py). */
export const DINOV3_VIT_SIZES = {
  small: { dim: 384, depth: 12, heads: 6, feedForward: 'mlp', hidden: 1536 },
  'small-plus': { dim: 384, depth: 12, heads: 6, feedForward: 'swiglu', hidden: 1536 },
  base: { dim: 768, depth: 12, heads: 12, feedForward: 'mlp', hidden: 3072 },
  large: { dim: 1024, depth: 24, heads: 16, feedForward: 'mlp', hidden: 4096 },
  'large-plus': { dim: 1024, depth: 24, heads: 16, feedForward: 'swiglu', hidden: 4096 },
  'huge-plus': { dim: 1280, depth: 32, heads: 20, feedForward: 'swiglu', hidden: 5120 },
  '7b': { dim: 4096, depth: 40, heads: 32, feedForward: 'swiglu', hidden: 8192, queryBias: false },
} as const;

export type Dinov3VitSize = keyof typeof DINOV3_VIT_SIZES;

export interface Dinov3VitOptions {
  /** Side of the square images that the network is usually given, in pixels; it takes every multiple of the patch size. */
  imageSize: number;
  patchSize: number;
  channels: number;
  dim: number;
  depth: number;
  heads: number;
  feedForward: 'mlp' | 'swiglu';
  /** Width inside the feed-forward part, of each of the two branches in SwiGLU. */
  hidden: number;
  /** Register tokens, DINOv3's "storage tokens". */
  registers: number;
  /** Whether queries and values have a bias; without it, keys have none either. */
  queryBias: boolean;
  /** Whether keys, too, have a bias that counts; in DINOv3 a mask keeps it at zero. */
  keyBias: boolean;
  /** Whether class and register tokens have a final norm of their own. */
  untiedNorms: boolean;
  /** What the learned factor of each residual branch starts with. */
  layerScale: number;
  /** Of the last block; grows linearly from 0 at the first. */
  dropPath: number;
  /** The model normalizes its input itself; null takes the values 0..1 as they are. */
  input: InputStatistics | null;
}

/** DINOv3's vision transformer as a person writes it down; what is left out comes from the size or is the usual value. */
export interface Dinov3VitConfig extends Partial<Dinov3VitOptions> {
  /** A published size, in place of dim, depth, heads and the feed-forward part; these may still be given, and then count. */
  size?: Dinov3VitSize;
  imageSize: number;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function dinov3VitOptions(config: Dinov3VitConfig): Dinov3VitOptions {
  const ofSize: Partial<Dinov3VitOptions> = config.size ? DINOV3_VIT_SIZES[config.size] : {};
  const { dim = ofSize.dim, depth = ofSize.depth, heads = ofSize.heads } = config;
  const { feedForward = ofSize.feedForward ?? 'mlp', queryBias = ofSize.queryBias ?? true } = config;
  const { imageSize, patchSize = 16, channels = 3, registers = 4, keyBias = false, untiedNorms = false } = config;
  const { layerScale = 1e-5, dropPath = 0, input = null } = config;
  if (dim === undefined || depth === undefined || heads === undefined) {
    const missing = Object.entries({ dim, depth, heads }).flatMap(([name, value]) => (value === undefined ? name : []));
    throw inputError({ what: 'model', found: `no ${missing.join(', ')}`, expected: 'size, or dim, depth and heads' });
  }
  if (imageSize % patchSize !== 0) {
    throw inputError({
      what: 'model: imageSize',
      found: `${imageSize}`,
      expected: `a multiple of patchSize ${patchSize}`,
      fix: `Use ${Math.max(1, Math.round(imageSize / patchSize)) * patchSize}.`,
    });
  }
  if (dim % (4 * heads) !== 0) {
    throw inputError({
      what: 'model: dim',
      found: `${dim}`,
      expected: `a multiple of 4 for each of the ${heads} heads, since positions turn pairs of channels for each axis`,
    });
  }
  const hidden = config.hidden ?? ofSize.hidden ?? 4 * dim;
  return {
    imageSize,
    patchSize,
    channels,
    dim,
    depth,
    heads,
    feedForward,
    hidden,
    registers,
    queryBias,
    keyBias,
    untiedNorms,
    layerScale,
    dropPath,
    input,
  };
}
