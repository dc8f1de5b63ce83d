/** `config.json` as transformers reads it (models/NAME/configuration_NAME.py): every value that makes the network. */
import type { ModelConfig } from '../../config.js';
import { type ConvNextOptions, convNextOptions } from '../../convnext/config.js';
import { dinov3VitOptions } from '../../dinov3-vit/config.js';
import { resnetOptions } from '../../resnet/config.js';

/** A naming's own architecture. */
function only<A extends ModelConfig['architecture']>(architecture: A, config: ModelConfig) {
  if (config.architecture !== architecture)
    throw new TypeError(`a ${config.architecture}, where a ${architecture} goes`);
  return config as Extract<ModelConfig, { architecture: A }>;
}

export function convNextTransformersConfig(config: ModelConfig): Record<string, unknown> {
  const { finalNormEpsilon, ...rest } = convNextOptions(only('convnext', config));
  return {
    architectures: ['ConvNextModel'],
    model_type: 'convnext',
    ...convNextFields(rest),
    num_stages: rest.depths.length,
    patch_size: 4,
    layer_norm_eps: finalNormEpsilon,
  };
}

export function convNextDinov3TransformersConfig(config: ModelConfig): Record<string, unknown> {
  return {
    architectures: ['DINOv3ConvNextModel'],
    model_type: 'dinov3_convnext',
    ...convNextFields(convNextOptions(only('convnext', config))),
    layer_norm_eps: 1e-6,
  };
}

const convNextFields = ({
  channels,
  dims,
  depths,
  layerScale,
  imageSize,
}: Omit<ConvNextOptions, 'finalNormEpsilon'>) => ({
  num_channels: channels,
  hidden_sizes: dims,
  depths,
  hidden_act: 'gelu',
  layer_scale_init_value: layerScale,
  image_size: imageSize,
});

export function resnetTransformersConfig(config: ModelConfig): Record<string, unknown> {
  const { channels, stemWidth, width, stages, block } = resnetOptions(only('resnet', config));
  const widening = block === 'basic' ? 1 : 4;
  return {
    architectures: ['ResNetModel'],
    model_type: 'resnet',
    num_channels: channels,
    embedding_size: stemWidth,
    hidden_sizes: stages.map((_, stage) => width * 2 ** stage * widening),
    depths: stages,
    layer_type: block,
    hidden_act: 'relu',
    downsample_in_first_stage: false,
    downsample_in_bottleneck: false,
  };
}

export function dinov3VitTransformersConfig(config: ModelConfig): Record<string, unknown> {
  const options = dinov3VitOptions(only('dinov3-vit', config));
  return {
    architectures: ['DINOv3ViTModel'],
    model_type: 'dinov3_vit',
    patch_size: options.patchSize,
    hidden_size: options.dim,
    intermediate_size: options.hidden,
    num_hidden_layers: options.depth,
    num_attention_heads: options.heads,
    hidden_act: options.feedForward === 'swiglu' ? 'silu' : 'gelu',
    layer_norm_eps: 1e-5,
    rope_theta: 100,
    image_size: options.imageSize,
    num_channels: options.channels,
    query_bias: options.queryBias,
    key_bias: false,
    value_bias: options.queryBias,
    proj_bias: true,
    mlp_bias: true,
    layerscale_value: options.layerScale,
    use_gated_mlp: options.feedForward === 'swiglu',
    num_register_tokens: options.registers,
    pos_embed_rescale: 2,
  };
}
