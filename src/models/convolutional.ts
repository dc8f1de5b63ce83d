/** What the convolutional networks share. */
import { type BatchNorm2d, type Conv2d, scope, type Tensor } from '../torch/index.js';
import type { Features } from './backbone.js';

/** Convolution and batch normalization; what lies between is freed. */
export const convNorm = (x: Tensor, conv: Conv2d, norm: BatchNorm2d): Tensor =>
  scope(() => norm.forward(conv.forward(x)));

/** `[B, C, H, W]` for a network of `channels`: one of one channel takes the mean of the colours. */
export const toChannels = (x: Tensor, channels: number): Tensor =>
  channels === 1 && x.size(1) > 1 ? x.mean([1], true) : x;

/** A feature map `[B, D, h, w]` as features: its mean over all places, and the places row by row. */
export function featuresOfMap(map: Tensor): Features {
  return scope(() => {
    const patchTokens = map.flatten(2).transpose(1, 2); // [B, h*w, D]
    return { classToken: map.mean([2, 3]), registerTokens: patchTokens.narrow(1, 0, 0), patchTokens };
  });
}

/** Fills a convolution's weight as torch.nn.init.kaiming_normal_ for ReLU does (He et al., 2015). */
export function kaimingNormal(conv: Conv2d, mode: 'fan in' | 'fan out'): void {
  const [outChannels, inChannels] = [conv.weight.size(0), conv.weight.size(1)];
  const fan = (mode === 'fan in' ? inChannels : outChannels) * conv.kernelSize ** 2;
  conv.weight.normal_(0, Math.sqrt(2 / fan));
}
