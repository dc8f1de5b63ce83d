import {
  cat,
  fromArray,
  LayerNorm,
  Linear,
  Module,
  noGrad,
  type Parameter,
  scope,
  type Tensor,
  truncatedNormal_,
  where,
  zeroParameter,
} from '../../torch/index.js';
import { Block } from './block.js';
import { PatchEmbed } from './patch-embed.js';
import { type Interpolation, interpolatePositions } from './position-embedding.js';

/** Mean and standard deviation per channel that a model's input is brought to, for values 0..1. */
export interface InputStatistics {
  mean: readonly number[];
  std: readonly number[];
}

export interface VisionTransformerOptions {
  /** Side of the square images that the position embedding is made for, in pixels. */
  imageSize: number;
  patchSize: number;
  channels: number;
  dim: number;
  depth: number;
  heads: number;
  mlpRatio: number;
  /** Register tokens (Darcet et al., 2024). */
  registers: number;
  layerScale: number | null;
  /** Of the last block; grows linearly from 0 at the first. */
  dropPath: number;
  interpolation: Interpolation;
  /** The model normalizes its input itself; null takes the values 0..1 as they are (the study's choice). */
  input: InputStatistics | null;
}

export interface Features {
  /** `[B, D]`, normalized. */
  classToken: Tensor;
  /** `[B, R, D]`, normalized. */
  registerTokens: Tensor;
  /** `[B, N, D]`, normalized. */
  patchTokens: Tensor;
}

/**
 * The vision transformer with DINOv2's structure and parameter names (dinov2/models/vision_transformer.py).
 * Without LayerScale and registers it is timm's ViT with other defaults.
 */
export class VisionTransformer extends Module {
  readonly cls_token: Parameter; // [1, 1, D]
  readonly pos_embed: Parameter; // [1, 1 + N, D]
  readonly register_tokens: Parameter | null; // [1, R, D]
  readonly mask_token: Parameter; // [1, D]
  readonly patch_embed: PatchEmbed;
  readonly blocks: Block[];
  readonly norm: LayerNorm;

  /** Throws a RangeError where the image size is no multiple of the patch size, or the width none of the heads. */
  constructor(readonly options: VisionTransformerOptions) {
    super();
    const { imageSize, patchSize, channels, dim, depth, heads, mlpRatio, registers, layerScale } = options;
    if (imageSize % patchSize !== 0) {
      throw new RangeError(`image size ${imageSize} is no multiple of the patch size ${patchSize}`);
    }
    this.cls_token = zeroParameter([1, 1, dim]);
    this.pos_embed = zeroParameter([1, 1 + (imageSize / patchSize) ** 2, dim]);
    this.register_tokens = registers > 0 ? zeroParameter([1, registers, dim]) : null;
    this.mask_token = zeroParameter([1, dim]);
    this.patch_embed = new PatchEmbed(patchSize, channels, dim);
    this.blocks = Array.from({ length: depth }, (_, i) => {
      const dropPath = depth > 1 ? (options.dropPath * i) / (depth - 1) : options.dropPath;
      return new Block({ dim, heads, mlpRatio, layerScale, dropPath });
    });
    this.norm = new LayerNorm(dim, 1e-6);
    this.initialize();
  }

  private initialize(): void {
    noGrad(() => {
      const std = initialDeviation(this.options.dim);
      truncatedNormal_(this.pos_embed, std);
      this.cls_token.normal_(0, 1e-6);
      this.register_tokens?.normal_(0, 1e-6);
      for (const [, module] of this.namedModules()) {
        if (!(module instanceof Linear)) continue;
        truncatedNormal_(module.weight, std);
        module.bias?.zero_();
      }
    });
  }

  private normalized(x: Tensor): Tensor {
    const { input } = this.options;
    if (!input) return x;
    const [mean, std] = [input.mean, input.std].map((values) =>
      fromArray([...values], [1, values.length, 1, 1], x.device),
    );
    return x.sub(mean!).div(std!);
  }

  /**
   * `[B, C, H, W]`, values 0..1, to `[B, 1 + R + N, D]`: class token, registers, patches. `masks` `[B, N]`, true where the mask
   * token stands for the patch.
   */
  tokens(x: Tensor, masks?: Tensor): Tensor {
    return scope(() => {
      const B = x.size(0);
      const grid = [x.size(-2) / this.options.patchSize, x.size(-1) / this.options.patchSize] as const;
      let tokens = this.patch_embed.forward(this.normalized(x)); // [B, N, D]
      if (masks) tokens = where(masks.unsqueeze(-1), this.mask_token.to(tokens.dtype).unsqueeze(0), tokens);
      tokens = cat([this.cls_token.expand([B, -1, -1]), tokens], 1); // [B, 1 + N, D]
      tokens = tokens.add(interpolatePositions(this.pos_embed, grid, this.options.interpolation));
      if (!this.register_tokens) return tokens;
      const registers = this.register_tokens.expand([B, -1, -1]);
      return cat([tokens.narrow(1, 0, 1), registers, tokens.narrow(1, 1, tokens.size(1) - 1)], 1);
    });
  }

  /** `[B, C, H, W]` to normalized features. */
  features(x: Tensor, masks?: Tensor): Features {
    return scope(() => {
      const { registers } = this.options;
      let tokens = this.tokens(x, masks);
      for (const block of this.blocks) {
        const next = block.forward(tokens);
        tokens.free();
        tokens = next;
      }
      const normalized = this.norm.forward(tokens);
      return {
        classToken: normalized.select(1, 0),
        registerTokens: normalized.narrow(1, 1, registers),
        patchTokens: normalized.narrow(1, 1 + registers, normalized.size(1) - 1 - registers),
      };
    });
  }

  /** `[B, C, H, W]` to the normalized class token `[B, D]`. */
  forward(x: Tensor): Tensor {
    return scope(() => this.features(x).classToken);
  }
}

/**
 * Standard deviation of the initial weights: DINOv2's and timm's 0.02, which suits a width of 768. In a narrower model
 * it would let every layer shrink its input, and hundreds of steps pass before a class token depends on the image; there
 * the deviation grows so that a layer passes on as much as in the base model.
 */
function initialDeviation(dim: number): number {
  return 0.02 * Math.sqrt(Math.max(1, 768 / dim));
}
