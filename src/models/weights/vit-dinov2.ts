import { inputError } from '../../base/index.js';
import { type Naming, rename, type Shapes } from './naming.js';

/** DINOv2's own names (facebookresearch/dinov2, dinov2/models/vision_transformer.py), which are also ours. */
export const vitDinov2: Naming = {
  name: 'dinov2',
  title: 'DINOv2 (facebookresearch/dinov2)',
  architecture: 'vit',
  recognizes: (shapes) =>
    ['cls_token', 'pos_embed', 'patch_embed.proj.weight', 'norm.weight'].every((name) => shapes.has(name)),
  describe(shapes, { heads }) {
    const [dim, channels, patchSize] = shapes.get('patch_embed.proj.weight')! as [number, number, number];
    const side = Math.sqrt(sizeOf(shapes, 'pos_embed', 1) - 1);
    return {
      architecture: 'vit',
      imageSize: side * patchSize,
      patchSize,
      channels,
      dim,
      depth: [...shapes.keys()].filter((name) => name.endsWith('.norm1.weight')).length,
      heads: heads ?? dim / 64,
      registers: shapes.has('register_tokens') ? sizeOf(shapes, 'register_tokens', 1) : 0,
      layerScale: shapes.has('blocks.0.ls1.gamma') ? 1e-5 : null,
    };
  },
  heads: ['head.*', 'dino_head.*', 'ibot_head.*', 'projector.*'],
  optional: ['mask_token'],
  rules: [
    'cls_token',
    'pos_embed',
    'register_tokens',
    'mask_token',
    'patch_embed.proj.*',
    'blocks.{i}.norm1.*',
    'blocks.{i}.attn.qkv.*',
    'blocks.{i}.attn.proj.*',
    'blocks.{i}.ls1.gamma',
    'blocks.{i}.norm2.*',
    'blocks.{i}.mlp.*',
    'blocks.{i}.ls2.gamma',
    'norm.*',
  ].map((name) => rename(name, name)),
};

function sizeOf(shapes: Shapes, name: string, dimension: number): number {
  const size = shapes.get(name)?.[dimension];
  if (size === undefined) {
    throw inputError({ what: name, found: `[${shapes.get(name)}]`, expected: `a dimension ${dimension}` });
  }
  return size;
}
