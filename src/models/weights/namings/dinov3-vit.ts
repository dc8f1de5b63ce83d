import { fits, type Naming, rename, type Shapes } from './naming.js';
import { shapeOf } from './vit-shapes.js';

/** What all namings of DINOv3's vision transformer read from shapes alone. */
export interface Dinov3VitEntries {
  /** `[D, C, P, P]` */
  patches: string;
  /** `[1, R, D]`; without registers not there. */
  registers: string;
  /** Of block 0, `[hidden, D]`: one of both is there. */
  mlp: string;
  swiglu: string;
  /** A template: one for each block. */
  block: string;
}

/** Patches a side of an image of 224 px, the size that the published networks are made with (dinov3/hub/backbones.py). */
const GRID = 14;

/** The part of a config that every naming tells. Throws an InputError that names what is not there. */
export function dinov3VitShape(shapes: Shapes, { patches, registers, mlp, swiglu, block }: Dinov3VitEntries) {
  const [dim, channels, patchSize] = shapeOf(shapes, patches, 4) as [number, number, number];
  const feedForward: 'mlp' | 'swiglu' = shapes.has(swiglu) ? 'swiglu' : 'mlp';
  const [hidden] = shapeOf(shapes, feedForward === 'swiglu' ? swiglu : mlp, 2) as [number];
  return {
    architecture: 'dinov3-vit' as const,
    imageSize: GRID * patchSize,
    patchSize,
    channels,
    dim,
    depth: [...shapes.keys()].filter((name) => fits(name, block)).length,
    feedForward,
    hidden,
    registers: shapes.get(registers)?.[1] ?? 0,
  };
}

/** Heads as published for a width; undefined where it is none of a published network, and the person must say. */
export function publishedHeads(dim: number): number | undefined {
  const width = dim < 4096 ? 64 : 128;
  return dim % width === 0 ? dim / width : undefined;
}

/** DINOv3's own names (facebookresearch/dinov3, dinov3/models/vision_transformer.py), which are also ours. */
export const dinov3Vit: Naming = {
  name: 'dinov3',
  title: 'DINOv3 (facebookresearch/dinov3)',
  architecture: 'dinov3-vit',
  recognizes: (shapes) =>
    ['cls_token', 'patch_embed.proj.weight', 'rope_embed.periods', 'norm.weight'].every((name) => shapes.has(name)),
  describe(shapes) {
    const shape = dinov3VitShape(shapes, {
      patches: 'patch_embed.proj.weight',
      registers: 'storage_tokens',
      mlp: 'blocks.0.mlp.fc1.weight',
      swiglu: 'blocks.0.mlp.w1.weight',
      block: 'blocks.{i}.norm1.weight',
    });
    const [periods] = shapeOf(shapes, 'rope_embed.periods', 1) as [number];
    return {
      ...shape,
      heads: shape.dim / (4 * periods),
      queryBias: shapes.has('blocks.0.attn.qkv.bias'),
      keyBias: shapes.has('blocks.0.attn.qkv.bias') && !shapes.has('blocks.0.attn.qkv.bias_mask'),
      untiedNorms: shapes.has('cls_norm.weight'),
    };
  },
  // local_cls_norm normalizes the class tokens of small crops in pretraining; nothing else uses it.
  heads: ['head.*', 'dino_head.*', 'ibot_head.*', 'local_cls_norm.*'],
  optional: ['mask_token'],
  rules: [
    'cls_token',
    'storage_tokens',
    'mask_token',
    'patch_embed.proj.*',
    'rope_embed.periods',
    'blocks.{i}.norm1.*',
    'blocks.{i}.attn.qkv.*',
    'blocks.{i}.attn.proj.*',
    'blocks.{i}.ls1.gamma',
    'blocks.{i}.norm2.*',
    'blocks.{i}.mlp.*',
    'blocks.{i}.ls2.gamma',
    'norm.*',
    'cls_norm.*',
  ].map((name) => rename(name, name)),
};
