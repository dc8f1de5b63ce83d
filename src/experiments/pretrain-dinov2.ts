/** A start by DINOv2: a whole pretraining, whose folder is the part's. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readJson } from '../base/index.js';
import { openLabelled, type PretrainingConfig, type PretrainingResult, runPretraining } from '../pretraining/index.js';
import type { ExperimentContext, ProgressSink } from './context.js';
import { type Part, partOf, startTitle } from './part.js';
import { openUnlabelled, type UnlabelledImages } from './pretrain-images.js';
import type { Pretraining } from './result.js';
import type { Dinov2Initialization, ExperimentConfig, VitModel } from './schema.js';

/**
 * Pretrains on images without labels with a seed, or finds it done. The part's folder is a run folder of `hilum pretrain dinov2`: its
 * `config.json` and `result.json` are the pretraining's own.
 */
export async function pretrainDinov2(
  context: ExperimentContext,
  start: Dinov2Initialization,
  seed: number,
): Promise<{ part: Part; description: string; pretraining: Omit<Pretraining, 'seed'> }> {
  const { config: experiment, dataRoot, folder, checkpointSeconds } = context;
  const title = startTitle(experiment, start.name, seed);
  const data = await openUnlabelled(context, start);
  const config = pretrainingOf(experiment, start, seed);
  const { source } = config.evaluation;
  const labelled = await openLabelled({ ...config.evaluation, source: source && resolve(dataRoot, source) });
  const part = partOf(folder, `pretrain ${title}`, {
    method: start.method,
    config,
    data: data.fingerprint,
    labelled: labelled?.fingerprint() ?? null,
  });
  const finished = join(part.folder, 'result.json');
  const run = () => {
    const opened = { images: data.images, labelled };
    const progress = titled(context.progress, title);
    const running = runPretraining({ config, folder: part.folder, progress, checkpointSeconds, opened });
    return context.stoppable(running.stop, running.done);
  };
  const result = existsSync(finished)
    ? readJson<PretrainingResult>(finished)
    : await context.onCores(start.pretraining.threads, run);
  const description = `self-supervised (DINOv2) on ${data.description}, without labels`;
  return { part, description, pretraining: summaryOf(result, data, source) };
}

/** What `hilum pretrain dinov2` would be given; the images are opened here. */
export function pretrainingOf(
  experiment: ExperimentConfig,
  { pretraining, pictures }: Dinov2Initialization,
  seed: number,
): PretrainingConfig {
  const { device, precision, preprocessing } = experiment;
  const { architecture: _, imageSize: __, input, ...shape } = experiment.model as VitModel;
  const { minMax, equalize } = preprocessing;
  const { intensity } = pretraining.crops;
  const crops = { ...pretraining.crops, intensity: intensity ?? (pictures ? null : { minMax, equalize }) };
  return {
    ...pretraining,
    crops,
    seed,
    device,
    precision,
    data: [],
    model: { ...shape, feedForward: 'mlp', input: input === 'weights' ? 'none' : input },
    from: null,
  };
}

function summaryOf(
  { seconds, seen, steps, epochs, curve, scores }: PretrainingResult,
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
      ? { metric: { name: `accuracy of nearest neighbours on ${labelled}`, value: score.knn } }
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
