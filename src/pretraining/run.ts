import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compiledUrl, Interrupted, lockFolder, readJson, writeJson } from '../base/index.js';
import { CropFeed, checkCropRecipe } from '../imaging/index.js';
import { RESULT, writeCheckpointWeights } from '../ssl/index.js';
import { requireDevice } from '../torch/index.js';
import { startTraining, stepsPerEpoch, type TrainingProgress } from '../training/index.js';
import { type CropBatchesOptions, cropBatches } from './crop-batches.js';
import { computing } from './device.js';
import type { EvaluationData } from './evaluation-data.js';
import { MEASURES } from './labels.js';
import { cropRecipe, dinov2Config, type RecipeName } from './network.js';
import { writeOverview } from './overview-page.js';
import { type OpenedImages, Preparation } from './prepare.js';
import type { PretrainingTaskConfig, PretrainingTaskResult } from './pretraining-task.js';
import { epochText, type ProgressSink, stepText } from './progress.js';
import { FORMAT, openRunFolder } from './run-folder.js';
import type { PretrainingConfig } from './schema.js';
import type { Images } from './sources.js';

export interface PretrainingOptions {
  config: PretrainingConfig;
  /** Takes up everything; a pretraining that was begun there goes on. */
  folder: string;
  progress: ProgressSink;
  /** In the place of what `config.data` and `config.evaluation` name. */
  opened?: OpenedImages;
  /** Seconds of training that a crash may cost at most; 120 unless said. */
  checkpointSeconds?: number;
}

/** `result.json` */
export interface PretrainingResult extends PretrainingTaskResult {
  format: typeof FORMAT;
  /** That of `config.json`. */
  key: string;
  /** Images in the sources; seen counts an image each time. */
  images: number;
  seen: number;
  epochs: number;
  steps: number;
  /** Of training, in all processes that took part. */
  seconds: number;
  recipe: RecipeName;
  /** Met since the last process took the run up; others came in their place. */
  unreadable: { id: string; reason: string }[];
}

const STOPPED = 'stopped; run the same command again to go on from here';

/**
 * Pretrains, or goes on, to the end. The folder then holds the teacher as `backbone.safetensors`, the student as
 * `student.safetensors`, both with their heads as `.pth`, and `result.json`; the weights are there from the first evaluation on.
 * Throws an InputError for what cannot be trained on or with, Interrupted where it was stopped (the weights are those of this moment then),
 * a HilumError for a collapse or a loss that is not finite; the last checkpoint stays.
 */
export function runPretraining(options: PretrainingOptions): { done: Promise<PretrainingResult>; stop(): void } {
  const run = new PretrainingRun(options);
  return { done: run.toEnd(), stop: () => run.stop() };
}

class PretrainingRun {
  private readonly stopping = new AbortController();

  constructor(private readonly options: PretrainingOptions) {}

  stop(): void {
    this.stopping.abort(new Interrupted(STOPPED));
  }

  async toEnd(): Promise<PretrainingResult> {
    const { folder } = this.options;
    const release = await lockFolder(folder, 'pretrains');
    try {
      return await this.locked();
    } finally {
      release();
    }
  }

