/**
 * The names of vision transformers in Hugging Face transformers, as in published files: `ViTModel` (models/vit), and
 * `Dinov2Model` and `Dinov2WithRegistersModel` (models/dinov2, models/dinov2_with_registers). transformers 5 calls the
 * parameters otherwise in memory, and still reads and writes these names (conversion_mapping.py).
 */
import { inputError } from '../../../base/index.js';
import type { ModelConfig } from '../../config.js';
import { type VitConfig, vitOptions } from '../../vit/config.js';
import { type Hints, joined, type Naming, type Rule, rename, type Shapes } from './naming.js';
import { gridOf, refuseParts, vitConfig } from './vit-shapes.js';

const COMMON: readonly Rule[] = [
  rename('embeddings.cls_token', 'cls_token'),
  rename('embeddings.position_embeddings', 'pos_embed'),
  rename('embeddings.patch_embeddings.projection.*', 'patch_embed.proj.*'),
  joined(
    ['query', 'key', 'value'].map((part) => `encoder.layer.{i}.attention.attention.${part}.*`),
    'blocks.{i}.attn.qkv.*',
  ),
  rename('encoder.layer.{i}.attention.output.dense.*', 'blocks.{i}.attn.proj.*'),
  rename('layernorm.*', 'norm.*'),
];

const ENTRIES = {
  patches: 'embeddings.patch_embeddings.projection.weight',
  bias: 'encoder.layer.0.attention.attention.query.bias',
  layerScale: 'encoder.layer.0.layer_scale1.lambda1',
};

const HEADS = ['pooler.*', 'classifier.*'];

const hasAll = (shapes: Shapes, names: readonly string[]) => names.every((name) => shapes.has(name));

/** What the config.json beside the file tells. Throws an InputError for an activation that hilum does not have. */
function hinted(hints: Hints, normEpsilon: number): { hints: Hints; normEpsilon: number } {
  const { hidden_act: activation = 'gelu', num_attention_heads: heads, layer_norm_eps: epsilon } = hints.config ?? {};
  if (activation !== 'gelu') {
    throw inputError({
      what: 'config.json: hidden_act',
      found: JSON.stringify(activation),
      expected: '"gelu"',
      fix: 'Take other weights: hilum has no vision transformer with this activation.',
    });
  }
  return {
    hints: { ...(typeof heads === 'number' && { heads }), ...hints },
    normEpsilon: typeof epsilon === 'number' ? epsilon : normEpsilon,
  };
}

/** What both config.json have in common. */
function commonConfig(config: VitConfig) {
  const options = vitOptions(config);
  const fields = {
    hidden_size: options.dim,
    num_hidden_layers: options.depth,
    num_attention_heads: options.heads,
    hidden_act: 'gelu',
    layer_norm_eps: options.normEpsilon,
    qkv_bias: options.qkvBias,
    image_size: options.imageSize,
    patch_size: options.patchSize,
    num_channels: options.channels,
  };
  return { options, fields };
}

function optionsOf(config: ModelConfig): VitConfig {
  if (config.architecture !== 'vit')
    throw new TypeError(`a vision transformer's config, not one of ${config.architecture}`);
  return config;
}

export const vitTransformers: Naming = {
  name: 'transformers',
  title: 'ViTModel (huggingface/transformers)',
  architecture: 'vit',
  recognizes: (shapes) =>
    hasAll(shapes, [ENTRIES.patches, 'embeddings.cls_token', 'encoder.layer.0.layernorm_before.weight']),
  describe(shapes, given) {
    refuseParts(shapes, {
      'embeddings.distillation_token': 'a distillation token',
      'decoder.*': 'the decoder of a masked autoencoder',
      'encoder.layer.{i}.lambda_*': 'another network of similar names (BEiT)',
    });
    const { hints, normEpsilon } = hinted(given, 1e-12);
    const entries = {
      ...ENTRIES,
      block: 'encoder.layer.{i}.layernorm_before.weight',
      inner: 'encoder.layer.0.intermediate.dense.weight',
      outer: 'encoder.layer.0.output.dense.weight',
    };
    return {
      ...vitConfig(shapes, entries, gridOf(shapes, 'embeddings.position_embeddings', [1]), hints),
      normEpsilon,
      interpolation: { offset: 0, antialias: false }, // ViTEmbeddings.interpolate_pos_encoding
    };
  },
  refuses(config) {
    if (config.architecture !== 'vit') return 'it is no vision transformer';
    if ((config.registers ?? 0) > 0) return 'ViTModel has no registers';
    if (config.feedForward === 'swiglu') return 'ViTModel has no gated feed-forward layers';
    if ((config.layerScale ?? null) !== null) return 'ViTModel has no LayerScale';
    return undefined;
  },
  configFile(config) {
    const { options, fields } = commonConfig(optionsOf(config));
    return { architectures: ['ViTModel'], model_type: 'vit', ...fields, intermediate_size: options.hidden };
  },
  heads: HEADS,
  optional: ['mask_token'],
  rules: [
    { theirs: [], ours: ['mask_token'] }, // ViTModel has none but for masked image modelling
    {
      ...rename('embeddings.mask_token', 'mask_token'),
      read: ([token]) => [token!.reshape([1, token!.size(-1)])], // [1, 1, D]
    },
    ...COMMON,
    rename('encoder.layer.{i}.layernorm_before.*', 'blocks.{i}.norm1.*'),
    rename('encoder.layer.{i}.layernorm_after.*', 'blocks.{i}.norm2.*'),
    rename('encoder.layer.{i}.intermediate.dense.*', 'blocks.{i}.mlp.fc1.*'),
    rename('encoder.layer.{i}.output.dense.*', 'blocks.{i}.mlp.fc2.*'),
  ],
};

