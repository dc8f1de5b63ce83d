import type { ModelConfig } from '../../config.js';
import { timmConfig } from './config-timm.js';
import { type Hints, type Naming, rename, type Shapes } from './naming.js';
import { XRV_FINDINGS, XRV_INPUT } from './xrv.js';

/** Ours, which are torchvision's after `features.`. */
const NAMES = ['conv0.weight', 'norm0.*', 'denseblock{i}.denselayer{j}.*', 'transition{i}.*', 'norm5.*'];

const has = (shapes: Shapes) =>
  shapes.has('features.conv0.weight') && shapes.has('features.denseblock1.denselayer1.conv1.weight');

/** torchvision's names (torchvision/models/densenet.py), which are timm's too; its oldest files have `norm.1` for `norm1`. */
export const densenetTorchvision: Naming = {
  name: 'torchvision',
  title: 'torchvision and timm (DenseNet)',
  architecture: 'densenet',
  clean: (name) => name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.'),
  recognizes: has,
  describe,
  heads: ['classifier.*'],
  optional: [
    'norm0.num_batches_tracked',
    'denseblock{i}.denselayer{j}.norm{k}.num_batches_tracked',
    'transition{i}.norm.num_batches_tracked',
    'norm5.num_batches_tracked',
  ],
  rules: NAMES.map((name) => rename(`features.${name}`, name)),
};

/** The same under the name that a conversion for timm asks for. */
export const densenetTimm: Naming = {
  ...densenetTorchvision,
  name: 'timm',
  title: 'timm (DenseNet)',
  configFile: timmConfig,
};

/** torchxrayvision's DenseNet-121 (torchxrayvision/models.py, DenseNet): one channel, 18 findings. */
export const densenetXrv: Naming = {
  ...densenetTorchvision,
  name: 'torchxrayvision',
  title: 'torchxrayvision (DenseNet)',
  recognizes: (shapes) =>
    has(shapes) &&
    shapes.get('features.conv0.weight')![1] === 1 &&
    (shapes.has('op_threshs') || shapes.get('classifier.weight')?.[0] === XRV_FINDINGS),
  refuses: (config) =>
    config.architecture === 'densenet' && config.channels === 1
      ? undefined
      : 'the networks of torchxrayvision have one input channel',
  heads: ['classifier.*', 'op_threshs'],
  input: XRV_INPUT,
};

function describe(shapes: Shapes, { config }: Hints): ModelConfig {
  const sizes = (name: string) => shapes.get(`features.${name}`) ?? [];
  const layers = (block: number) =>
    [...shapes.keys()].filter((name) => new RegExp(`^features\\.denseblock${block}\\..*\\.conv1\\.weight$`).test(name))
      .length;
  const blocks: number[] = [];
  for (let block = 1; layers(block) > 0; block++) blocks.push(layers(block));
  const growth = sizes('denseblock1.denselayer1.conv2.weight')[0]!;
  const [stemWidth, channels] = sizes('conv0.weight');
  const published = (config?.pretrained_cfg as Record<string, unknown> | undefined)?.input_size;
  return {
    architecture: 'densenet',
    imageSize: Array.isArray(published) ? Number(published[1]) : 224,
    blocks,
    growth,
    stemWidth: stemWidth!,
    bottleneck: sizes('denseblock1.denselayer1.conv1.weight')[0]! / growth,
    channels: channels!,
  };
}
