/** The JSON files that lie beside weights and tell another code base of the network and its input. */
import type { WriteOptions } from '../../torch/index.js';
import type { ModelConfig } from '../config.js';
import type { PublishedInput } from '../input-statistics.js';
import type { Naming } from './namings/naming.js';

export interface Companions {
  /** What the naming says of the network, with what a head adds. */
  config: Readonly<Record<string, unknown>>;
  network: ModelConfig;
  input: Pick<PublishedInput, 'statistics'> & Partial<PublishedInput>;
  dtype: NonNullable<WriteOptions['dtype']>;
}

/** File names and contents. */
export function companionFiles({ name }: Naming, companions: Companions): Record<string, unknown> {
  return name.startsWith('transformers') ? forTransformers(companions) : { 'config.json': timmConfig(companions) };
}

function forTransformers({ config, network, input, dtype }: Companions): Record<string, unknown> {
  return {
    'config.json': { ...config, torch_dtype: dtype },
    'preprocessor_config.json': preprocessorConfig(network, input),
  };
}

/** Pillow's numbers of filters (PIL.Image.Resampling). */
const RESAMPLING = { lanczos: 1, bilinear: 2, bicubic: 3 };

/** The whole image at the network's size, or its centre (image_processing_vit.py, image_processing_bit.py). */
function preprocessorConfig(
  { imageSize }: ModelConfig,
  { statistics, interpolation, fit, crop = 1 }: Companions['input'],
) {
  const whole = fit === 'stretch' || (fit === undefined && crop === 1);
  return {
    image_processor_type: whole ? 'ViTImageProcessor' : 'BitImageProcessor',
    do_resize: true,
    size: whole ? { height: imageSize, width: imageSize } : { shortest_edge: Math.round(imageSize / crop) },
    ...(!whole && { do_center_crop: true, crop_size: { height: imageSize, width: imageSize } }),
    resample: RESAMPLING[interpolation ?? 'bicubic'],
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: statistics !== null,
    ...(statistics && { image_mean: statistics.mean, image_std: statistics.std }),
  };
}

/** The layers of timm's models that take the image and give the logits. */
const TIMM_LAYERS: Record<ModelConfig['architecture'], { first: string; classifier: string }> = {
  vit: { first: 'patch_embed.proj', classifier: 'head' },
  'dinov3-vit': { first: 'patch_embed.proj', classifier: 'head' },
  convnext: { first: 'stem.0', classifier: 'head.fc' },
  resnet: { first: 'conv1', classifier: 'fc' },
  densenet: { first: 'features.conv0', classifier: 'classifier' },
};

function timmConfig({ config, network, input }: Companions): Record<string, unknown> {
  const { architecture, imageSize, channels = 3 } = network;
  const { statistics, interpolation = 'bicubic', fit = 'stretch', crop = 1 } = input;
  const deep = architecture === 'resnet' && network.stem === 'deep';
  const { first, classifier } = TIMM_LAYERS[architecture];
  return {
    ...config,
    pretrained_cfg: {
      input_size: [channels, imageSize, imageSize],
      fixed_input_size: architecture === 'vit',
      interpolation,
      crop_pct: crop,
      crop_mode: fit === 'stretch' ? 'squash' : 'center',
      mean: statistics?.mean ?? Array(channels).fill(0),
      std: statistics?.std ?? Array(channels).fill(1),
      num_classes: config.num_classes,
      first_conv: deep ? `${first}.0` : first,
      classifier,
    },
  };
}
