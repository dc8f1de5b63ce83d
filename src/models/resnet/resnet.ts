import { BatchNorm2d, Conv2d, Identity, initialize, type Module, scope, type Tensor } from '../../torch/index.js';
import { Backbone, type Features, normalizeInput } from '../backbone.js';
import type { ModelConfig } from '../config.js';
import { convNorm, featuresOfMap, kaimingNormal, toChannels } from '../convolutional.js';
import type { ResNetOptions } from './config.js';
import { conv3x3, EXPANSION, ResidualBlock } from './residual-block.js';

/**
 * The residual network (He et al., 2016) with the parameter names of torchvision (torchvision/models/resnet.py), which
 * are timm's as well; deep stem and averaged shortcuts as in timm/models/resnet.py. Features are those of the last
 * stage, after its ReLU. The layers are the residual blocks; those of earlier stages give narrower features.
 */
export class ResNet extends Backbone {
  readonly conv1: Conv2d | readonly Module[]; // three convolutions, with norms between, in the deep stem
  readonly bn1: BatchNorm2d;
  readonly layer1: readonly ResidualBlock[];
  readonly layer2: readonly ResidualBlock[];
  readonly layer3: readonly ResidualBlock[];
  readonly layer4: readonly ResidualBlock[];

  constructor(readonly options: ResNetOptions) {
    super();
    const { channels, stem, stemWidth } = options;
    this.conv1 =
      stem === 'plain'
        ? new Conv2d(channels, stemWidth, 7, { stride: 2, padding: 3, bias: false })
        : deepStem(channels, stemWidth);
    this.bn1 = new BatchNorm2d(stemWidth);
    [this.layer1, this.layer2, this.layer3, this.layer4] = [0, 1, 2, 3].map((s) => stage(options, s)) as Stages;
    this.initialize();
  }

  get config(): ModelConfig {
    return { architecture: 'resnet', ...this.options };
  }

  get dim(): number {
    return this.options.width * 8 * EXPANSION[this.options.block];
  }

  get depth(): number {
    return this.blocks.length;
  }

  layerOf(parameterName: string): number {
    const block = /^layer(\d)\.(\d+)\./.exec(parameterName);
    if (!block) return 0;
    const before = this.options.stages.slice(0, Number(block[1]) - 1);
    return before.reduce((sum, count) => sum + count, 0) + Number(block[2]) + 1;
  }

  features(x: Tensor): Features {
    return scope(() => this.after(this.stem(x), [this.depth])[0]!);
  }

  layers(x: Tensor, which: readonly number[]): Features[] {
    this.requireLayers(which);
    return scope(() => this.after(this.stem(x), which));
  }

  private get blocks(): ResidualBlock[] {
    return [...this.layer1, ...this.layer2, ...this.layer3, ...this.layer4];
  }

  /** As torchvision and timm: every residual branch starts at zero (Goyal et al., 2017), as in timm. */
  private initialize(): void {
    initialize(() => {
      for (const [, module] of this.namedModules()) {
        if (module instanceof Conv2d) kaimingNormal(module, 'fan out');
      }
      for (const block of this.blocks) block.lastNorm.weight.zero_();
    });
  }

  /** `[B, C, H, W]` to `[B, D, H/4, W/4]`. */
  private stem(x: Tensor): Tensor {
    return scope(() => {
      const { channels, input } = this.options;
      let y = normalizeInput(toChannels(x, channels), input);
      const convolutions = this.conv1 instanceof Conv2d ? [this.conv1] : this.conv1.filter(isConv);
      const between = this.conv1 instanceof Conv2d ? [] : this.conv1.filter(isNorm);
      for (const [i, norm] of [...between, this.bn1].entries()) y = convNorm(y, convolutions[i]!, norm).relu_();
      return y.maxPool2d(3, 2, 1);
    });
  }

  /** Frees the maps as they pass through the blocks. */
  private after(map: Tensor, which: readonly number[]): Features[] {
    const found = new Map<number, Features>();
    for (const [i, block] of this.blocks.slice(0, Math.max(...which)).entries()) {
      const next = block.forward(map);
      map.free();
      map = next;
      if (which.includes(i + 1)) found.set(i + 1, featuresOfMap(map));
    }
    return which.map((layer) => found.get(layer)!);
  }
}

type Stages = [ResidualBlock[], ResidualBlock[], ResidualBlock[], ResidualBlock[]];

const isConv = (module: Module): module is Conv2d => module instanceof Conv2d;
const isNorm = (module: Module): module is BatchNorm2d => module instanceof BatchNorm2d;

/** Three convolutions of 3 x 3, the ReLUs at the places that timm gives them. */
function deepStem(channels: number, width: number): Module[] {
  const half = width / 2;
  return [
    conv3x3(channels, half, 2),
    new BatchNorm2d(half),
    new Identity(),
    conv3x3(half, half),
    new BatchNorm2d(half),
    new Identity(),
    conv3x3(half, width),
  ];
}

/** The blocks of a stage, counted from 0. */
function stage({ block, stages, stemWidth, width, averageDown, dropPath }: ResNetOptions, s: number): ResidualBlock[] {
  const total = stages.reduce((sum, count) => sum + count, 0);
  const before = stages.slice(0, s).reduce((sum, count) => sum + count, 0);
  const outOf = (stage: number) => width * 2 ** stage * EXPANSION[block];
  return Array.from({ length: stages[s]! }, (_, i) => {
    const first = i === 0;
    const inChannels = !first ? outOf(s) : s === 0 ? stemWidth : outOf(s - 1);
    return new ResidualBlock({
      block,
      inChannels,
      width: width * 2 ** s,
      stride: first && s > 0 ? 2 : 1,
      averageDown,
      dropPath: (dropPath * (before + i)) / (total - 1),
    });
  });
}
