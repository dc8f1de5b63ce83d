import { join } from 'node:path';
import { filesHash } from '../base/index.js';
import { describeNetwork, type LoadReport, loadWeights, type ModelConfig, openWeights } from '../models/index.js';
import { scope } from '../torch/index.js';
import type { ExperimentContext } from './context.js';
import { isPretrained } from './graph.js';
import { fineTuned, ownNetwork, requireNetwork, weightsInput, weightsPath } from './network.js';
import { openSelfSupervised, openSupervised } from './pretrain.js';
import type { InitializationSummary, Pretraining } from './result.js';
import type { Initialization, WeightsInitialization } from './schema.js';

/** The weights that a model starts from: published ones, random ones, or those of one pretraining. */
export interface StartWeights {
  /** Of the initialization. */
  name: string;
  kind: InitializationSummary['kind'];
  description: string;
  /** As it is fine-tuned. */
  network: ModelConfig;
  /** Null for random weights. */
  weights: { path: string; allow: readonly string[] } | null;
  /** What the weights depend on, for the keys of the parts that use them. */
  key: string;
  /** Undefined where the start was not pretrained here. */
  pretrainingSeed?: number;
  pretraining?: Omit<Pretraining, 'seed'>;
}

/** Makes the weights of an initialization, or finds them: of a pretraining seed, where it is pretrained here. */
export type OpenStart = (pretrainingSeed?: number) => Promise<StartWeights>;

/** Where a model starts, with all its pretraining seeds. */
export interface Start {
  variants: readonly StartWeights[];
  summary: InitializationSummary;
}

/** Opens what an initialization needs: its weights, or the images that it is pretrained on. */
export async function openStart(context: ExperimentContext, start: Initialization): Promise<OpenStart> {
  const { name } = start;
  const own = fineTuned(ownNetwork(context.config), context.config);
  if (!isPretrained(start)) {
    const weights =
      start.from === 'weights'
        ? await publishedWeights(context, start)
        : { name, kind: start.from, description: 'random weights', network: own, weights: null, key: start.from };
    return async () => weights;
  }
  const pretrain =
    start.from === 'ssl' ? await openSelfSupervised(context, start) : await openSupervised(context, start);
  return async (pretrainingSeed = context.config.seed) => {
    const { part, description, network = own, pretraining } = await pretrain(pretrainingSeed);
    const weights = { path: join(part.folder, 'backbone.safetensors'), allow: [] };
    const made = { weights, key: part.key, pretrainingSeed, pretraining };
    return { name, kind: start.from, description, network, ...made };
  };
}

/** A start of all weights that were made of it; at least one. */
export function startOf(variants: readonly StartWeights[]): Start {
  const { name, kind, description, network } = variants[0]!;
  const pretrainings = variants.flatMap(({ pretraining, pretrainingSeed }) =>
    pretraining && pretrainingSeed !== undefined ? [{ ...pretraining, seed: pretrainingSeed }] : [],
  );
  const known = { name, kind, description, ...(pretrainings.length > 0 && { pretrainings }) };
  return { variants, summary: summaryOf(known, network) };
}

/** The network is the file's own, at the experiment's image size. */
async function publishedWeights(
  { dataRoot, config }: ExperimentContext,
  start: WeightsInitialization,
): Promise<StartWeights> {
  const { name, file, allow, heads } = start;
  const { path, files, network, report } = scope(() => {
    const weights = openWeights(weightsPath(dataRoot, file), heads === undefined ? {} : { hints: { heads } });
    const input = weightsInput(name, [start.input, config.model.input], weights.input.statistics);
    const network = fineTuned({ ...weights.config, imageSize: config.model.imageSize, input }, config);
    requireNetwork(network, config);
    const { backbone, report } = loadWeights(weights.path, { config: network, allow });
    backbone.free();
    return { path: weights.path, files: weights.files, network, report };
  });
  const description = describe(file, report);
  return { name, kind: 'weights', description, network, weights: { path, allow }, key: await filesHash(files) };
}

const summaryOf = (start: Omit<InitializationSummary, 'network'>, network: ModelConfig): InitializationSummary => ({
  ...start,
  network: `${describeNetwork(network)}; input ${inputText(network)}`,
});

function inputText({ imageSize, input }: ModelConfig): string {
  const statistics = input
    ? `mean ${input.mean.join(', ')}, standard deviation ${input.std.join(', ')}`
    : 'values 0 to 1';
  return `${imageSize} x ${imageSize} px, ${statistics}`;
}

function describe(file: string, { naming, interpolated }: LoadReport): string {
  const positions = interpolated ? `, positions brought from ${interpolated}` : '';
  return `weights of ${file} (${naming}${positions})`;
}
