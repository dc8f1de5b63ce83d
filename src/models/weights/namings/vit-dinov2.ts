import { INPUT_STATISTICS } from '../../input-statistics.js';
import { type Naming, rename } from './naming.js';
import { gridOf, refuseParts, vitConfig } from './vit-shapes.js';

const ENTRIES = {
  patches: 'patch_embed.proj.weight',
  block: 'blocks.{i}.norm1.weight',
  bias: 'blocks.0.attn.qkv.bias',
  layerScale: 'blocks.0.ls1.gamma',
};

/**
 * DINOv2's own names (facebookresearch/dinov2, dinov2/models/vision_transformer.py), which are also ours. Told from
 * timm's, which share most of them, by what timm does not have: a mask token, `register_tokens`, `mlp.w12`.
 */
export const vitDinov2: Naming = {
  name: 'dinov2',
  title: 'DINOv2 (facebookresearch/dinov2)',
  architecture: 'vit',
  // For FSDP the blocks are put into chunks: 'blocks.0.3.norm1.weight' is block 3 (BlockChunk).
  clean: (name) => name.replace(/^blocks\.\d+\.(\d+)\./, 'blocks.$1.'),
  recognizes: (shapes) =>
    ['cls_token', 'pos_embed', 'patch_embed.proj.weight'].every((name) => shapes.has(name)) &&
    ['mask_token', 'register_tokens', 'blocks.0.mlp.w12.weight'].some((name) => shapes.has(name)) &&
    shapes.has('blocks.0.attn.qkv.weight'),
  describe(shapes, hints) {
    refuseParts(shapes, {
      'cls_pos_embed.*': 'positions of another kind',
      'blocks.{i}.mlp.w1.*': 'gated feed-forward layers in three parts (SwiGLUFFNAligned)',
      'decoder_*': 'the decoder of a masked autoencoder',
    });
    const gated = shapes.has('blocks.0.mlp.w12.weight');
    const [inner, outer] = gated ? ['w12', 'w3'] : ['fc1', 'fc2'];
    const feedForward = { inner: `blocks.0.mlp.${inner}.weight`, outer: `blocks.0.mlp.${outer}.weight` };
    const registers = shapes.get('register_tokens')?.[1] ?? 0;
    return {
      ...vitConfig(shapes, { ...ENTRIES, ...feedForward }, gridOf(shapes, 'pos_embed', [1]), hints),
      registers,
      // dinov2/hub/backbones.py
      interpolation: registers > 0 ? { offset: 0, antialias: true } : { offset: 0.1, antialias: false },
    };
  },
  refuses(config) {
    if (config.architecture !== 'vit') return 'it is no vision transformer';
    const { normEpsilon = 1e-6 } = config;
    if (normEpsilon !== 1e-6) return `its norms have an epsilon of ${normEpsilon}, and DINOv2's code always has 1e-6`;
    return undefined;
  },
  heads: ['head.*', 'linear_head.*', 'dino_head.*', 'ibot_head.*', 'projector.*'],
  optional: ['mask_token'],
  input: INPUT_STATISTICS.imagenet,
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
