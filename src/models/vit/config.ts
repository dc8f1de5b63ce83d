import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';
import type { Interpolation } from './position-embedding.js';

/** The published sizes (Dosovitskiy et al., 2021; Touvron et al., 2021). */
export const VIT_SIZES = {
  tiny: { dim: 192, depth: 12, heads: 3 },
  small: { dim: 384, depth: 12, heads: 6 },
  base: { dim: 768, depth: 12, heads: 12 },
  large: { dim: 1024, depth: 24, heads: 16 },
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
  mlpRatio: number;
  /** Register tokens (Darcet et al., 2024). */
  registers: number;
  layerScale: number | null;
  /** Of the last block; grows linearly from 0 at the first. */
  dropPath: number;
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
  const { imageSize, patchSize = 16, channels = 3, mlpRatio = 4, registers = 0 } = config;
  const { layerScale = null, dropPath = 0, input = null } = config;
  const ofSize: Partial<(typeof VIT_SIZES)[VitSize]> = config.size ? VIT_SIZES[config.size] : {};
  const { dim = ofSize.dim, depth = ofSize.depth, heads = ofSize.heads } = config;
  if (dim === undefined || depth === undefined || heads === undefined) {
    throw inputError({ what: 'model', found: 'no size', expected: 'size, or dim, depth and heads' });
  }
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
    mlpRatio,
    registers,
    layerScale,
    dropPath,
    interpolation,
    input,
  };
}
