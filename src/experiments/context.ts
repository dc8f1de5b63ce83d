import { availableParallelism } from 'node:os';
import { Interrupted } from '../base/index.js';
import { startTraining, stepsPerEpoch, type TrainingJob } from '../training/index.js';
import { Scheduler } from './scheduler.js';
import type { ExperimentConfig } from './schema.js';

/** Where a running experiment shows how far it is; the command line's progress lines fit. */
export interface ProgressSink {
  start(task: { name: string; total: number; unit: string; done?: number }): {
    update(done: number, note?: string): void;
    end(note?: string): void;
  };
  print(text: string): void;
}

export interface ExperimentOptions {
  config: ExperimentConfig;
  /** Folder that relative paths of the configuration start from. */
  dataRoot: string;
  /** Folder of the experiment: its parts, `result.json` and the report. Finished parts found there are reused. */
  folder: string;
  progress: ProgressSink;
  /** Cores to share among parts; all by default. */
  cores?: number;
  /** Whether an image that cannot be read ends the experiment; by default it is listed and left out. */
  strict?: boolean;
  /** Seconds of training that a crash may cost at most; the end of an epoch is always kept. 120 by default. */
  checkpointSeconds?: number;
}

/** What every part of a running experiment gets. */
export class ExperimentContext {
  readonly config: ExperimentConfig;
  readonly dataRoot: string;
  readonly folder: string;
  readonly progress: ProgressSink;
  readonly strict: boolean;
  /** Files of the radiographs that are tested on, which no pretraining may see. */
  readonly testImages = new Set<string>();
  readonly checkpointSeconds: number | undefined;
  private readonly scheduler: Scheduler;
  private readonly running = new Set<() => void>();
  private stopping = false;

  constructor(options: ExperimentOptions) {
    const { config, dataRoot, folder, progress, cores = availableParallelism(), strict = false } = options;
    this.config = config;
    this.dataRoot = dataRoot;
    this.folder = folder;
    this.progress = progress;
    this.strict = strict;
    this.checkpointSeconds = options.checkpointSeconds;
    this.scheduler = new Scheduler(cores);
  }

  /** Lets every training finish its step and write a checkpoint; starts nothing new. */
  stop(): void {
    this.stopping = true;
    for (const stop of this.running) stop();
  }

  /** Throws Interrupted once `stop` was called. */
  throwIfStopped(): void {
    if (this.stopping) throw new Interrupted('stopped; run the same command again to go on from here');
  }

  /** Waits for all; the first failure stops the others at their next checkpoint, waits for them, and is thrown. */
  async all<T>(work: readonly Promise<T>[]): Promise<T[]> {
    let first: { error: unknown } | undefined;
    const settled = await Promise.allSettled(
      work.map((item) =>
        item.catch((error) => {
          first ??= { error };
          this.stop();
          throw error;
        }),
      ),
    );
    if (first) throw first.error;
    return settled.map((item) => (item as PromiseFulfilledResult<T>).value);
  }

  /** Runs `work` as soon as cores are free. Throws Interrupted where the experiment was stopped by then. */
  onCores<T>(threads: number, work: () => Promise<T>): Promise<T> {
    return this.scheduler.run(threads, () => {
      this.throwIfStopped();
      return work();
    });
  }

  /** Waits for `work`; `stop` is called where the experiment is stopped meanwhile. */
  async stoppable<T>(stop: () => void, work: Promise<T>): Promise<T> {
    this.running.add(stop);
    try {
      return await work;
    } finally {
      this.running.delete(stop);
    }
  }

  /** Trains as soon as cores are free, with progress. Throws Interrupted where `stop` ended it. */
  async train<R>(name: string, job: TrainingJob): Promise<{ result: R; seconds: number }> {
    return this.onCores(job.threads, async () => {
      const steps = stepsPerEpoch(job.feeds.train);
      const { batchSize } = job.feeds.train;
      let line: ReturnType<ProgressSink['start']> | undefined;
      const { checkpointSeconds } = this;
      const training = startTraining<R>({ ...job, checkpointSeconds }, ({ at, imagesDone, metrics }) => {
        const done = (at.step + 1) * batchSize;
        line ??= this.progress.start({
          name,
          total: steps * job.epochs * batchSize,
          unit: 'images',
          done: done - imagesDone,
        });
        const loss = metrics.loss === undefined ? '' : `, loss ${metrics.loss.toFixed(3)}`;
        line.update(done, `epoch ${at.epoch + 1}/${job.epochs}${loss}`);
      });
      let end = 'failed';
      try {
        const outcome = await this.stoppable(training.stop, training.outcome);
        end = outcome.status === 'done' ? 'done' : 'stopped';
        if (outcome.status === 'interrupted')
          throw new Interrupted(`${name}: stopped at a checkpoint; run the same command again to go on from here`);
        return outcome;
      } finally {
        line?.end(end);
      }
    });
  }
}
