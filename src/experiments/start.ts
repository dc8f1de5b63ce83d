import { join } from 'node:path';
import { filesHash } from '../base/index.js';
import { describeNetwork, type LoadReport, loadWeights, type ModelConfig, openWeights } from '../models/index.js';
import { scope } from '../torch/index.js';
import type { ExperimentContext } from './context.js';
import { fineTuned, ownNetwork, requireNetwork, weightsInput, weightsPath } from './network.js';
import { openSelfSupervised, openSupervised } from './pretrain.js';
import type { InitializationSummary } from './result.js';
import type { Initialization, WeightsInitialization } from './schema.js';

/** Where a model starts: its network, and the backbone's weights, of each pretraining seed where it was pretrained here. */
export interface Start {
  /** As it is fine-tuned. */
  network: ModelConfig;
  /** At least one. */
  variants: readonly StartVariant[];
  summary: InitializationSummary;
}

export interface StartVariant {
  /** Null for random weights. */
  weights: { path: string; allow: readonly string[] } | null;
  /** What the weights depend on, for the keys of the parts that use them. */
  key: string;
  /** Undefined where the start was not pretrained here. */
  pretrainingSeed?: number;
}

/** Makes the weights of an initialization, or finds them. */
export async function makeStart(context: ExperimentContext, start: Initialization): Promise<Start> {
  const { name } = start;
  const own = fineTuned(ownNetwork(context.config), context.config);
  if (start.from === 'random') {
    const summary = summaryOf({ name, kind: 'random', description: 'random weights' }, own);
    return { network: own, variants: [{ weights: null, key: 'random' }], summary };
  }
  if (start.from === 'weights') return startFromWeights(context, start);
  const { seeds = [context.config.seed] } = start;
  const pretrain =
    start.from === 'ssl' ? await openSelfSupervised(context, start) : await openSupervised(context, start);
  const pretrained = await context.all(seeds.map(pretrain));
  const variants = pretrained.map(({ part }, i) => ({
    weights: { path: join(part.folder, 'backbone.safetensors'), allow: [] },
    key: part.key,
    pretrainingSeed: seeds[i]!,
  }));
  const { description, network = own } = pretrained[0]!;
  const pretrainings = pretrained.map(({ pretraining }, i) => ({ ...pretraining, seed: seeds[i]! }));
  return { network, variants, summary: summaryOf({ name, kind: start.from, description, pretrainings }, network) };
}

/** The network is the file's own, at the experiment's image size. */
async function startFromWeights({ dataRoot, config }: ExperimentContext, start: WeightsInitialization): Promise<Start> {
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
  const summary = summaryOf({ name, kind: 'weights', description: describe(file, report) }, network);
  return { network, variants: [{ weights: { path, allow }, key: await filesHash(files) }], summary };
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
