import { inputError } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';

const plain = { stem: 'plain', averageDown: false } as const;
const deep = { stem: 'deep', averageDown: true } as const;

/** The published sizes, named as in timm (He et al., 2016; 'd': He et al., 2019, Bag of Tricks, model D). */
export const RESNET_SIZES = {
  resnet18: { block: 'basic', stages: [2, 2, 2, 2], ...plain },
  resnet34: { block: 'basic', stages: [3, 4, 6, 3], ...plain },
  resnet50: { block: 'bottleneck', stages: [3, 4, 6, 3], ...plain },
  resnet101: { block: 'bottleneck', stages: [3, 4, 23, 3], ...plain },
  resnet152: { block: 'bottleneck', stages: [3, 8, 36, 3], ...plain },
  resnet18d: { block: 'basic', stages: [2, 2, 2, 2], ...deep },
  resnet34d: { block: 'basic', stages: [3, 4, 6, 3], ...deep },
  resnet50d: { block: 'bottleneck', stages: [3, 4, 6, 3], ...deep },
  resnet101d: { block: 'bottleneck', stages: [3, 4, 23, 3], ...deep },
  resnet152d: { block: 'bottleneck', stages: [3, 8, 36, 3], ...deep },
} as const;

export type ResNetSize = keyof typeof RESNET_SIZES;

export interface ResNetOptions {
  /** Side of the images that the network is meant for, in pixels; it takes any. */
  imageSize: number;
  /** Two convolutions of 3 x 3, or 1 x 1, 3 x 3 and 1 x 1 with four times as many channels at the end. */
  block: 'basic' | 'bottleneck';
  /** Blocks in each of the four stages. */
  stages: readonly number[];
  /** Of the input: 3, or 1 for networks of gray images. */
  channels: number;
  /** One convolution of 7 x 7, or three of 3 x 3. */
  stem: 'plain' | 'deep';
  /** Channels that the stem gives. */
  stemWidth: number;
  /** Channels of the first stage's 3 x 3 convolutions; they double from stage to stage. */
  width: number;
  /** Halves the shortcut by an average instead of leaving three of four places out. */
  averageDown: boolean;
  /** Of the last block; grows linearly from 0 at the first. */
  dropPath: number;
  /** The model normalizes its input itself; null takes the values 0..1 as they are (the study's choice). */
  input: InputStatistics | null;
}

/** A residual network as a person writes it down; what is left out comes from the size or is the usual value. */
export interface ResNetConfig extends Partial<ResNetOptions> {
  /** A published size, in place of block, stages, stem and averageDown; these may still be given, and then count. */
  size?: ResNetSize;
  imageSize: number;
}

/** Fills in what the config leaves out. Throws an InputError where the numbers do not fit each other. */
export function resnetOptions(config: ResNetConfig): ResNetOptions {
  const { imageSize, channels = 3, stemWidth = 64, width = 64, dropPath = 0, input = null } = config;
  const ofSize: Partial<(typeof RESNET_SIZES)[ResNetSize]> = config.size ? RESNET_SIZES[config.size] : {};
  const { block = ofSize.block, stages = ofSize.stages } = config;
  const { stem = ofSize.stem ?? 'plain', averageDown = ofSize.averageDown ?? false } = config;
  if (block === undefined || stages === undefined) {
    throw inputError({ what: 'model', found: 'no size', expected: 'size, or block and stages' });
  }
  if (stages.length !== 4 || !stages.every((count) => Number.isInteger(count) && count > 0)) {
    throw inputError({
      what: 'model: stages',
      found: `[${stages}]`,
      expected: 'four numbers of blocks, like [3,4,6,3]',
    });
  }
  if (channels !== 1 && channels !== 3) {
    throw inputError({ what: 'model: channels', found: `${channels}`, expected: '1 or 3' });
  }
  if (stem === 'deep' && stemWidth % 2 !== 0) {
    throw inputError({ what: 'model: stemWidth', found: `${stemWidth}`, expected: 'an even number for a deep stem' });
  }
  return { imageSize, block, stages, channels, stem, stemWidth, width, averageDown, dropPath, input };
}
