import { BatchNorm2d, Conv2d, initialize, scope, type Tensor } from '../../torch/index.js';
import { Backbone, type Features, normalizeInput } from '../backbone.js';
import type { ModelConfig } from '../config.js';
import { convNorm, featuresOfMap, kaimingNormal, toChannels } from '../convolutional.js';
import type { DenseNetOptions } from './config.js';
import { DenseBlock, Transition } from './dense-block.js';

/**
 * The densely connected network (Huang et al., 2017) with the structure of torchvision/models/densenet.py, its parameter
 * names without `features.`. Features are those of the last block after norm and ReLU. The layers are the dense layers:
 * each gives the map that the next one sees, which the final norm, made for the last, leaves as it is.
 */
export class DenseNet extends Backbone {
  readonly conv0: Conv2d;
  readonly norm0: BatchNorm2d;
  declare readonly norm5: BatchNorm2d; // no field of its own, so that it stands last in the state, as in PyTorch
  readonly dim: number;
  readonly depth: number;
  readonly #parts: readonly (DenseBlock | Transition)[]; // as well under PyTorch's names: denseblock1, transition1, ...

  constructor(readonly options: DenseNetOptions) {
    super();
    const { blocks, growth, stemWidth, bottleneck, channels: inChannels } = options;
    this.conv0 = new Conv2d(inChannels, stemWidth, 7, { stride: 2, padding: 3, bias: false });
    this.norm0 = new BatchNorm2d(stemWidth);
    const parts: [string, DenseBlock | Transition][] = [];
    let channels = stemWidth;
    for (const [i, count] of blocks.entries()) {
      if (i > 0) {
        parts.push([`transition${i}`, new Transition(channels)]);
        channels = Math.floor(channels / 2);
      }
      parts.push([`denseblock${i + 1}`, new DenseBlock(count, channels, growth, bottleneck)]);
      channels += count * growth;
    }
    this.#parts = parts.map(([, part]) => part);
    Object.assign(this, Object.fromEntries(parts));
    this.norm5 = new BatchNorm2d(channels);
    this.dim = channels;
    this.depth = blocks.reduce((sum, count) => sum + count, 0);
    this.initialize();
  }

  get config(): ModelConfig {
    return { architecture: 'densenet', ...this.options };
  }

  /** A transition belongs to the layer before it, as in timm (timm/models/densenet.py, group_matcher). */
  layerOf(parameterName: string): number {
    const upTo = (block: number) => this.options.blocks.slice(0, block).reduce((sum, count) => sum + count, 0);
    const layer = /^denseblock(\d+)\.denselayer(\d+)\./.exec(parameterName);
    if (layer) return upTo(Number(layer[1]) - 1) + Number(layer[2]);
    const transition = /^transition(\d+)\./.exec(parameterName);
    if (transition) return upTo(Number(transition[1]));
    return parameterName.startsWith('norm5.') ? this.depth + 1 : 0;
  }

  features(x: Tensor): Features {
    return scope(() => this.after(this.stem(x), [this.depth])[0]!);
  }

  layers(x: Tensor, which: readonly number[]): Features[] {
    this.requireLayers(which);
    return scope(() => this.after(this.stem(x), which));
  }

  private initialize(): void {
    initialize(() => {
      for (const [, module] of this.namedModules()) if (module instanceof Conv2d) kaimingNormal(module, 'fan in');
    });
  }

  /** `[B, C, H, W]` to `[B, D, H/4, W/4]`. */
  private stem(x: Tensor): Tensor {
    return scope(() => {
      const input = normalizeInput(toChannels(x, this.options.channels), this.options.input);
      return convNorm(input, this.conv0, this.norm0).relu_().maxPool2d(3, 2, 1);
    });
  }

  /** Frees the maps as they pass through the layers. */
  private after(stem: Tensor, which: readonly number[]): Features[] {
    const found = new Map<number, Features>();
    const last = Math.max(...which);
    let layer = 0;
    for (const map of this.maps(stem)) {
      layer++;
      if (which.includes(layer)) found.set(layer, layer === this.depth ? this.normalized(map) : featuresOfMap(map));
      if (layer === last) break;
    }
    return which.map((each) => found.get(each)!);
  }

  /** The map after each dense layer. */
  private *maps(stem: Tensor): Generator<Tensor> {
    let map = stem;
    for (const part of this.#parts) {
      if (part instanceof DenseBlock) {
        for (map of part.forward(map)) yield map;
      } else {
        const next = part.forward(map);
        map.free();
        map = next;
      }
    }
  }

  private normalized(map: Tensor): Features {
    return scope(() => featuresOfMap(this.norm5.forward(map).relu_()));
  }
}
