import { timmConfig } from './config-timm.js';
import { dinov3VitShape, publishedHeads } from './dinov3-vit.js';
import { queryValueBias, refusesDinov3Vit, WITHOUT_COUNTERPART } from './dinov3-vit-separate.js';
import { type Naming, rename } from './naming.js';

const OWN = ['cls_token', 'reg_token', 'patch_embed.proj.weight', 'blocks.0.gamma_1', 'norm.weight'];

/**
 * timm's names of DINOv3's vision transformer (timm/models/eva.py): vit_*_patch16_dinov3, which leaves out biases of
 * queries and values since the published ones are zero, and vit_*_patch16_dinov3_qkvb, which has them.
 */
export const dinov3VitTimm: Naming = {
  name: 'timm',
  title: 'DINOv3 in timm (huggingface/pytorch-image-models)',
  architecture: 'dinov3-vit',
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)) && !shapes.has('pos_embed'),
  describe(shapes, { heads }) {
    const shape = dinov3VitShape(shapes, {
      patches: 'patch_embed.proj.weight',
      registers: 'reg_token',
      mlp: 'blocks.0.mlp.fc1.weight',
      swiglu: 'blocks.0.mlp.fc1_g.weight',
      block: 'blocks.{i}.gamma_1',
    });
    const found = heads ?? publishedHeads(shape.dim);
    return { ...shape, ...(found && { heads: found }), queryBias: shapes.has('blocks.0.attn.q_bias') };
  },
  refuses: refusesDinov3Vit,
  configFile: timmConfig,
  heads: ['head.*', 'fc_norm.*'],
  optional: ['mask_token', ...WITHOUT_COUNTERPART],
  rules: [
    rename('cls_token', 'cls_token'),
    rename('reg_token', 'storage_tokens'),
    rename('patch_embed.proj.*', 'patch_embed.proj.*'),
    rename('blocks.{i}.norm1.*', 'blocks.{i}.norm1.*'),
    queryValueBias('blocks.{i}.attn.q_bias', 'blocks.{i}.attn.v_bias'),
    rename('blocks.{i}.attn.qkv.weight', 'blocks.{i}.attn.qkv.weight'),
    rename('blocks.{i}.attn.proj.*', 'blocks.{i}.attn.proj.*'),
    rename('blocks.{i}.gamma_1', 'blocks.{i}.ls1.gamma'),
    rename('blocks.{i}.norm2.*', 'blocks.{i}.norm2.*'),
    ...['weight', 'bias'].map((kind) => ({
      theirs: ['fc1_g', 'fc1_x', 'fc2'].map((layer) => `blocks.{i}.mlp.${layer}.${kind}`),
      ours: ['w1', 'w2', 'w3'].map((layer) => `blocks.{i}.mlp.${layer}.${kind}`),
    })),
    rename('blocks.{i}.mlp.fc1.*', 'blocks.{i}.mlp.fc1.*'),
    rename('blocks.{i}.mlp.fc2.*', 'blocks.{i}.mlp.fc2.*'),
    rename('blocks.{i}.gamma_2', 'blocks.{i}.ls2.gamma'),
    rename('norm.*', 'norm.*'),
    { theirs: [], ours: ['mask_token'] },
    ...WITHOUT_COUNTERPART.map((name) => ({ theirs: [], ours: [name] })),
  ],
};
