import {
  cat,
  initialize,
  LayerNorm,
  Linear,
  type Parameter,
  scope,
  type Tensor,
  toBytes,
  truncatedNormal_,
  where,
  zeroParameter,
} from '../../torch/index.js';
import { type Features, normalizeInput } from '../backbone.js';
import type { ModelConfig } from '../config.js';
import { Block } from './block.js';
import type { VisionTransformerOptions } from './config.js';
import { PatchEmbed } from './patch-embed.js';
import { interpolatePositions } from './position-embedding.js';
import { TransformerBackbone } from './transformer-backbone.js';

/**
 * The vision transformer with DINOv2's structure and parameter names (dinov2/models/vision_transformer.py).
 * Without LayerScale and registers it is timm's ViT, with layer norms of epsilon 1e-12 the ViT of transformers.
 */
export class VisionTransformer extends TransformerBackbone<Block> {
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
    const { imageSize, patchSize, channels, dim, depth, registers, normEpsilon } = options;
    if (imageSize % patchSize !== 0) {
      throw new RangeError(`image size ${imageSize} is no multiple of the patch size ${patchSize}`);
    }
    this.cls_token = zeroParameter([1, 1, dim]);
    this.pos_embed = zeroParameter([1, 1 + (imageSize / patchSize) ** 2, dim]);
    this.register_tokens = registers > 0 ? zeroParameter([1, registers, dim]) : null;
    this.mask_token = zeroParameter([1, dim]);
    this.patch_embed = new PatchEmbed(patchSize, channels, dim);
    this.blocks = Array.from({ length: depth }, (_, i) => new Block({ ...options, dropPath: dropPathOf(options, i) }));
    this.norm = new LayerNorm(dim, normEpsilon);
    this.initialize();
  }

  get config(): ModelConfig {
    return { architecture: 'vit', ...this.options };
  }

  private initialize(): void {
    initialize(() => {
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

  /**
   * `[B, C, H, W]`, values 0..1, to `[B, 1 + R + N, D]`: class token, registers, patches. `masks` `[B, N]`, true where the mask
   * token stands for the patch.
   */
  private tokens(x: Tensor, masks?: Tensor): Tensor {
    return scope(() => {
      const B = x.size(0);
      const grid = [x.size(-2) / this.options.patchSize, x.size(-1) / this.options.patchSize] as const;
      let tokens = this.patch_embed.forward(normalizeInput(x, this.options.input)); // [B, N, D]
      if (masks) tokens = where(masks.unsqueeze(-1), this.mask_token.to(tokens.dtype).unsqueeze(0), tokens);
      tokens = cat([this.cls_token.expand([B, -1, -1]), tokens], 1); // [B, 1 + N, D]
      tokens = tokens.add(interpolatePositions(this.pos_embed, grid, this.options.interpolation));
      if (!this.register_tokens) return tokens;
      const registers = this.register_tokens.expand([B, -1, -1]);
      return cat([tokens.narrow(1, 0, 1), registers, tokens.narrow(1, 1, tokens.size(1) - 1)], 1);
    });
  }

  protected embed(x: Tensor, masks?: Tensor) {
    return { tokens: this.tokens(x, masks), through: (block: Block, tokens: Tensor) => block.forward(tokens) };
  }

  /**
   * `[B, C, H, W]`, values 0..1, to the normalized class tokens `[B, D]` and those patch tokens `[m, D]` of the batch's B * N that
   * `patches` `[m]` numbers; none without it. As `features`, with less work in the last block.
   */
  tokensAt(x: Tensor, patches: Tensor | null, masks?: Tensor): { classTokens: Tensor; patchTokens: Tensor | null } {
    return scope(() => {
      const { registers, patchSize } = this.options;
      const [B, N] = [x.size(0), (x.size(-2) / patchSize) * (x.size(-1) / patchSize)];
      const length = 1 + registers + N;
      const numbers = patches ? Array.from(new BigInt64Array(toBytes(patches).buffer), Number) : [];
      const which = [
        ...Array.from({ length: B }, (_, image) => image * length),
        ...numbers.map((patch) => Math.floor(patch / N) * length + 1 + registers + (patch % N)),
      ];
      let { tokens, through } = this.embed(x, masks);
      for (const block of this.blocks.slice(0, -1)) {
        const next = through(block, tokens);
        tokens.free();
        tokens = next;
      }
      const last = this.norm.forward(this.blocks.at(-1)!.forwardTokens(tokens, which)); // [B + m, D]
      return { classTokens: last.narrow(0, 0, B), patchTokens: patches && last.narrow(0, B, numbers.length) };
    });
  }

  /** What the class token takes of the patches in the last block, `[B, heads, H / patch, W / patch]` (DINO, get_last_selfattention). */
  classAttention(x: Tensor): Tensor {
    return scope(() => {
      const { tokens, through } = this.embed(x);
      const last = this.blocks.at(-1)!;
      const before = this.blocks.slice(0, -1).reduce((value, block) => through(block, value), tokens);
      const weights = last.attn.weights(last.norm1.forward(before)).select(2, 0); // [B, heads, 1 + R + N]
      const first = 1 + this.options.registers;
      const { patchSize } = this.options;
      const patches = weights.narrow(2, first, weights.size(2) - first);
      return patches.reshape([x.size(0), weights.size(1), x.size(-2) / patchSize, x.size(-1) / patchSize]);
    });
  }

  protected normalized(tokens: Tensor): Features {
    const { registers } = this.options;
    const all = this.norm.forward(tokens);
    return {
      classToken: all.select(1, 0),
      registerTokens: all.narrow(1, 1, registers),
      patchTokens: all.narrow(1, 1 + registers, all.size(1) - 1 - registers),
    };
  }
}

function dropPathOf({ dropPath, depth }: VisionTransformerOptions, block: number): number {
  if (typeof dropPath !== 'number') return dropPath[block]!;
  return depth > 1 ? (dropPath * block) / (depth - 1) : dropPath;
}

/**
 * Standard deviation of the initial weights: DINOv2's and timm's 0.02, which suits a width of 768. In a narrower model
 * it would let every layer shrink its input, and hundreds of steps pass before a class token depends on the image; there
 * the deviation grows so that a layer passes on as much as in the base model.
 */
function initialDeviation(dim: number): number {
  return 0.02 * Math.sqrt(Math.max(1, 768 / dim));
}
