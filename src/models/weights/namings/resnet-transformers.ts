import { inputError } from '../../../base/index.js';
import { resnetTransformersConfig } from './config-transformers.js';
import { type Naming, type Rule, rename } from './naming.js';
import { describeResNet, resnetTorchvision } from './resnet.js';

/** transformers' names (transformers/models/resnet/modeling_resnet.py), such as microsoft/resnet-50's. */
export const resnetTransformers: Naming = {
  name: 'transformers',
  title: 'transformers (ResNetModel)',
  architecture: 'resnet',
  recognizes: (shapes) =>
    shapes.has('embedder.embedder.convolution.weight') &&
    shapes.has('encoder.stages.0.layers.0.layer.1.convolution.weight'),
  describe(shapes, hints) {
    const { hidden_act: activation = 'relu', ...config } = hints.config ?? {};
    const strides = ['downsample_in_first_stage', 'downsample_in_bottleneck'].filter((name) => config[name] === true);
    if (activation !== 'relu' || strides.length > 0) {
      throw inputError({
        what: 'config.json',
        found: [activation !== 'relu' && `hidden_act ${activation}`, ...strides].filter(Boolean).join(', '),
        expected: 'ReLU, and the stride in the 3 x 3 convolutions of the second to fourth stage',
      });
    }
    return describeResNet(new Map([...shapes].map(([name, shape]) => [ours(name), shape])), hints);
  },
  refuses: (config) =>
    resnetTorchvision.refuses?.(config) && 'transformers has no ResNet with a deep stem or averaged shortcuts',
  configFile: resnetTransformersConfig,
  heads: ['classifier.*'],
  optional: resnetTorchvision.optional,
  rules: [
    rename('embedder.embedder.convolution.weight', 'conv1.weight'),
    rename('embedder.embedder.normalization.*', 'bn1.*'),
    ...[0, 1, 2, 3].flatMap(stageRules),
  ],
};

function stageRules(stage: number): Rule[] {
  const [theirs, own] = [`encoder.stages.${stage}.layers.{i}`, `layer${stage + 1}.{i}`];
  return [
    ...[0, 1, 2].flatMap((layer) => [
      rename(`${theirs}.layer.${layer}.convolution.weight`, `${own}.conv${layer + 1}.weight`),
      rename(`${theirs}.layer.${layer}.normalization.*`, `${own}.bn${layer + 1}.*`),
    ]),
    rename(`${theirs}.shortcut.convolution.weight`, `${own}.downsample.0.weight`),
    rename(`${theirs}.shortcut.normalization.*`, `${own}.downsample.1.*`),
  ];
}

/** The names that tell of the network, as `describeResNet` knows them. */
const ours = (name: string): string =>
  name
    .replace('embedder.embedder.convolution', 'conv1')
    .replace('embedder.embedder.normalization', 'bn1')
    .replace(
      /^encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.convolution/,
      (_, stage: string, block: string, layer: string) => `layer${Number(stage) + 1}.${block}.conv${Number(layer) + 1}`,
    );