export const dinov2Transformers: Naming = {
  name: 'transformers',
  title: 'Dinov2Model (huggingface/transformers)',
  architecture: 'vit',
  recognizes: (shapes) => hasAll(shapes, [ENTRIES.patches, ENTRIES.layerScale, 'encoder.layer.0.norm1.weight']),
  describe(shapes, given) {
    const { hints, normEpsilon } = hinted(given, 1e-6);
    const gated = shapes.has('encoder.layer.0.mlp.weights_in.weight');
    const [inner, outer] = gated ? ['weights_in', 'weights_out'] : ['fc1', 'fc2'];
    const entries = {
      ...ENTRIES,
      block: 'encoder.layer.{i}.norm1.weight',
      inner: `encoder.layer.0.mlp.${inner}.weight`,
      outer: `encoder.layer.0.mlp.${outer}.weight`,
    };
    const registers = shapes.get('embeddings.register_tokens')?.[1] ?? 0;
    return {
      ...vitConfig(shapes, entries, gridOf(shapes, 'embeddings.position_embeddings', [1]), hints),
      registers,
      normEpsilon,
      // interpolate_pos_encoding of both; the first releases added DINOv2's offset of 0.1 in Dinov2Model.
      interpolation: { offset: 0, antialias: registers > 0 },
    };
  },
  refuses(config) {
    if (config.architecture !== 'vit') return 'it is no vision transformer';
    if ((config.layerScale ?? null) === null) return 'Dinov2Model has LayerScale in every block';
    const { dim, feedForward, hidden } = vitOptions(config);
    if (feedForward === 'swiglu' && hidden !== vitOptions({ ...config, hidden: undefined }).hidden) {
      return `Dinov2Model's gated layers have another width than ${hidden} beside ${dim}`;
    }
    return undefined;
  },
  configFile(config) {
    const { options, fields } = commonConfig(optionsOf(config));
    const [kind, type] = options.registers > 0 ? ['WithRegisters', '_with_registers'] : ['', ''];
    return {
      architectures: [`Dinov2${kind}Model`],
      model_type: `dinov2${type}`,
      ...fields,
      mlp_ratio: options.feedForward === 'swiglu' ? 4 : options.hidden / options.dim,
      use_swiglu_ffn: options.feedForward === 'swiglu',
      ...(options.registers > 0 && { num_register_tokens: options.registers }),
    };
  },
  heads: HEADS,
  optional: ['mask_token'],
  rules: [
    ...COMMON,
    rename('embeddings.mask_token', 'mask_token'),
    rename('embeddings.register_tokens', 'register_tokens'),
    rename('encoder.layer.{i}.norm1.*', 'blocks.{i}.norm1.*'),
    rename('encoder.layer.{i}.norm2.*', 'blocks.{i}.norm2.*'),
    rename('encoder.layer.{i}.layer_scale1.lambda1', 'blocks.{i}.ls1.gamma'),
    rename('encoder.layer.{i}.layer_scale2.lambda1', 'blocks.{i}.ls2.gamma'),
    rename('encoder.layer.{i}.mlp.weights_in.*', 'blocks.{i}.mlp.w12.*'),
    rename('encoder.layer.{i}.mlp.weights_out.*', 'blocks.{i}.mlp.w3.*'),
    rename('encoder.layer.{i}.mlp.fc1.*', 'blocks.{i}.mlp.fc1.*'),
    rename('encoder.layer.{i}.mlp.fc2.*', 'blocks.{i}.mlp.fc2.*'),
  ],
};
