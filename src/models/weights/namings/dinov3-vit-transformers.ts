import { inputError } from '../../../base/index.js';
import { NORM_EPSILON } from '../../dinov3-vit/block.js';
import { ROTARY_BASE } from '../../dinov3-vit/rotary-position-embedding.js';
import { dinov3VitTransformersConfig } from './config-transformers.js';
import { dinov3VitShape, publishedHeads } from './dinov3-vit.js';
import { queryValueBias, refusesDinov3Vit, WITHOUT_COUNTERPART } from './dinov3-vit-separate.js';
import { joined, type Naming, rename } from './naming.js';

const OWN = ['embeddings.cls_token', 'layer.0.attention.k_proj.weight', 'layer.0.layer_scale1.lambda1', 'norm.weight'];

const ACTIVATIONS = { mlp: 'gelu', swiglu: 'silu' };

/** Throws an InputError where config.json tells of a network that computes otherwise than every published one. */
function requireUsual(config: Readonly<Record<string, unknown>>, feedForward: 'mlp' | 'swiglu'): void {
  const usual = { hidden_act: ACTIVATIONS[feedForward], layer_norm_eps: NORM_EPSILON, rope_theta: ROTARY_BASE };
  for (const [field, value] of Object.entries(usual)) {
    if (config[field] === undefined || config[field] === value) continue;
    throw inputError({
      what: `config.json: ${field}`,
      found: JSON.stringify(config[field]),
      expected: JSON.stringify(value),
      fix: 'Take other weights: hilum has no such network.',
    });
  }
}

/** transformers' names of DINOv3's vision transformer (models/dinov3_vit/modeling_dinov3_vit.py, DINOv3ViTModel). */
export const dinov3VitTransformers: Naming = {
  name: 'transformers',
  title: 'DINOv3ViTModel (huggingface/transformers)',
  architecture: 'dinov3-vit',
  /** transformers 5 puts the layers into a part of their own; in files it keeps the names of 4. */
  clean: (name) => name.replace(/^model\.layer\./, 'layer.'),
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)),
  describe(shapes, { config, heads }) {
    const shape = dinov3VitShape(shapes, {
      patches: 'embeddings.patch_embeddings.weight',
      registers: 'embeddings.register_tokens',
      mlp: 'layer.0.mlp.up_proj.weight',
      swiglu: 'layer.0.mlp.gate_proj.weight',
      block: 'layer.{i}.norm1.weight',
    });
    requireUsual(config ?? {}, shape.feedForward);
    const { num_attention_heads: told, image_size: side } = config ?? {};
    const found = heads ?? (typeof told === 'number' ? told : publishedHeads(shape.dim));
    return {
      ...shape,
      ...(typeof side === 'number' && { imageSize: side }),
      ...(found && { heads: found }),
      queryBias: shapes.has('layer.0.attention.q_proj.bias'),
    };
  },
  refuses: refusesDinov3Vit,
  configFile: dinov3VitTransformersConfig,
  heads: ['classifier.*'],
  optional: ['mask_token', ...WITHOUT_COUNTERPART],
  rules: [
    rename('embeddings.cls_token', 'cls_token'),
    rename('embeddings.register_tokens', 'storage_tokens'),
    {
      theirs: ['embeddings.mask_token'], // [1, 1, D]
      ours: ['mask_token'], // [1, D]
      read: ([token]) => [token!.flatten(0, 1)],
      write: ([token]) => [token!.unsqueeze(0)],
    },
    rename('embeddings.patch_embeddings.*', 'patch_embed.proj.*'),
    rename('layer.{i}.norm1.*', 'blocks.{i}.norm1.*'),
    joined(
      ['q', 'k', 'v'].map((part) => `layer.{i}.attention.${part}_proj.weight`),
      'blocks.{i}.attn.qkv.weight',
    ),
    queryValueBias('layer.{i}.attention.q_proj.bias', 'layer.{i}.attention.v_proj.bias'),
    rename('layer.{i}.attention.o_proj.*', 'blocks.{i}.attn.proj.*'),
    rename('layer.{i}.layer_scale1.lambda1', 'blocks.{i}.ls1.gamma'),
    rename('layer.{i}.norm2.*', 'blocks.{i}.norm2.*'),
    ...['weight', 'bias'].flatMap((kind) => [
      {
        theirs: ['gate_proj', 'up_proj', 'down_proj'].map((layer) => `layer.{i}.mlp.${layer}.${kind}`),
        ours: ['w1', 'w2', 'w3'].map((layer) => `blocks.{i}.mlp.${layer}.${kind}`),
      },
      {
        theirs: ['up_proj', 'down_proj'].map((layer) => `layer.{i}.mlp.${layer}.${kind}`),
        ours: ['fc1', 'fc2'].map((layer) => `blocks.{i}.mlp.${layer}.${kind}`),
      },
    ]),
    rename('layer.{i}.layer_scale2.lambda1', 'blocks.{i}.ls2.gamma'),
    rename('norm.*', 'norm.*'),
    ...WITHOUT_COUNTERPART.map((name) => ({ theirs: [], ours: [name] })),
  ],
};
