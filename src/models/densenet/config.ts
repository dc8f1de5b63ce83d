import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';

/** The published sizes, named as in torchvision and timm (Huang et al., 2017). */
export const DENSENET_SIZES = {
  densenet121: { blocks: [6, 12, 24, 16], growth: 32, stemWidth: 64 },
  densenet169: { blocks: [6, 12, 32, 32], growth: 32, stemWidth: 64 },
  densenet201: { blocks: [6, 12, 48, 32], growth: 32, stemWidth: 64 },
  densenet161: { blocks: [6, 12, 36, 24], growth: 48, stemWidth: 96 },
} as const;

export type DenseNetSize = keyof typeof DENSENET_SIZES;

export interface DenseNetOptions {
  /** Side of the images that the network is meant for, in pixels; it takes any of at least 32. */
  imageSize: number;
  /** Dense layers in each block. */
  blocks: readonly number[];
  /** Channels that each dense layer adds. */
  growth: number;
  /** Channels that the stem gives. */
  stemWidth: number;
  /** A layer's 1 x 1 convolution gives this many times `growth` channels. */
  bottleneck: number;
  /** Of the input: 3, or 1 for networks of gray images. */
  channels: number;
  /** The model normalizes its input itself; null takes the values 0..1 as they are (the study's choice). */
  input: InputStatistics | null;
}

/** A densely connected network as a person writes it down; what is left out comes from the size or is the usual value. */
export interface DenseNetConfig extends Partial<DenseNetOptions> {
  /** A published size, in place of blocks, growth and stemWidth; these may still be given, and then count. */
  size?: DenseNetSize;
  imageSize: number;
  /** Only 0: there is no residual branch to drop. */
  dropPath?: number;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function densenetOptions(config: DenseNetConfig): DenseNetOptions {
  const { imageSize, bottleneck = 4, channels = 3, dropPath = 0, input = null } = config;
  const ofSize: Partial<(typeof DENSENET_SIZES)[DenseNetSize]> = config.size ? DENSENET_SIZES[config.size] : {};
  const { blocks = ofSize.blocks, growth = ofSize.growth ?? 32 } = config;
  const { stemWidth = ofSize.stemWidth ?? 2 * growth } = config;
  if (blocks === undefined) throw inputError({ what: 'model', found: 'no size', expected: 'size, or blocks' });
  if (blocks.length === 0 || !blocks.every((count) => Number.isInteger(count) && count > 0)) {
    throw inputError({ what: 'model: blocks', found: `[${blocks}]`, expected: 'numbers of layers, like [6,12,24,16]' });
  }
  if (channels !== 1 && channels !== 3) {
    throw inputError({ what: 'model: channels', found: `${channels}`, expected: '1 or 3' });
  }
  if (dropPath !== 0) {
    throw inputError({
      what: 'model: dropPath',
      found: `${dropPath}`,
      expected: '0: a DenseNet has no residual branch to drop',
    });
  }
  return { imageSize, blocks, growth, stemWidth, bottleneck, channels, input };
}
