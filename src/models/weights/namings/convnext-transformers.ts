import { NORM_EPSILON } from '../../convnext/block.js';
import { INPUT_STATISTICS } from '../../input-statistics.js';
import { convNextDinov3TransformersConfig, convNextTransformersConfig } from './config-transformers.js';
import { convNextShape } from './convnext.js';
import { type Naming, type Rule, rename } from './naming.js';

const OWN = ['embeddings.patch_embeddings.weight', 'encoder.stages.0.layers.0.dwconv.weight', 'layernorm.weight'];
const SCALE = 'layer_scale_parameter';

/** What transformers' ConvNextConfig gives the final norm alone, where a config.json says nothing else. */
const FINAL_NORM_EPSILON = 1e-12;

/** transformers' names of ConvNeXt (models/convnext/modeling_convnext.py, ConvNextModel). */
export const convNextTransformers: Naming = {
  name: 'transformers',
  title: 'ConvNextModel (huggingface/transformers)',
  architecture: 'convnext',
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)) && shapes.has(`encoder.stages.0.layers.0.${SCALE}`),
  describe(shapes, { config }) {
    const gamma = (stage: number) => `encoder.stages.${stage}.layers.{i}.${SCALE}`;
    const told = config?.layer_norm_eps;
    return {
      ...convNextShape(shapes, 'embeddings.patch_embeddings.weight', gamma),
      finalNormEpsilon: typeof told === 'number' ? told : FINAL_NORM_EPSILON,
    };
  },
  configFile: convNextTransformersConfig,
  heads: ['classifier.*'],
  optional: [],
  input: INPUT_STATISTICS.imagenet,
  rules: [
    rename('embeddings.patch_embeddings.*', 'downsample_layers.0.0.*'),
    rename('embeddings.layernorm.*', 'downsample_layers.0.1.*'),
    rename('encoder.stages.{i}.downsampling_layer.{j}.*', 'downsample_layers.{i}.{j}.*'),
    ...blocks('encoder.stages.{i}.layers.{j}', { norm: 'layernorm', dwconv: 'dwconv', pwconv: 'pwconv', gamma: SCALE }),
    rename('layernorm.*', 'norm.*'),
  ],
};

const DINOV3 = ['stages.0.downsample_layers.0.weight', 'stages.0.layers.0.depthwise_conv.weight', 'layer_norm.weight'];

/** transformers' names of DINOv3's ConvNeXt (models/dinov3_convnext/modeling_dinov3_convnext.py, DINOv3ConvNextModel). */
export const convNextDinov3Transformers: Naming = {
  name: 'transformers-dinov3',
  title: 'DINOv3ConvNextModel (huggingface/transformers)',
  architecture: 'convnext',
  /** transformers 5 puts the stages into a part of their own; in files it keeps the names of 4. */
  clean: (name) => name.replace(/^model\.stages\./, 'stages.'),
  recognizes: (shapes) => DINOV3.every((name) => shapes.has(name)),
  describe: (shapes) =>
    convNextShape(shapes, 'stages.0.downsample_layers.0.weight', (stage) => `stages.${stage}.layers.{i}.gamma`),
  refuses: (config) =>
    config.architecture === 'convnext' && (config.finalNormEpsilon ?? NORM_EPSILON) !== NORM_EPSILON
      ? 'DINOv3ConvNextModel has one epsilon for all norms'
      : undefined,
  configFile: convNextDinov3TransformersConfig,
  heads: ['classifier.*'],
  optional: [],
  input: INPUT_STATISTICS.imagenet,
  rules: [
    rename('stages.{i}.downsample_layers.{j}.*', 'downsample_layers.{i}.{j}.*'),
    ...blocks('stages.{i}.layers.{j}', {
      norm: 'layer_norm',
      dwconv: 'depthwise_conv',
      pwconv: 'pointwise_conv',
      gamma: 'gamma',
    }),
    rename('layer_norm.*', 'norm.*'),
  ],
};

interface BlockNames {
  norm: string;
  dwconv: string;
  pwconv: string;
  gamma: string;
}

function blocks(prefix: string, { norm, dwconv, pwconv, gamma }: BlockNames): Rule[] {
  const ours = 'stages.{i}.{j}';
  return [
    rename(`${prefix}.${dwconv}.*`, `${ours}.dwconv.*`),
    rename(`${prefix}.${norm}.*`, `${ours}.norm.*`),
    rename(`${prefix}.${pwconv}1.*`, `${ours}.pwconv1.*`),
    rename(`${prefix}.${pwconv}2.*`, `${ours}.pwconv2.*`),
    rename(`${prefix}.${gamma}`, `${ours}.gamma`),
  ];
}
