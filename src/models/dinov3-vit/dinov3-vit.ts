import {
  cat,
  initialize,
  LayerNorm,
  Linear,
  type Parameter,
  scope,
  type Tensor,
  truncatedNormal_,
  where,
  zeroParameter,
} from '../../torch/index.js';
import { type Features, normalizeInput } from '../backbone.js';
import type { ModelConfig } from '../config.js';
import { PatchEmbed } from '../vit/patch-embed.js';
import { TransformerBackbone } from '../vit/transformer-backbone.js';
import { Block, NORM_EPSILON } from './block.js';
import type { Dinov3VitOptions } from './config.js';
import { RotaryPositionEmbedding } from './rotary-position-embedding.js';

/**
 * DINOv3's vision transformer with its parameter names (Siméoni et al., 2025; dinov3/models/vision_transformer.py):
 * rotary positions in place of a learned table, so that every image whose sides are multiples of the patch size is taken.
 */
export class Dinov3Vit extends TransformerBackbone<Block> {
  readonly cls_token: Parameter; // [1, 1, D]
  readonly storage_tokens: Parameter | null; // [1, R, D]
  readonly mask_token: Parameter; // [1, D]
  readonly patch_embed: PatchEmbed;
  readonly rope_embed: RotaryPositionEmbedding;
  readonly blocks: Block[];
  readonly norm: LayerNorm;
  readonly cls_norm: LayerNorm | null;

  constructor(readonly options: Dinov3VitOptions) {
    super();
    const { patchSize, channels, dim, depth, heads, registers, dropPath, untiedNorms } = options;
    this.cls_token = zeroParameter([1, 1, dim]);
    this.storage_tokens = registers > 0 ? zeroParameter([1, registers, dim]) : null;
    this.mask_token = zeroParameter([1, dim]);
    this.patch_embed = new PatchEmbed(patchSize, channels, dim);
    this.rope_embed = new RotaryPositionEmbedding(dim / heads);
    this.blocks = Array.from(
      { length: depth },
      (_, i) => new Block(options, depth > 1 ? (dropPath * i) / (depth - 1) : dropPath),
    );
    this.norm = new LayerNorm(dim, NORM_EPSILON);
    this.cls_norm = untiedNorms ? new LayerNorm(dim, NORM_EPSILON) : null;
    this.initialize();
  }

  get config(): ModelConfig {
    return { architecture: 'dinov3-vit', ...this.options };
  }

  private initialize(): void {
    initialize(() => {
      this.cls_token.normal_(0, 0.02);
      this.storage_tokens?.normal_(0, 0.02);
      for (const [, module] of this.namedModules()) {
        if (!(module instanceof Linear)) continue;
        truncatedNormal_(module.weight, 0.02);
        module.bias?.zero_();
      }
    });
  }

  /** `[B, C, H, W]`, values 0..1, to `[B, 1 + R + N, D]`: class token, registers, patches. */
  private tokens(x: Tensor, masks?: Tensor): Tensor {
    return scope(() => {
      let patches = this.patch_embed.forward(normalizeInput(x, this.options.input)); // [B, N, D]
      if (masks) patches = where(masks.unsqueeze(-1), this.mask_token.to(patches.dtype).unsqueeze(0), patches);
      const learned = [this.cls_token, this.storage_tokens].filter((token) => token !== null);
      return cat([...learned.map((token) => token.expand([x.size(0), -1, -1])), patches], 1);
    });
  }

  protected embed(x: Tensor, masks?: Tensor) {
    const { patchSize, registers } = this.options;
    const grid = [x.size(-2) / patchSize, x.size(-1) / patchSize] as const;
    const tokens = this.tokens(x, masks);
    const rotation = this.rope_embed.forward(grid, 1 + registers);
    return { tokens, through: (block: Block, tokens: Tensor) => block.forward(tokens, rotation) };
  }

  protected normalized(tokens: Tensor): Features {
    const prefix = 1 + this.options.registers;
    const N = tokens.size(1) - prefix;
    const all = this.norm.forward(tokens);
    const first = this.cls_norm ? this.cls_norm.forward(tokens.narrow(1, 0, prefix)) : all;
    return {
      classToken: first.select(1, 0),
      registerTokens: first.narrow(1, 1, prefix - 1),
      patchTokens: all.narrow(1, prefix, N),
    };
  }
}
