import { inputError } from '../../../base/index.js';
import type { ModelConfig } from '../../config.js';
import { timmConfig } from './config-timm.js';
import { type Hints, type Naming, rename, type Shapes } from './naming.js';
import { XRV_FINDINGS, XRV_INPUT } from './xrv.js';

/** Names that torchvision and timm share, and ours. */
const SHARED = ['conv1.weight', 'bn1.*', ...[1, 2, 3, 4].map((stage) => `layer${stage}.{i}.*`)];
const DEEP_STEM = 'conv1.{i}.*';

const has = (shapes: Shapes) => shapes.has('bn1.running_mean') && shapes.has('layer4.0.conv2.weight');

/** torchvision's names (torchvision/models/resnet.py): ResNet-18 to 152. */
export const resnetTorchvision: Naming = {
  name: 'torchvision',
  title: 'torchvision (ResNet)',
  architecture: 'resnet',
  recognizes: (shapes) => has(shapes) && shapes.has('conv1.weight') && shapes.has('layer2.0.downsample.0.weight'),
  describe: describeResNet,
  refuses: (config) =>
    config.architecture === 'resnet' && (config.stem === 'deep' || config.averageDown)
      ? 'torchvision has no ResNet with a deep stem or averaged shortcuts; timm has'
      : undefined,
  heads: ['fc.*'],
  optional: counters(),
  rules: SHARED.map((name) => rename(name, name)),
};

/** timm's names (timm/models/resnet.py): torchvision's, and those of the deep stem of ResNet-50-D. */
export const resnetTimm: Naming = {
  ...resnetTorchvision,
  name: 'timm',
  title: 'timm (ResNet)',
  recognizes: (shapes) => has(shapes) && (shapes.has('conv1.weight') || shapes.has('conv1.6.weight')),
  refuses: () => undefined,
  configFile: timmConfig,
  rules: [...SHARED, DEEP_STEM].map((name) => rename(name, name)),
};

/** torchxrayvision's ResNet-50 of 512 x 512 pixels (torchxrayvision/models.py): torchvision's names, one channel. */
export const resnetXrv: Naming = {
  ...resnetTorchvision,
  name: 'torchxrayvision',
  title: 'torchxrayvision (ResNet)',
  recognizes: (shapes) =>
    has(shapes) && shapes.get('conv1.weight')?.[1] === 1 && shapes.get('fc.weight')?.[0] === XRV_FINDINGS,
  describe: (shapes, hints) => ({ ...describeResNet(shapes, hints), imageSize: 512 }),
  refuses: (config) =>
    resnetTorchvision.refuses?.(config) ??
    (config.architecture === 'resnet' && config.channels === 1
      ? undefined
      : 'the networks of torchxrayvision have one input channel'),
  heads: ['fc.*', 'op_threshs'],
  input: XRV_INPUT,
};

/** Counters of batches, which files written before PyTorch 0.4.1 lack. */
function counters(): string[] {
  const norms = ['bn1', 'conv1.{i}'];
  for (const stage of [1, 2, 3, 4]) norms.push(`layer${stage}.{i}.bn{j}`, `layer${stage}.{i}.downsample.{j}`);
  return norms.map((norm) => `${norm}.num_batches_tracked`);
}

/** The network that shapes under our names tell of. Throws an InputError for grouped and wider ones, such as ResNeXt. */
export function describeResNet(shapes: Shapes, { config }: Hints): ModelConfig & { architecture: 'resnet' } {
  const sizes = (name: string) => shapes.get(name) ?? [];
  const block = shapes.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const [width = 0, inner] = sizes('layer1.0.conv2.weight');
  const outChannels = sizes(block === 'basic' ? 'layer1.0.conv2.weight' : 'layer1.0.conv3.weight')[0];
  if (inner !== width || outChannels !== width * (block === 'basic' ? 1 : 4)) {
    throw inputError({
      what: 'layer1.0.conv2.weight',
      found: `[${sizes('layer1.0.conv2.weight')}]`,
      expected: 'a plain ResNet: convolutions without groups, four times as many channels after a bottleneck',
    });
  }
  const blocks = (stage: number) =>
    [...shapes.keys()].filter((name) => name.startsWith(`layer${stage}.`) && name.endsWith('.conv1.weight')).length;
  const published = (config?.pretrained_cfg as Record<string, unknown> | undefined)?.input_size;
  const deep = shapes.has('conv1.0.weight');
  return {
    architecture: 'resnet',
    imageSize: Array.isArray(published) ? Number(published[1]) : 224,
    block,
    stages: [1, 2, 3, 4].map(blocks),
    channels: sizes(deep ? 'conv1.0.weight' : 'conv1.weight')[1]!,
    stem: deep ? 'deep' : 'plain',
    stemWidth: sizes('bn1.weight')[0]!,
    width,
    averageDown: shapes.has('layer2.0.downsample.2.weight'),
  };
}
