import type { ConvNextOptions } from '../../convnext/config.js';
import { INPUT_STATISTICS } from '../../input-statistics.js';
import { fits, type Naming, type Rule, rename, type Shapes } from './naming.js';
import { shapeOf } from './vit-shapes.js';

/**
 * The network of `stem`, the first convolution's weight, and `gamma`, a template of the learned factors `[C]` of a
 * stage's blocks. Throws an InputError where the stem is none.
 */
export function convNextShape(shapes: Shapes, stem: string, gamma: (stage: number) => string) {
  const blocks = [0, 1, 2, 3].map((stage) => [...shapes].filter(([name]) => fits(name, gamma(stage))));
  const size: Pick<ConvNextOptions, 'channels' | 'depths' | 'dims'> = {
    channels: shapeOf(shapes, stem, 4)[1]!,
    depths: blocks.map((each) => each.length),
    dims: blocks.map((each) => each[0]?.[1][0] ?? 0),
  };
  return { architecture: 'convnext' as const, imageSize: 224, ...size };
}

const OWN = ['downsample_layers.0.0.weight', 'stages.0.0.dwconv.weight', 'stages.0.0.gamma', 'norm.weight'];

const describe = (shapes: Shapes) =>
  convNextShape(shapes, 'downsample_layers.0.0.weight', (stage) => `stages.${stage}.{i}.gamma`);

const RULES: Rule[] = ['downsample_layers.{i}.{j}.*', 'stages.{i}.{j}.*'].map((name) => rename(name, name));

/** The names of ConvNeXt's authors (facebookresearch/ConvNeXt, models/convnext.py), which are also ours. */
export const convNext: Naming = {
  name: 'convnext',
  title: 'ConvNeXt (facebookresearch/ConvNeXt)',
  architecture: 'convnext',
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)) && !shapes.has('norms.3.weight'),
  describe,
  heads: ['head.*'],
  optional: [],
  input: INPUT_STATISTICS.imagenet,
  rules: [...RULES, rename('norm.*', 'norm.*')],
};

/** DINOv3's ConvNeXt (facebookresearch/dinov3, dinov3/models/convnext.py): its files have the final norm twice. */
export const convNextDinov3: Naming = {
  ...convNext,
  name: 'dinov3',
  title: "DINOv3's ConvNeXt (facebookresearch/dinov3)",
  recognizes: (shapes) => OWN.every((name) => shapes.has(name)) && shapes.has('norms.3.weight'),
  rules: [
    ...RULES,
    {
      theirs: ['norm.*', 'norms.3.*'],
      ours: ['norm.*'],
      read: ([, norm]) => [norm!], // the later one counts there
      write: ([norm]) => [norm!, norm!],
    },
  ],
};
