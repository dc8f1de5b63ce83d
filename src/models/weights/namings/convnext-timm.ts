import { inputError } from '../../../base/index.js';
import { timmConfig } from './config-timm.js';
import { convNextShape } from './convnext.js';
import { type Naming, rename } from './naming.js';

const OWN = ['stem.0.weight', 'stages.0.blocks.0.conv_dw.weight', 'stages.0.blocks.0.gamma', 'head.norm.weight'];

/** timm's names of ConvNeXt (timm/models/convnext.py): convnext_{tiny,small,base,large,xlarge}, DINOv3's among them. */
export const convNextTimm: Naming = {
  name: 'timm',
  title: 'ConvNeXt in timm (huggingface/pytorch-image-models)',
  architecture: 'convnext',
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)),
  describe(shapes) {
    const gamma = (stage: number) => `stages.${stage}.blocks.{i}.gamma`;
    const config = convNextShape(shapes, 'stem.0.weight', gamma);
    if (config.dims[0] === 384) {
      throw inputError({
        what: 'ConvNeXt',
        found: 'convnext_xxlarge, whose norms have an epsilon of 1e-5',
        expected: 'tiny to xlarge, with 1e-6',
      });
    }
    return config;
  },
  configFile: timmConfig,
  heads: ['head.fc.*', 'head.pre_logits.*'],
  optional: [],
  rules: [
    rename('stem.{j}.*', 'downsample_layers.0.{j}.*'),
    rename('stages.{i}.downsample.{j}.*', 'downsample_layers.{i}.{j}.*'),
    rename('stages.{i}.blocks.{j}.conv_dw.*', 'stages.{i}.{j}.dwconv.*'),
    rename('stages.{i}.blocks.{j}.mlp.fc1.*', 'stages.{i}.{j}.pwconv1.*'),
    rename('stages.{i}.blocks.{j}.mlp.fc2.*', 'stages.{i}.{j}.pwconv2.*'),
    rename('stages.{i}.blocks.{j}.norm.*', 'stages.{i}.{j}.norm.*'),
    rename('stages.{i}.blocks.{j}.gamma', 'stages.{i}.{j}.gamma'),
    rename('head.norm.*', 'norm.*'),
  ],
};
