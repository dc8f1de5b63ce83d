import { filesHash } from '../../base/index.js';
import { type LoadReport, loadWeights, type ModelConfig, openWeights } from '../../models/index.js';
import { scope } from '../../torch/index.js';
import { fineTuned, requireNetwork, weightsInput, weightsPath } from '../config/network.js';
import type { ExperimentConfig, WeightsChoice } from '../config/schema.js';

/** Weights that were made elsewhere, as an experiment starts from them. */
export interface PublishedWeights {
  weights: { path: string; allow: readonly string[] };
  /** The file's own, at the experiment's image size, as it is fine-tuned. */
  network: ModelConfig;
  description: string;
  /** Of the files. */
  key: string;
}

/** Opens weights, and loads them once to see that they fit. Throws an InputError where they do not. */
export async function publishedWeights(
  { dataRoot, config }: { dataRoot: string; config: ExperimentConfig },
  name: string,
  { file, allow, heads, input: chosen }: WeightsChoice,
): Promise<PublishedWeights> {
  const { path, files, network, report } = scope(() => {
    const { path, files, ...own } = openWeights(
      weightsPath(dataRoot, file),
      heads === undefined ? {} : { hints: { heads } },
    );
    const input = weightsInput(name, [chosen, config.model.input], own.input.statistics);
    const network = fineTuned({ ...own.config, imageSize: config.model.imageSize, input }, config);
    requireNetwork(network, config);
    const { backbone, report } = loadWeights(path, { config: network, allow });
    backbone.free();
    return { path, files, network, report };
  });
  return { weights: { path, allow }, network, description: describe(file, report), key: await filesHash(files) };
}

function describe(file: string, { naming, interpolated }: LoadReport): string {
  const positions = interpolated ? `, positions brought from ${interpolated}` : '';
  return `weights of ${file} (${naming}${positions})`;
}
