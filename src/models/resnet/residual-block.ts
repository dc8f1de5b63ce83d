import { BatchNorm2d, Conv2d, Identity, Module, scope, type Tensor } from '../../torch/index.js';
import { convNorm } from '../convolutional.js';
import { dropPath } from '../drop-path.js';
import type { ResNetOptions } from './config.js';

/** Output channels for each channel of the 3 x 3 convolution. */
export const EXPANSION: Readonly<Record<ResNetOptions['block'], number>> = { basic: 1, bottleneck: 4 };

export interface ResidualBlockOptions {
  block: ResNetOptions['block'];
  inChannels: number;
  /** Channels of the 3 x 3 convolutions. */
  width: number;
  stride: number;
  averageDown: boolean;
  /** Probability of dropping the residual branch of a sample in training. */
  dropPath: number;
}

/**
 * A residual block, `[B, C, H, W]` to `[B, D, H/stride, W/stride]`, basic or bottleneck with the stride in its 3 x 3
 * convolution (torchvision/models/resnet.py, BasicBlock and Bottleneck; timm/models/resnet.py for `averageDown`).
 */
export class ResidualBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d | null; // null in a basic block
  readonly bn3: BatchNorm2d | null;
  readonly downsample: readonly Module[]; // empty where the input is the shortcut

  constructor(readonly options: ResidualBlockOptions) {
    super();
    const { block, inChannels, width, stride } = options;
    const outChannels = width * EXPANSION[block];
    const bottleneck = block === 'bottleneck';
    this.conv1 = bottleneck ? pointwise(inChannels, width) : conv3x3(inChannels, width, stride);
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = conv3x3(width, width, bottleneck ? stride : 1);
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = bottleneck ? pointwise(width, outChannels) : null;
    this.bn3 = bottleneck ? new BatchNorm2d(outChannels) : null;
    this.downsample = stride !== 1 || inChannels !== outChannels ? shortcut(options, outChannels) : [];
  }

  /** The norm that ends the residual branch. */
  get lastNorm(): BatchNorm2d {
    return this.bn3 ?? this.bn2;
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      const { dropPath: probability } = this.options;
      const branch = this.branch(x);
      const kept = this.training && probability > 0 ? dropPath(branch, probability) : branch;
      return kept.add_(this.shortcut(x)).relu_();
    });
  }

  private branch(x: Tensor): Tensor {
    return scope(() => {
      const first = convNorm(x, this.conv1, this.bn1).relu_();
      const second = convNorm(first, this.conv2, this.bn2);
      first.free();
      return this.conv3 && this.bn3 ? convNorm(second.relu_(), this.conv3, this.bn3) : second;
    });
  }

  private shortcut(x: Tensor): Tensor {
    if (this.downsample.length === 0) return x;
    return scope(() => {
      const { stride, averageDown } = this.options;
      // timm: at an odd edge the average is over the places that are there.
      const shrunk = averageDown && stride > 1 ? x.avgPool2d(2, stride, 0, true, false) : x;
      const [conv, norm] = this.downsample.slice(-2) as [Conv2d, BatchNorm2d];
      return convNorm(shrunk, conv, norm);
    });
  }
}

/** Convolution and norm at the places that torchvision gives them, or timm, whose average comes first. */
function shortcut({ inChannels, stride, averageDown }: ResidualBlockOptions, outChannels: number): Module[] {
  if (!averageDown) return [pointwise(inChannels, outChannels, stride), new BatchNorm2d(outChannels)];
  return [new Identity(), pointwise(inChannels, outChannels), new BatchNorm2d(outChannels)];
}

const pointwise = (inChannels: number, outChannels: number, stride = 1) =>
  new Conv2d(inChannels, outChannels, 1, { stride, bias: false });

export const conv3x3 = (inChannels: number, outChannels: number, stride = 1) =>
  new Conv2d(inChannels, outChannels, 3, { stride, padding: 1, bias: false });
