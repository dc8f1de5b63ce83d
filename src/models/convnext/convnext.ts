import { inputError } from '../../base/index.js';
import { Conv2d, cat, initialize, LayerNorm, Linear, scope, type Tensor, truncatedNormal_ } from '../../torch/index.js';
import { Backbone, type Features, normalizeInput } from '../backbone.js';
import type { ModelConfig } from '../config.js';
import { Block, convolve, NORM_EPSILON } from './block.js';
import type { ConvNextOptions } from './config.js';

/** By how much the last map is smaller than the image. */
const STRIDE = 32;

/** So many blocks of the third stage make a layer. */
const GROUP = 3;

/**
 * ConvNeXt with the names of its authors (Liu et al., 2022; facebookresearch/ConvNeXt, models/convnext.py) and the
 * features of DINOv3's (dinov3/models/convnext.py): the class token is the pooled map, the patch tokens are the map, both
 * normalized. It takes every image from 32 x 32 on; where a side is no multiple of 32, up to 31 rows or columns at its end
 * do not reach the last map, as in the original.
 *
 * Its layers are those of the authors' layer-wise decay (optim_factory.py): the first two stages, the third in groups of
 * three blocks, the last stage; each with the downsampling before it. So `small` to `large` have 12, `tiny` has 6.
 */
export class ConvNext extends Backbone {
  readonly downsample_layers: (Conv2d | LayerNorm)[][];
  readonly stages: Block[][];
  readonly norm: LayerNorm;

  constructor(readonly options: ConvNextOptions) {
    super();
    const { channels, depths, dims, layerScale, finalNormEpsilon, dropPath } = options;
    this.downsample_layers = dims.map((dim, stage) => {
      if (stage === 0) return [new Conv2d(channels, dim, 4, { stride: 4 }), new LayerNorm(dim, NORM_EPSILON)];
      const before = dims[stage - 1]!;
      return [new LayerNorm(before, NORM_EPSILON), new Conv2d(before, dim, 2, { stride: 2 })];
    });
    const count = depths.reduce((sum, depth) => sum + depth, 0);
    let index = 0;
    this.stages = depths.map((depth, stage) =>
      Array.from(
        { length: depth },
        () => new Block(dims[stage]!, layerScale, count > 1 ? (dropPath * index++) / (count - 1) : dropPath),
      ),
    );
    this.norm = new LayerNorm(this.dim, finalNormEpsilon);
    initialize(() => {
      for (const [, module] of this.namedModules()) {
        if (!(module instanceof Linear || module instanceof Conv2d)) continue;
        truncatedNormal_(module.weight, 0.02);
        module.bias?.zero_();
      }
    });
  }

  get config(): ModelConfig {
    return { architecture: 'convnext', ...this.options };
  }

  get dim(): number {
    return this.options.dims.at(-1)!;
  }

  get depth(): number {
    return 3 + Math.ceil(this.options.depths[2]! / GROUP);
  }

  layerOf(parameterName: string): number {
    const [part, stage, block] = parameterName.split('.');
    if (part === 'downsample_layers') return stage === '0' ? 0 : this.layerOfBlock(Number(stage), 0);
    return part === 'stages' ? this.layerOfBlock(Number(stage), Number(block)) : this.depth + 1;
  }

  private layerOfBlock(stage: number, block: number): number {
    if (stage === 3) return this.depth;
    return stage + 1 + (stage === 2 ? Math.floor(block / GROUP) : 0);
  }

  features(x: Tensor): Features {
    return scope(() => this.after(x, [this.depth])[0]!);
  }

  /**
   * As DINOv3's get_intermediate_layers, the final norm is applied to the last layer alone: maps of the earlier stages
   * are larger and have fewer channels, `[B, N, D]` with N and D of their stage.
   */
  layers(x: Tensor, which: readonly number[]): Features[] {
    this.requireLayers(which);
    return scope(() => this.after(x, which));
  }

  private after(x: Tensor, which: readonly number[]): Features[] {
    if (Math.min(x.size(-2), x.size(-1)) < STRIDE) {
      throw inputError({
        what: 'image size',
        found: `${x.size(-2)} x ${x.size(-1)}`,
        expected: `at least ${STRIDE} x ${STRIDE} pixels`,
      });
    }
    const last = Math.max(...which);
    const found = new Map<number, Features>();
    let map = normalizeInput(x, this.options.input).permute([0, 2, 3, 1]); // [B, H, W, C] from here on
    const replace = (next: Tensor) => {
      map.free();
      map = next;
    };
    for (const [stage, blocks] of this.stages.entries()) {
      for (const layer of this.downsample_layers[stage]!) {
        replace(layer instanceof Conv2d ? convolve(layer, map) : layer.forward(map));
      }
      for (const [i, block] of blocks.entries()) {
        replace(block.forward(map));
        const layer = this.layerOfBlock(stage, i);
        const isLast = i + 1 === blocks.length || this.layerOfBlock(stage, i + 1) > layer;
        if (isLast && which.includes(layer)) found.set(layer, this.tokens(map, layer === this.depth));
        if (isLast && layer === last) return which.map((each) => found.get(each)!);
      }
    }
    throw new RangeError(`layer ${last} has no block`);
  }

  /** `[B, H, W, C]` to the pooled vector and the places. */
  private tokens(map: Tensor, normalize: boolean): Features {
    const places = map.flatten(1, 2); // [B, H * W, C]
    const tokens = cat([places.mean([1], true), places], 1);
    const all = normalize ? this.norm.forward(tokens) : tokens;
    return {
      classToken: all.select(1, 0),
      registerTokens: all.narrow(1, 1, 0),
      patchTokens: all.narrow(1, 1, places.size(1)),
    };
  }
}
