import type { ModelConfig } from './config.js';
import { convNextOptions } from './convnext/config.js';
import { densenetOptions } from './densenet/config.js';
import { dinov3VitOptions } from './dinov3-vit/config.js';
import { resnetOptions } from './resnet/config.js';
import { vitOptions } from './vit/config.js';

/** A network in a few words, for reports: 'vision transformer, 12 blocks of width 768, patches of 14 px'. */
export function describeNetwork(config: ModelConfig): string {
  switch (config.architecture) {
    case 'vit':
      return `vision transformer, ${transformer(vitOptions(config))}`;
    case 'dinov3-vit':
      return `vision transformer with rotary positions, ${transformer(dinov3VitOptions(config))}`;
    case 'convnext': {
      const { depths, dims } = convNextOptions(config);
      return `ConvNeXt, ${depths.join(' + ')} blocks of ${dims.join(', ')} channels`;
    }
    case 'resnet': {
      const { block, stages, stem } = resnetOptions(config);
      return `ResNet${stem === 'deep' ? '-D' : ''}, ${stages.join(' + ')} ${block} blocks`;
    }
    case 'densenet': {
      const { blocks, growth } = densenetOptions(config);
      return `DenseNet, ${blocks.join(' + ')} layers, growth ${growth}`;
    }
  }
}

function transformer(options: { depth: number; dim: number; patchSize: number; registers: number }): string {
  const { depth, dim, patchSize, registers } = options;
  const tokens = registers > 0 ? `, ${registers} registers` : '';
  return `${depth} blocks of width ${dim}, patches of ${patchSize} px${tokens}`;
}
