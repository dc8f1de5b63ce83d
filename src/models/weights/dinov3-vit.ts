import { inputError } from '../../base/index.js';
import { type Naming, rename, type Shapes } from './naming.js';

/** What all namings of DINOv3's vision transformer read from shapes alone. */
export interface Dinov3VitEntries {
  /** A patch embedding's weight `[D, C, P, P]`. */
  patches: string;
  /** Register tokens `[1, R, D]`. */
  registers: string;
  /** Of the first layer of each feed-forward part, of the first block: `[hidden, D]`. */
  mlp: string;
  swiglu: string;
  /** What each block has one of. */
  perBlock: RegExp;
}

/** Patches a side of the published 224 px (dinov3/hub/backbones.py, img_size). */
const GRID = 14;

/** What every naming tells of the network. Throws an InputError for a feed-forward part that hilum does not have. */
export function dinov3VitShape(shapes: Shapes, { patches, registers, mlp, swiglu, perBlock }: Dinov3VitEntries) {
  const [dim = 0, channels = 0, patchSize = 0] = shapes.get(patches) ?? [];
  const feedForward: 'mlp' | 'swiglu' = shapes.has(swiglu) ? 'swiglu' : 'mlp';
  const hidden = shapes.get(feedForward === 'swiglu' ? swiglu : mlp)?.[0];
  if (hidden === undefined) {
    throw inputError({ what: 'feed-forward part of block 0', found: 'neither', expected: `${mlp} or ${swiglu}` });
  }
  return {
    architecture: 'dinov3-vit' as const,
    imageSize: GRID * patchSize,
    patchSize,
    channels,
    dim,
    depth: [...shapes.keys()].filter((name) => perBlock.test(name)).length,
    feedForward,
    hidden,
    registers: shapes.get(registers)?.[1] ?? 0,
  };
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
      perBlock: /^blocks\.\d+\.norm1\.weight$/,
    });
    const [periods = 0] = shapes.get('rope_embed.periods')!;
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
