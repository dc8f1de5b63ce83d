import { mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { Diverged, HilumError, Interrupted, lockFolder, writeJson } from '../../base/index.js';
import type { ImageList, ImageReader } from '../../imaging/index.js';
import { startTraining, stepsPerEpoch, type TrainingJob } from '../../training/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import type { ExperimentConfig } from '../config/schema.js';
import { type Setting, settingsOf } from '../config/settings.js';
import { isDiskFull } from './failure.js';
import { experimentGraph, type GraphNode, nodeIds } from './graph.js';
import { NodeRecords } from './node-record.js';
import { makePart, type Part, resultPath, storedResult } from './part.js';
import { readStoredPlan, type StoredPlan } from './plan-file.js';
import type { ProgressSink } from './progress-sink.js';
import { Running, requireNoOtherHost } from './running.js';
import { type Demand, Scheduler, type SpareCores } from './scheduler.js';

export interface ExperimentOptions {
  config: ExperimentConfig;
  /** Folder that relative paths of the configuration start from. */
  dataRoot: string;
  /** Folder of the experiment: its parts, `result.json` and the report. Finished parts found there are reused. */
  folder: string;
  progress: ProgressSink;
  /** Cores to share among parts; all by default. */
  cores?: number;
  /** Bytes of memory to share among parts; the machine's by default. */
  memory?: number;
  /** Ids of the nodes of the graph to run, and no others; all by default. */
  only?: readonly string[];
  /** Whether nothing is read or trained any more: what is finished is tested and reported, and the rest counts as failed. */
  finishedOnly?: boolean;
  /** Whether an image that cannot be read ends the experiment; by default it is listed and left out. */
  strict?: boolean;
  /** Seconds of training that a crash may cost at most; the end of an epoch is always kept. 120 by default. */
  checkpointSeconds?: number;
}

/** The work of a part, and where its result is kept. */
export interface PartWork<T> {
  /** Id of the graph's node that the part belongs to. */
  node: string;
  part: Part;
  /** Absent for what reads images with all threads there are: one after the other. */
  demand?: Demand;
  /** Whether the work itself locks the folder and writes `config.json` and `result.json`. */
  keepsFolder?: true;
  work(running: Running): Promise<T>;
}

/** Pictures before one of them was read: as they are, and as they are read to see whether they can be. */
export interface OpenedPictures {
  list: ImageList;
  store: ImageReader;
}

/** A part that is needed is not finished, and may not be run here. */
export class NotFinished extends HilumError {
  constructor(readonly node: string) {
    super(`${node}: not finished`);
  }
}

/** What every part of a running experiment gets. */
export class ExperimentContext {
  readonly config: ExperimentConfig;
  readonly dataRoot: string;
  readonly folder: string;
  readonly progress: ProgressSink;
  readonly strict: boolean;
  readonly graph: readonly GraphNode[];
  /** One, unless the experiment has a matrix; the reference first. */
  readonly settings: readonly [Setting, ...Setting[]];
  /** Of what depends on the setting, in the reference. */
  readonly ids: ReturnType<typeof nodeIds>;
  readonly records: NodeRecords;
  /** Nodes that may be run; undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
  readonly finishedOnly: boolean;
  /** Files of the radiographs that are tested on, which no pretraining may see. */
  readonly testImages = new Set<string>();
  /** What the tables of data sets tell, by node, as soon as they were read. */
  readonly tables = new Map<string, DatasetTables>();
  /** Pictures that an initialization is pretrained on, by source, as soon as they were opened; its radiographs are among `tables`. */
  readonly pictures = new Map<string, readonly OpenedPictures[]>();
  /** How many pictures the teacher of an initialization is judged by, as soon as they were opened. */
  readonly judged = new Map<string, number>();
  readonly checkpointSeconds: number | undefined;
  private readonly plan: StoredPlan | undefined;
  private readonly scheduler: Scheduler;
  private readonly reading = new Scheduler(1);
  private readonly running = new Set<() => void>();
  private readonly parts = new Map<string, Promise<unknown>>();
  private readonly state = { stopping: false };

  constructor(options: ExperimentOptions) {
    const { config, dataRoot, folder, progress, cores = availableParallelism(), strict = false } = options;
    const { only, memory = totalmem() } = options;
    this.config = config;
    this.dataRoot = dataRoot;
    this.folder = folder;
    this.progress = progress;
    this.strict = strict;
    this.checkpointSeconds = options.checkpointSeconds;
    this.graph = experimentGraph(config);
    this.settings = settingsOf(config);
    this.ids = nodeIds(config, this.settings[0]);
    this.records = new NodeRecords(folder, new Map(this.graph.map(({ id, key }) => [id, key])));
    this.finishedOnly = options.finishedOnly ?? false;
    const tests = this.graph.filter(({ kind }) => kind === 'test').map(({ id }) => id);
    const allowed = this.finishedOnly ? tests : only;
    this.only = allowed && new Set(allowed);
    this.plan = readStoredPlan(folder);
    this.scheduler = new Scheduler(cores, memory);
  }

  /** The same run, as a setting sees it: its configuration, and the ids of its nodes. */
  of({ slug, values, config }: Setting): ExperimentContext {
    if (slug === '') return this;
    const properties = { config, ids: nodeIds(config, { slug, values }) };
    return Object.assign(Object.create(this) as ExperimentContext, properties);
  }

  /** What a training keeps busy: memory as it was planned, or by `estimate` (bytes). */
  demand(node: string, threads: number, estimate: () => number): Demand {
    const { key } = this.graph.find(({ id }) => id === node)!;
    const planned = this.plan?.nodes.find((it) => it.id === node && it.key === key)?.memory;
    return { threads: this.cores(threads), memory: this.config.device === 'cpu' ? (planned ?? estimate()) : 0 };
  }

  /** The cores that work with a network takes: on a GPU all, so that nothing else is on it. */
  cores(threads: number): number {
    return this.config.device === 'cpu' ? threads : this.scheduler.cores;
  }

  /**
   * The result of a part: the stored one where it is finished, else made by its work, when its turn comes, and stored.
   * Throws NotFinished where it may not be run here, an InputError where another process works on it.
   */
  finish<T>(work: PartWork<T>): Promise<T> {
    const { folder } = work.part;
    const known = this.parts.get(folder) ?? this.finishOnce(work);
    this.parts.set(folder, known);
    return known as Promise<T>;
  }

  private async finishOnce<T>(it: PartWork<T>): Promise<T> {
    const { node, part, demand } = it;
    const stored = storedResult<T>(part);
    if (!stored && !this.mayRun(node)) throw new NotFinished(node);
    this.records.met(node, part);
    if (stored) return stored.result;
    const scheduler = demand ? this.scheduler : this.reading;
    return scheduler.run(demand ?? { threads: 1 }, () => {
      this.throwIfStopped();
      return this.work(it);
    });
  }

  private async work<T>({ node, part, keepsFolder, work }: PartWork<T>): Promise<T> {
    mkdirSync(part.folder, { recursive: true });
    const statusPath = join(part.folder, 'status.json');
    await requireNoOtherHost(statusPath);
    const release = keepsFolder ? () => {} : await lockFolder(part.folder, 'works on this part');
    try {
      // Another process may have finished it meanwhile.
      const stored = storedResult<T>(part);
      if (stored) return stored.result;
      if (!keepsFolder) makePart(part);
      const running = new Running(statusPath, this.progress);
      const since = performance.now();
      try {
        const result = await work(running);
        this.records.took(node, (performance.now() - since) / 1000);
        if (!keepsFolder) writeJson(resultPath(part), result);
        running.end();
        return result;
      } catch (error) {
        if (isDiskFull(error)) this.stop();
        if (error instanceof Interrupted) running.end();
        else running.failed(error);
        throw error;
      }
    } finally {
      release();
    }
  }

  /** Lets every training finish its step and write a checkpoint; starts nothing new. */
  stop(): void {
    this.state.stopping = true;
    for (const stop of this.running) stop();
  }

  /** Throws Interrupted once `stop` was called. */
  throwIfStopped(): void {
    if (this.state.stopping) throw new Interrupted('stopped; run the same command again to go on from here');
  }

  /** Whether a node may be run here. */
  mayRun(node: string): boolean {
    return this.only?.has(node) ?? true;
  }

  /** Waits for all, then throws the first failure, if any. */
  async all<T>(work: readonly Promise<T>[]): Promise<T[]> {
    await Promise.allSettled(work);
    return Promise.all(work);
  }

  /** Runs `work` as soon as cores are free. Throws Interrupted where the experiment was stopped by then. */
  onCores<T>(threads: number, work: () => Promise<T>): Promise<T> {
    return this.scheduler.run({ threads }, () => {
      this.throwIfStopped();
      return work();
    });
  }

  /** Takes the cores that nobody uses or waits for, but at most so many, until they are given back. */
  spareCores(most: number): SpareCores {
    return this.scheduler.takeSpare(most);
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

  /** Trains, with progress. Throws Interrupted where `stop` ended it. */
  async train<R>(name: string, job: TrainingJob, running: Running): Promise<{ result: R; seconds: number }> {
    const steps = stepsPerEpoch(job.feeds.train);
    const { batchSize } = job.feeds.train;
    let line: ReturnType<ProgressSink['start']> | undefined;
    const { checkpointSeconds } = this;
    const training = startTraining<R>({ ...job, checkpointSeconds }, ({ at, imagesDone, metrics }) => {
      const done = (at.step + 1) * batchSize;
      line ??= running.progress.start({
        name,
        total: steps * job.epochs * batchSize,
        unit: 'images',
        done: done - imagesDone,
      });
      const position = { epoch: at.epoch + 1, epochs: job.epochs, step: at.step + 1, steps: at.totalSteps };
      running.at({ ...position, ...(metrics.loss !== undefined && { loss: metrics.loss }) });
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
    } catch (error) {
      if (error instanceof Diverged) end = 'diverged';
      throw error;
    } finally {
      line?.end(end);
    }
  }
}
