/** Small random weights under the names of published ones, where those lie once they were fetched. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Source } from '../../src/hub/index.js';
import {
  convertWeights,
  createBackbone,
  findPublished,
  type ModelConfig,
  saveBackbone,
} from '../../src/models/index.js';
import { manualSeed } from '../../src/torch/index.js';

const SMALL = { dim: 64, depth: 2, heads: 1 };
const SMALL_CONVNEXT: ModelConfig = {
  architecture: 'convnext',
  imageSize: 224,
  depths: [1, 1, 1, 1],
  dims: [8, 16, 32, 64],
  layerScale: 1,
};

/** As the published networks, at their image sizes, but for width, depth and branches that count from the start. */
const NETWORKS: Record<string, ModelConfig> = {
  dinov2_vitb14: { architecture: 'vit', imageSize: 518, patchSize: 14, layerScale: 1, ...SMALL },
  'vit_base_patch16_224.augreg_in21k': { architecture: 'vit', imageSize: 224, patchSize: 16, ...SMALL },
  'dinov3-vitb16': { architecture: 'dinov3-vit', imageSize: 224, layerScale: 1, ...SMALL },
  'dinov3-convnext-base': SMALL_CONVNEXT,
  'convnext_base.fb_in22k': SMALL_CONVNEXT,
};

/** What `hilum weights fetch` takes for all starts of both study files. */
export const STUDY_WEIGHTS: readonly string[] = Object.keys(NETWORKS);

/** Writes them below `folder`, and returns the environment in which hilum, and Python, find them there. */
export function writeStudyWeights(folder: string): Record<string, string> {
  const environment = { HF_HUB_CACHE: join(folder, 'huggingface'), TORCH_HOME: join(folder, 'torch') };
  const own = join(folder, 'own.safetensors');
  for (const [name, config] of Object.entries(NETWORKS)) {
    manualSeed(name.length);
    const { sources, naming } = findPublished(name)!;
    const backbone = createBackbone(config);
    mkdirSync(folder, { recursive: true });
    saveBackbone(backbone, own);
    backbone.free();
    const [weights, ...beside] = sources.map((source) => pathOf(source, environment));
    convertWeights(own, weights!, { to: naming, input: null, force: true });
    for (const path of beside) writeFileSync(path, JSON.stringify(describing(path, config)));
  }
  return environment;
}

const MAIN = '0123456789abcdef0123456789abcdef01234567';

function pathOf(source: Source, { HF_HUB_CACHE, TORCH_HOME }: { HF_HUB_CACHE: string; TORCH_HOME: string }): string {
  let path = '';
  if ('url' in source) path = join(TORCH_HOME, 'hub', 'checkpoints', basename(source.url));
  else {
    const repository = join(HF_HUB_CACHE, `models--${source.repo.replaceAll('/', '--')}`);
    path = join(repository, 'snapshots', source.revision ?? MAIN, source.file);
    if (!source.revision) {
      mkdirSync(join(repository, 'refs'), { recursive: true });
      writeFileSync(join(repository, 'refs', 'main'), MAIN);
    }
  }
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

/** As far as it is read: of a network that has a width of its own, nothing. */
function describing(path: string, { architecture, imageSize }: ModelConfig): object {
  if (basename(path) === 'preprocessor_config.json')
    return { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
  if (architecture === 'dinov3-vit') return { model_type: 'dinov3_vit', image_size: imageSize, num_attention_heads: 1 };
  return {};
}
