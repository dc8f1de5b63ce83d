import { inputError } from '../../base/index.js';
import type { InputStatistics, VisionTransformerOptions } from './vision-transformer.js';

/** The published sizes (Dosovitskiy et al., 2021; Touvron et al., 2021). */
export const VIT_SIZES = {
  tiny: { dim: 192, depth: 12, heads: 3 },
  small: { dim: 384, depth: 12, heads: 6 },
  base: { dim: 768, depth: 12, heads: 12 },
  large: { dim: 1024, depth: 24, heads: 16 },
} as const;

export type VitSize = keyof typeof VIT_SIZES;

/** A vision transformer as a person writes it down; what is left out comes from the size or is the usual value. */
export interface VitConfig {
  size: VitSize;
  imageSize: number;
  patchSize?: number;
  dim?: number;
  depth?: number;
  heads?: number;
  registers?: number;
  /** Initial LayerScale; null (the default) for none, as in the ImageNet models; 1e-5 in DINOv2. */
  layerScale?: number | null;
  dropPath?: number;
  /** What the input is brought to; null (the default) leaves it at 0..1, as the study does. */
  input?: InputStatistics | null;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function vitOptions(config: VitConfig): VisionTransformerOptions {
  const { imageSize, patchSize = 16, registers = 0, layerScale = null, dropPath = 0, input = null } = config;
  const { dim, depth, heads } = { ...VIT_SIZES[config.size], ...defined(config) };
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
  const interpolation = registers > 0 ? { offset: 0, antialias: true } : { offset: 0.1, antialias: false };
  return {
    imageSize,
    patchSize,
    channels: 3,
    dim,
    depth,
    heads,
    mlpRatio: 4,
    registers,
    layerScale,
    dropPath,
    interpolation,
    input,
  };
}

function defined({ dim, depth, heads }: VitConfig): Partial<Record<'dim' | 'depth' | 'heads', number>> {
  return Object.fromEntries(Object.entries({ dim, depth, heads }).filter(([, value]) => value !== undefined));
}
