import { join } from 'node:path';
import { describeNetwork, type ModelConfig } from '../../models/index.js';
import { fineTuned, ownNetwork, requireNetwork } from '../config/network.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import type { ExperimentContext } from '../parts/context.js';
import { isPretrained } from '../parts/graph.js';
import type { InitializationSummary, Pretraining } from '../result/index.js';
import { openSelfSupervised, openSupervised } from './pretrain.js';
import { publishedWeights } from './published-weights.js';

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

/** A start as it is fine-tuned in a setting. Throws an InputError where network and setting do not fit. */
export function startIn(config: ExperimentConfig, start: StartWeights): StartWeights {
  const { imageSize } = config.model;
  const network = fineTuned({ ...start.network, imageSize }, config);
  requireNetwork(network, config);
  return { ...start, network };
}

/** Opens what an initialization needs: its weights, or the images that it is pretrained on. */
export async function openStart(context: ExperimentContext, start: Initialization): Promise<OpenStart> {
  const { name } = start;
  const own = fineTuned(ownNetwork(context.config), context.config);
  if (!isPretrained(start)) {
    const weights: StartWeights =
      start.from === 'weights'
        ? { name, kind: start.from, ...(await publishedWeights(context, name, start)) }
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
