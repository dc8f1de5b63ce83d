import { type Module, scope, type Tensor } from '../../torch/index.js';
import { Backbone, type Features } from '../backbone.js';

/** What vision transformers share: tokens that pass through blocks and are taken apart after any of them. */
export abstract class TransformerBackbone<B extends Module> extends Backbone {
  abstract readonly options: { dim: number };
  abstract readonly blocks: B[];

  get dim(): number {
    return this.options.dim;
  }

  get depth(): number {
    return this.blocks.length;
  }

  layerOf(parameterName: string): number {
    const block = /^blocks\.(\d+)\./.exec(parameterName);
    if (block) return Number(block[1]) + 1;
    return /^(cls_)?norm\./.test(parameterName) ? this.depth + 1 : 0;
  }

  /** `[B, C, H, W]`, values 0..1, to normalized features. `masks` `[B, N]`: true where the mask token stands for the patch. */
  features(x: Tensor, masks?: Tensor): Features {
    return scope(() => this.after(x, [this.depth], masks)[0]!);
  }

  layers(x: Tensor, which: readonly number[]): Features[] {
    this.requireLayers(which);
    return scope(() => this.after(x, which));
  }

  /** `[B, C, H, W]` to the first tokens `[B, 1 + R + N, D]` (class, registers, patches), and how a block takes tokens on. */
  protected abstract embed(x: Tensor, masks?: Tensor): { tokens: Tensor; through(block: B, tokens: Tensor): Tensor };

  /** `[B, 1 + R + N, D]` normalized and taken apart. */
  protected abstract normalized(tokens: Tensor): Features;

  /** Frees the tokens as they pass through the blocks. */
  private after(x: Tensor, which: readonly number[], masks?: Tensor): Features[] {
    const { tokens: first, through } = this.embed(x, masks);
    const found = new Map<number, Features>();
    let tokens = first;
    for (const [i, block] of this.blocks.slice(0, Math.max(...which)).entries()) {
      const next = through(block, tokens);
      tokens.free();
      tokens = next;
      if (which.includes(i + 1)) found.set(i + 1, this.normalized(tokens));
    }
    return which.map((layer) => found.get(layer)!);
  }
}
