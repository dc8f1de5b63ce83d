import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';
import type { Interpolation } from './position-embedding.js';

/** The published sizes (Dosovitskiy et al., 2021; Touvron et al., 2021; 'giant' is DINOv2's, Oquab et al., 2024). */
export const VIT_SIZES = {
  tiny: { dim: 192, depth: 12, heads: 3 },
  small: { dim: 384, depth: 12, heads: 6 },
  base: { dim: 768, depth: 12, heads: 12 },
  large: { dim: 1024, depth: 24, heads: 16 },
  huge: { dim: 1280, depth: 32, heads: 16 },
  giant: { dim: 1536, depth: 40, heads: 24, feedForward: 'swiglu' },
} as const;

export type VitSize = keyof typeof VIT_SIZES;

export interface VisionTransformerOptions {
  /** Side of the square images that the position embedding is made for, in pixels. */
  imageSize: number;
  patchSize: number;
  channels: number;
  dim: number;
  depth: number;
  heads: number;
  /** Two linear layers with GELU between, or with values gated by SiLU. */
  feedForward: 'mlp' | 'swiglu';
  /** Width inside the feed-forward layers. */
  hidden: number;
  /** Whether queries, keys and values have a bias. */
  qkvBias: boolean;
  /** Of the layer norms: 1e-6 in DINOv2 and timm, 1e-12 in the ViT of transformers. */
  normEpsilon: number;
  /** Register tokens (Darcet et al., 2024). */
  registers: number;
  layerScale: number | null;
  /** Of the last block, growing linearly from 0 at the first; or of each block. */
  dropPath: number | readonly number[];
  interpolation: Interpolation;
  /** The model normalizes its input itself; null takes the values 0..1 as they are (the study's choice). */
  input: InputStatistics | null;
}

/** A vision transformer as a person writes it down; what is left out comes from the size or is the usual value. */
export interface VitConfig extends Partial<VisionTransformerOptions> {
  /** A published size, in place of dim, depth and heads; these may still be given, and then count. */
  size?: VitSize;
  imageSize: number;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function vitOptions(config: VitConfig): VisionTransformerOptions {
  const { imageSize, patchSize = 16, channels = 3, registers = 0, qkvBias = true, normEpsilon = 1e-6 } = config;
  const { layerScale = null, dropPath = 0, input = null } = config;
  const ofSize: Partial<VisionTransformerOptions> = config.size ? VIT_SIZES[config.size] : {};
  const { dim = ofSize.dim, depth = ofSize.depth, heads = ofSize.heads } = config;
  const missing = Object.entries({ dim, depth, heads }).find(([, value]) => value === undefined)?.[0];
  if (dim === undefined || depth === undefined || heads === undefined) {
    throw inputError({ what: 'model', found: `no ${missing}`, expected: 'size, or dim, depth and heads' });
  }
  const { feedForward = ofSize.feedForward ?? 'mlp' } = config;
  const { hidden = feedForward === 'swiglu' ? gatedWidth(dim) : 4 * dim } = config;
  if (imageSize % patchSize !== 0) {
    throw inputError({
      what: 'model: imageSize',
      found: `${imageSize}`,
      expected: `a multiple of patchSize ${patchSize}`,
      fix: `Use ${Math.max(1, Math.round(imageSize / patchSize)) * patchSize}.`,
    });
  }
  if (dim % heads !== 0) {
    throw inputError({ what: 'model: dim', found: `${dim}`, expected: `a multiple of the ${heads} heads` });
  }
  if (typeof dropPath !== 'number' && dropPath.length !== depth) {
    throw inputError({ what: 'model: dropPath', found: `${dropPath.length} numbers`, expected: `one, or ${depth}` });
  }
  // The published checkpoints without registers were interpolated with an offset, those with registers with antialias.
  const published = registers > 0 ? { offset: 0, antialias: true } : { offset: 0.1, antialias: false };
  const { interpolation = published } = config;
  return {
    imageSize,
    patchSize,
    channels,
    dim,
    depth,
    heads,
    feedForward,
    hidden,
    qkvBias,
    normEpsilon,
    registers,
    layerScale,
    dropPath,
    interpolation,
    input,
  };
}

/** DINOv2's: as many weights as the usual layers of four times the width, in whole eights (SwiGLUFFNFused). */
const gatedWidth = (dim: number) => Math.ceil(Math.floor((4 * dim * 2) / 3) / 8) * 8;
