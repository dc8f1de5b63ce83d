/**
 * timm's names of vision transformers (huggingface/pytorch-image-models, timm/models/vision_transformer.py, deit.py). A
 * class token's own position may be there or not (`no_embed_class`); where it is not, ours is zero.
 */
import { cat, type Tensor, zeros } from '../../../torch/index.js';
import { timmConfig } from './config-timm.js';
import { type Naming, type Rule, rename, type Shapes } from './naming.js';
import { gridOf, refuseParts, sideOf, vitConfig } from './vit-shapes.js';

const ENTRIES = {
  patches: 'patch_embed.proj.weight',
  block: 'blocks.{i}.norm1.weight',
  bias: 'blocks.0.attn.qkv.bias',
  layerScale: 'blocks.0.ls1.gamma',
  inner: 'blocks.0.mlp.fc1.weight',
  outer: 'blocks.0.mlp.fc2.weight',
};

const REFUSED = {
  'norm_pre.*': 'a norm before the blocks (CLIP)',
  'fc_norm.*': 'a norm after the mean of the patches in place of one before',
  'attn_pool.*': 'pooling by attention',
  'blocks.{i}.attn.q_norm.*': 'normalized queries and keys',
  'blocks.{i}.attn.norm.*': 'a norm inside the attention',
  'blocks.{i}.mlp.norm.*': 'a norm inside the feed-forward layers',
  'decoder_*': 'the decoder of a masked autoencoder',
};

/** The positions `[1, 1 + N, D]` of positions that may lack the class token's. */
const withClassPosition = (positions: Tensor): Tensor =>
  sideOf(positions.size(1)) === undefined
    ? positions
    : cat([zeros([1, 1, positions.size(2)], positions.dtype), positions], 1);

/**
 * Registers `[1, R, D]`, or the distillation token of DeiT, which is one register, and positions `[1, 1 + R + N, D]` or
 * `[1, N, D]`: ours have no position, and take theirs in.
 */
function withRegisters([classToken, registers, positions]: Tensor[]): Tensor[] {
  if (sideOf(positions!.size(1)) !== undefined) return [classToken!, registers!, withClassPosition(positions!)];
  const [count, all] = [registers!.size(1), positions!.to('float32')];
  const patches = all.narrow(1, 1 + count, all.size(1) - 1 - count);
  const placed = registers!.to('float32').add(all.narrow(1, 1, count));
  return [classToken!, placed, cat([all.narrow(1, 0, 1), patches], 1)];
}

/** As timm takes DINOv2's registers over (_convert_dinov2): the class token takes its position in. */
function withoutClassPosition([classToken, registers, positions]: Tensor[]): Tensor[] {
  const patches = positions!.narrow(1, 1, positions!.size(1) - 1);
  return [classToken!.add(positions!.narrow(1, 0, 1)), registers!, patches];
}

const OUR_TOKENS = ['cls_token', 'register_tokens', 'pos_embed'];

const RULES: readonly Rule[] = [
  {
    theirs: ['cls_token', 'reg_token', 'pos_embed'],
    ours: OUR_TOKENS,
    read: withRegisters,
    write: withoutClassPosition,
  },
  { theirs: ['cls_token', 'dist_token', 'pos_embed'], ours: OUR_TOKENS, read: withRegisters },
  { ...rename('pos_embed', 'pos_embed'), read: ([positions]) => [withClassPosition(positions!)] },
  { theirs: [], ours: ['mask_token'] }, // timm has none: only pretraining uses it
  ...[
    'cls_token',
    'patch_embed.proj.*',
    'blocks.{i}.norm1.*',
    'blocks.{i}.attn.qkv.*',
    'blocks.{i}.attn.proj.*',
    'blocks.{i}.ls1.gamma',
    'blocks.{i}.norm2.*',
    'blocks.{i}.ls2.gamma',
    'norm.*',
  ].map((name) => rename(name, name)),
];

const isVit = (shapes: Shapes) =>
  ['pos_embed', 'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight', 'blocks.0.mlp.fc1.weight'].every((name) =>
    shapes.has(name),
  );

const isGated = (shapes: Shapes) => shapes.get(ENTRIES.inner)?.[0] === 2 * (shapes.get(ENTRIES.outer)?.[1] ?? 0);

/** The linear layers of an MLP and those of gated layers have the same names in timm, and their own in ours. */
function vitTimmWith(feedForward: 'mlp' | 'swiglu'): Naming {
  const gated = feedForward === 'swiglu';
  const [inner, outer] = gated ? ['w12', 'w3'] : ['fc1', 'fc2'];
  return {
    name: 'timm',
    title: 'timm (huggingface/pytorch-image-models)',
    architecture: 'vit',
    // DeiT III's own files (facebookresearch/deit), which timm renames alike.
    clean: (name) => name.replace(/^(blocks\.\d+)\.gamma_([12])$/, '$1.ls$2.gamma'),
    recognizes: (shapes) => isVit(shapes) && isGated(shapes) === gated,
    describe(shapes, hints) {
      refuseParts(shapes, REFUSED);
      const registers = shapes.get('reg_token')?.[1] ?? (shapes.has('dist_token') ? 1 : 0);
      return {
        ...vitConfig(shapes, ENTRIES, gridOf(shapes, 'pos_embed', [0, 1 + registers]), hints),
        registers,
        interpolation: { offset: 0, antialias: true }, // timm/layers/pos_embed.py, resample_abs_pos_embed
      };
    },
    refuses(config) {
      if (config.architecture !== 'vit') return 'it is no vision transformer';
      if ((config.feedForward === 'swiglu') === gated) return undefined;
      return `its feed-forward layers are ${gated ? 'not ' : ''}gated`;
    },
    configFile: timmConfig,
    heads: ['head.*', 'head_dist.*', 'pre_logits.*'],
    optional: ['mask_token'],
    rules: [
      ...RULES,
      rename('blocks.{i}.mlp.fc1.*', `blocks.{i}.mlp.${inner}.*`),
      rename('blocks.{i}.mlp.fc2.*', `blocks.{i}.mlp.${outer}.*`),
    ],
  };
}

export const vitTimm = vitTimmWith('mlp');
/** ViT-g of DINOv2 (SwiGLUPacked). */
export const vitTimmGated = vitTimmWith('swiglu');
