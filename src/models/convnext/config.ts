import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';

/** The published sizes (Liu et al., 2022), blocks and channels of the four stages. */
export const CONVNEXT_SIZES = {
  tiny: { depths: [3, 3, 9, 3], dims: [96, 192, 384, 768] },
  small: { depths: [3, 3, 27, 3], dims: [96, 192, 384, 768] },
  base: { depths: [3, 3, 27, 3], dims: [128, 256, 512, 1024] },
  large: { depths: [3, 3, 27, 3], dims: [192, 384, 768, 1536] },
} as const;

export type ConvNextSize = keyof typeof CONVNEXT_SIZES;

export interface ConvNextOptions {
  /** Side of the square images that the network is usually given, in pixels; it takes every size from 32 on. */
  imageSize: number;
  channels: number;
  /** Blocks of the four stages. */
  depths: readonly number[];
  /** Channels of the four stages. */
  dims: readonly number[];
  /** What the learned factor of each residual branch starts with. */
  layerScale: number;
  /** Epsilon of the final norm; that of transformers' ConvNextModel differs from all others. */
  finalNormEpsilon: number;
  /** Of the last block; grows linearly from 0 at the first. */
  dropPath: number;
  /** The model normalizes its input itself; null takes the values 0..1 as they are. */
  input: InputStatistics | null;
}

/** A ConvNeXt as a person writes it down; what is left out comes from the size or is the usual value. */
export interface ConvNextConfig extends Partial<ConvNextOptions> {
  /** A published size, in place of depths and dims; these may still be given, and then count. */
  size?: ConvNextSize;
  imageSize: number;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function convNextOptions(config: ConvNextConfig): ConvNextOptions {
  const { imageSize, channels = 3, layerScale = 1e-6, finalNormEpsilon = 1e-6, dropPath = 0, input = null } = config;
  const ofSize: Partial<ConvNextOptions> = config.size ? CONVNEXT_SIZES[config.size] : {};
  const { depths = ofSize.depths, dims = ofSize.dims } = config;
  if (depths?.length !== 4 || dims?.length !== 4) {
    throw inputError({
      what: 'model',
      found: depths || dims ? `depths [${depths}], dims [${dims}]` : 'no size',
      expected: 'size, or depths and dims of four stages',
    });
  }
  return { imageSize, channels, depths, dims, layerScale, finalNormEpsilon, dropPath, input };
}
