/**
 * timm's `config.json` (timm/models/_hub.py, load_model_config_from_path; timm/models/_factory.py, create_model): the
 * registered architecture that is nearest, and the arguments that make it this network.
 */
import type { Architecture, ModelConfig } from '../../config.js';
import { CONVNEXT_SIZES, convNextOptions } from '../../convnext/config.js';
import { DENSENET_SIZES, densenetOptions } from '../../densenet/config.js';
import { DINOV3_VIT_SIZES, dinov3VitOptions } from '../../dinov3-vit/config.js';
import { RESNET_SIZES, resnetOptions } from '../../resnet/config.js';
import { VIT_SIZES, vitOptions } from '../../vit/config.js';

type Config<A extends Architecture> = Extract<ModelConfig, { architecture: A }>;

interface TimmModel {
  architecture: string;
  /** Length of its features. */
  features: number;
  arguments: Record<string, unknown>;
}

/** undefined where timm registers nothing that its arguments make into this network. */
export function timmConfig(config: ModelConfig): Record<string, unknown> | undefined {
  const model = timmModel(config);
  if (!model) return undefined;
  const { channels } = config;
  const inputs = channels === undefined || channels === 3 ? {} : { in_chans: channels };
  return {
    architecture: model.architecture,
    num_classes: 0,
    num_features: model.features,
    model_args: { ...model.arguments, ...inputs },
  };
}

function timmModel(config: ModelConfig): TimmModel | undefined {
  switch (config.architecture) {
    case 'vit':
      return vit(config);
    case 'dinov3-vit':
      return dinov3(config);
    case 'convnext':
      return convNext(config);
    case 'resnet':
      return resnet(config);
    case 'densenet':
      return densenet(config);
  }
}

/** Patch sizes of the vision transformers of 224 pixels (timm/models/vision_transformer.py). */
const PATCH_SIZES: Readonly<Record<string, readonly number[]>> = {
  tiny: [16],
  small: [8, 16, 32],
  base: [8, 16, 32],
  large: [14, 16, 32],
  huge: [14],
};
/** Sizes of DINOv2's with an MLP; 'giant' has gated layers. */
const DINOV2_SIZES = ['small', 'base', 'large'];

/** Every argument is given, so that the nearest architecture only has to have the parts. */
function vit(config: Config<'vit'>): TimmModel {
  const options = vitOptions(config);
  const { dim, depth, heads, patchSize, registers, layerScale, hidden } = options;
  const size = nameOf(VIT_SIZES, { dim, depth, heads }) ?? 'base';
  const gated = options.feedForward === 'swiglu';
  const plain = PATCH_SIZES[size]?.includes(patchSize) ? `vit_${size}_patch${patchSize}_224` : 'vit_base_patch16_224';
  const dinov2 = gated ? 'giant' : DINOV2_SIZES.includes(size) ? size : 'base';
  return {
    architecture:
      registers === 0 && layerScale === null && !gated
        ? plain
        : `vit_${dinov2}_patch14_${registers > 0 ? 'reg4_' : ''}dinov2`,
    features: dim,
    arguments: {
      img_size: options.imageSize,
      patch_size: patchSize,
      embed_dim: dim,
      depth,
      num_heads: heads,
      mlp_ratio: ((gated ? 2 : 1) * hidden) / dim,
      qkv_bias: options.qkvBias,
      init_values: layerScale,
      reg_tokens: registers,
      no_embed_class: registers > 0,
      global_pool: 'token',
    },
  };
}

/** timm/models/eva.py: these alone, since their widths inside are rounded in a way that arguments do not give. */
function dinov3(config: Config<'dinov3-vit'>): TimmModel | undefined {
  const { dim, depth, heads, feedForward, hidden, registers, patchSize, queryBias, imageSize } =
    dinov3VitOptions(config);
  const size = nameOf(DINOV3_VIT_SIZES, { dim, depth, heads, feedForward, hidden });
  if (!size || size === 'large-plus' || (size === '7b' && queryBias)) return undefined;
  return {
    architecture: `vit_${size.replace('-', '_')}_patch16_dinov3${queryBias ? '_qkvb' : ''}`,
    features: dim,
    arguments: { img_size: imageSize, patch_size: patchSize, num_reg_tokens: registers, global_pool: 'token' },
  };
}

function convNext(config: Config<'convnext'>): TimmModel {
  const { depths, dims } = convNextOptions(config);
  const size = nameOf(CONVNEXT_SIZES, { depths, dims });
  return {
    architecture: `convnext_${size ?? 'tiny'}`,
    features: dims.at(-1)!,
    arguments: size ? {} : { depths, dims },
  };
}

function resnet(config: Config<'resnet'>): TimmModel | undefined {
  const { block, stages, stem, averageDown, stemWidth, width } = resnetOptions(config);
  const size = nameOf(RESNET_SIZES, { block, stages, stem, averageDown });
  if (!size || width !== 64) return undefined;
  const wide = stemWidth === 64 ? {} : { stem_width: stem === 'deep' ? stemWidth / 2 : stemWidth };
  return { architecture: size, features: block === 'basic' ? 512 : 2048, arguments: wide };
}

function densenet(config: Config<'densenet'>): TimmModel | undefined {
  const { blocks, growth, stemWidth, bottleneck } = densenetOptions(config);
  const size = nameOf(DENSENET_SIZES, { blocks, growth, stemWidth });
  if (!size || bottleneck !== 4) return undefined;
  let features: number = stemWidth;
  for (const [i, count] of blocks.entries()) {
    features += count * growth;
    if (i < blocks.length - 1) features = Math.floor(features / 2);
  }
  return { architecture: size, features, arguments: {} };
}

/** The size that has these values. */
function nameOf<N extends string>(sizes: Record<N, object>, wanted: Record<string, unknown>): N | undefined {
  const values = ([, size]: [string, object]) =>
    Object.entries(wanted).every(
      ([key, value]) => String((size as Record<string, unknown>)[key] ?? value) === String(value),
    );
  return Object.entries(sizes).find((entry) => values(entry as [string, object]))?.[0] as N | undefined;
}
