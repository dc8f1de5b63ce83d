/** A start by DINOv2: a whole pretraining, whose folder is the part's. */
import { join, resolve } from 'node:path';
import { filesHash, InputError } from '../../base/index.js';
import { type ModelConfig, openWeights } from '../../models/index.js';
import {
  openLabelled,
  type PretrainingConfig,
  type PretrainingResult,
  requirePretraining,
  runPretraining,
} from '../../pretraining/index.js';
import { scope } from '../../torch/index.js';
import { TRAIN_EVERYTHING } from '../../training/index.js';
import { fineTuned, ownNetwork, requireNetwork, weightsPath } from '../config/network.js';
import type { Dinov2Initialization, ExperimentConfig, VitModel } from '../config/schema.js';
import type { ExperimentContext } from '../parts/context.js';
import { dinov2Images, trainingBytes } from '../parts/cost.js';
import { type Part, partOf, startTitle } from '../parts/part.js';
import type { ProgressSink } from '../parts/progress-sink.js';
import type { Running } from '../parts/running.js';
import type { Pretraining } from '../result/index.js';
import { openUnlabelled, type UnlabelledImages } from './pretrain-images.js';

/** A pretraining with one seed. */
interface Pretrained {
  /** Its folder is a run folder of `hilum pretrain dinov2`: `config.json` and `result.json` are the pretraining's own. */
  part: Part;
  description: string;
  /** As it is fine-tuned, where it is not the experiment's own. */
  network?: ModelConfig;
  pretraining: Omit<Pretraining, 'seed'>;
}

/** Opens images without labels, once for all seeds; what comes pretrains on them with a seed, or finds it done. */
export async function openDinov2(
  context: ExperimentContext,
  start: Dinov2Initialization,
): Promise<(seed: number) => Promise<Pretrained>> {
  const { evaluation } = start.pretraining;
  const { source } = evaluation;
  const labelled = await openLabelled({ ...evaluation, source: source && resolve(context.dataRoot, source) });
  if (labelled) context.judged.set(start.name, labelled.length);
  const data = await openUnlabelled(context, start);
  return (seed) => pretrain(context, start, { data, labelled }, seed);
}

async function pretrain(
  context: ExperimentContext,
  start: Dinov2Initialization,
  { data, labelled }: { data: UnlabelledImages; labelled: Awaited<ReturnType<typeof openLabelled>> },
  seed: number,
): Promise<Pretrained> {
  const { config: experiment, dataRoot, folder, checkpointSeconds } = context;
  const title = startTitle(experiment, start.name, seed);
  const config = pretrainingOf(experiment, dataRoot, start, seed);
  const { from } = start.pretraining;
  const { source } = config.evaluation;
  const part = partOf(folder, `pretrain ${title}`, {
    method: start.method,
    config: { ...config, from },
    weights: config.from && (await filesHash(scope(() => openWeights(config.from!.weights).files))),
    data: data.fingerprint,
    labelled: labelled?.fingerprint() ?? null,
  });
  const run = (shown: Running) => {
    const progress = titled(shown.progress, title);
    const opened = { images: data.images, labelled };
    const running = runPretraining({ config, folder: part.folder, progress, checkpointSeconds, opened });
    return context.stoppable(running.stop, running.done);
  };
  const node = context.ids.pretraining(start.name, seed);
  const memory = () => {
    const network = config.from ? networkOf(config.from.weights, experiment) : ownNetwork(experiment);
    const each = dinov2Images(config.crops, experiment.model.imageSize);
    return trainingBytes(network, TRAIN_EVERYTHING, config.training.batchSize * each);
  };
  const result = await context.finish<PretrainingResult>({
    node,
    part,
    demand: context.demand(node, start.pretraining.threads, memory),
    keepsFolder: true,
    work: run,
  });
  const begun = from ? `, from the weights of ${from.weights}` : '';
  return {
    part,
    description: `self-supervised (DINOv2) on ${data.description}, without labels${begun}`,
    ...(from && { network: networkOf(join(part.folder, 'backbone.safetensors'), experiment) }),
    pretraining: summaryOf(result, data, source),
  };
}

/** What `hilum pretrain dinov2` would be given; the images are opened here. */
export function pretrainingOf(
  experiment: ExperimentConfig,
  dataRoot: string,
  { pretraining, pictures }: Dinov2Initialization,
  seed: number,
): PretrainingConfig {
  const { device, precision, preprocessing } = experiment;
  const { architecture: _, imageSize: __, input, ...shape } = experiment.model as VitModel;
  const { minMax, equalize } = preprocessing;
  const { intensity } = pretraining.crops;
  const crops = { ...pretraining.crops, intensity: intensity ?? (pictures ? null : { minMax, equalize }) };
  const { preset: ___, from, ...settings } = pretraining;
  const chosen = input === 'weights' ? null : input;
  return {
    ...settings,
    crops,
    seed,
    device,
    precision,
    data: [],
    model: from ? null : { ...shape, feedForward: 'mlp', input: chosen ?? 'none' },
    from: from && { ...from, weights: weightsPath(dataRoot, from.weights), input: from.input ?? chosen },
  };
}

/** Throws an InputError where the pretraining of a start cannot be; opens no image. */
export function requireDinov2(experiment: ExperimentConfig, dataRoot: string, start: Dinov2Initialization): void {
  try {
    const config = pretrainingOf(experiment, dataRoot, start, experiment.seed);
    requirePretraining(config);
    if (config.from) requireNetwork(networkOf(config.from.weights, experiment), experiment);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`initialization '${start.name}': ${error.message}`) : error;
  }
}

/** The network of weights, as it is fine-tuned. */
function networkOf(weights: string, experiment: ExperimentConfig): ModelConfig {
  const { config, input } = scope(() => {
    const { config, input } = openWeights(weights);
    return { config, input: input.statistics ?? null };
  });
  return fineTuned({ ...config, imageSize: experiment.model.imageSize, input }, experiment);
}

function summaryOf(
  { seconds, seen, steps, epochs, curve, measure, scores }: PretrainingResult,
  { description, unreadable }: UnlabelledImages,
  labelled: string | null,
): Omit<Pretraining, 'seed'> {
  const [score] = scores.slice(-1);
  const spread = curve.at(-1)?.metrics.featureSpread;
  return {
    seconds,
    images: seen,
    steps,
    epochs,
    data: description,
    ...(unreadable.length > 0 && { unreadable }),
    loss: curve.map(({ step, metrics }) => ({ step, loss: metrics.loss! })),
    ...(score
      ? { metric: { name: `${measure} of nearest neighbours on ${labelled}`, value: score.knn } }
      : spread !== undefined && {
          metric: { name: "spread of the teacher's features (1 uniform, 0 collapsed)", value: spread },
        }),
  };
}

/** What a pretraining says, with the start's name. */
const titled = (progress: ProgressSink, title: string): ProgressSink => ({
  start: (task) => progress.start({ ...task, name: `${task.name} ${title}` }),
  print: (text) => progress.print(`${title}: ${text}`),
});