  private async locked(): Promise<PretrainingResult> {
    const { config, folder, progress, opened } = this.options;
    requireDevice(config.device);
    const device = computing(config);
    const { model } = dinov2Config(config, device.precision);
    const preparation = new Preparation(config, progress, this.stopping.signal, opened);
    const images = await preparation.openImages();
    const recipe = await preparation.chooseRecipe(images);
    const crops = cropRecipe(config, recipe);
    checkCropRecipe(crops);
    const evaluation = await preparation.openEvaluation(recipe);
    const inputs = {
      method: 'dinov2' as const,
      config,
      recipe,
      network: model,
      images: images.length,
      data: images.fingerprints(),
      evaluation: evaluation?.fingerprint ?? null,
    };
    const { key, threads, precision } = openRunFolder(folder, inputs, device);
    const finished = join(folder, 'result.json');
    if (existsSync(finished)) {
      progress.print(`${folder}: done already`);
      return readJson<PretrainingResult>(finished);
    }
    this.stopping.signal.throwIfAborted();
    const unreadable = new Map<number, string>();
    const onReplaced = (image: number, reason: string) => {
      if (unreadable.has(image)) return;
      unreadable.set(image, reason);
      if (unreadable.size <= 5) progress.print(`warning: ${images.id(image)}: ${reason}; another comes in its place`);
    };
    const task: PretrainingTaskConfig = {
      dinov2: dinov2Config(config, precision),
      epochs: config.training.epochs,
      every: config.evaluation.every,
      evaluation: evaluation?.evaluation ?? null,
    };
    const feed = new CropFeed(images, crops, { seed: config.seed });
    try {
      const outcome = await this.train(task, feed, images, evaluation, threads, onReplaced);
      const steps = outcome.steps;
      const result: PretrainingResult = {
        format: FORMAT,
        key,
        images: images.length,
        seen: steps * config.training.batchSize,
        epochs: config.training.epochs,
        steps,
        seconds: outcome.seconds,
        recipe,
        unreadable: Array.from(unreadable, ([image, reason]) => ({ id: images.id(image), reason })),
        ...outcome.result,
      };
      writeJson(finished, result);
      return result;
    } finally {
      await feed.close();
      if (existsSync(join(folder, 'metrics.jsonl'))) writeOverview(folder);
    }
  }

  private async train(
    config: PretrainingTaskConfig,
    feed: CropFeed,
    images: Images,
    evaluation: EvaluationData | null,
    threads: number,
    onReplaced: CropBatchesOptions['onReplaced'],
  ) {
    const { folder, progress, checkpointSeconds, config: own } = this.options;
    const { epochs, batchSize, epochSteps } = own.training;
    const { seed, device } = own;
    const train = cropBatches(feed, { images: images.length, batchSize, epochSteps, seed, onReplaced });
    const steps = epochs * stepsPerEpoch(train);
    let line: ReturnType<ProgressSink['start']> | undefined;
    const onProgress = ({ at, imagesDone, metrics }: TrainingProgress) => {
      const done = (at.step + 1) * batchSize;
      line ??= progress.start({
        name: 'pretrain',
        total: steps * batchSize,
        unit: 'images',
        done: done - imagesDone,
      });
      line.update(done, `epoch ${at.epoch + 1}/${epochs}, ${stepText(metrics)}`);
    };
    const training = startTraining<PretrainingTaskResult>(
      {
        taskModule: compiledUrl('./pretraining-task.js', import.meta.url).href,
        config,
        folder,
        feeds: { train, ...(evaluation && { evaluation: evaluation.feed }) },
        epochs,
        seed,
        device,
        threads,
        checkpointSeconds,
        logEvery: 10,
      },
      onProgress,
      ({ epoch, metrics }) => {
        if (metrics.knn === undefined || !config.evaluation) return;
        writeOverview(folder);
        const text = epochText(metrics, MEASURES[config.evaluation.labels.kind], own.from?.weights ?? 'random weights');
        progress.print(`epoch ${epoch}/${epochs}: ${text}`);
      },
    );
    const { signal } = this.stopping;
    signal.addEventListener('abort', training.stop, { once: true });
    if (signal.aborted) training.stop();
    let end = 'failed';
    try {
      const outcome = await training.outcome;
      end = outcome.status === 'done' ? 'done' : 'stopped';
      if (outcome.status === 'interrupted') throw new Interrupted(STOPPED);
      return { ...outcome, steps };
    } finally {
      line?.end(end);
      // What failed may have gone wrong for long: what was evaluated before is better, if there is any.
      const wanted = end === 'stopped' || (end === 'failed' && !existsSync(join(folder, RESULT)));
      if (wanted) writeCheckpointWeights(folder, config.dinov2);
    }
  }
}
