import { scope, type Tensor } from '../torch/index.js';
import { type Backbone, normalizeInput } from './backbone.js';
import type { ModelConfig } from './config.js';
import { toChannels } from './convolutional.js';

/** What the first layer of a network sees of images `[B, C, H, W]`, values 0..1: its channels, brought to its statistics. */
export function networkInput({ config }: Backbone, x: Tensor): Tensor {
  return scope(() => normalizeInput(toChannels(x, config.channels ?? 3), config.input ?? null));
}

/** Sides of the square images that a network takes, in pixels: multiples of a vision transformer's patches; else 32 and more. */
export function inputSizes(config: ModelConfig): { least: number; multiple: number } {
  const { architecture } = config;
  const multiple = architecture === 'vit' || architecture === 'dinov3-vit' ? (config.patchSize ?? 16) : 1;
  return { least: multiple === 1 ? 32 : multiple, multiple };
}
