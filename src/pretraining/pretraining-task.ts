/** A pretraining with what is said of it: scores of the teacher, throughput, time left. Runs in the training thread. */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/index.js';
import { type Dinov2Config, type Dinov2Result, Dinov2Task } from '../ssl/index.js';
import type { StateDict } from '../torch/index.js';
import type { Batch, Metrics, Position, ReadFeed, TaskContext, TrainingTask } from '../training/index.js';
import { type Evaluation, evaluatePixels, evaluateTeacher, type Scores } from './evaluate.js';
import { evaluationPage } from './evaluation-page.js';
import { MEASURES, type Measure } from './labels.js';

export interface PretrainingTaskConfig {
  dinov2: Dinov2Config;
  epochs: number;
  /** Epochs from one evaluation to the next; the last epoch always has one. */
  every: number;
  evaluation: Evaluation | null;
}

export interface PretrainingTaskResult extends Dinov2Result {
  /** What the scores are; null without labelled pictures. */
  measure: Measure | null;
  /** Epochs count from 1; 0 is before the training. */
  scores: ({ epoch: number } & Scores)[];
  /** Of raw pixels, for comparison; null without labelled pictures. */
  pixels: Scores | null;
}

/** Share of the latest step in the time that a step is expected to take. */
const LATEST = 0.05;

class PretrainingTask implements TrainingTask {
  private readonly task: Dinov2Task;
  private scores: PretrainingTaskResult['scores'] = [];
  private pixels: Scores | null = null;
  /** Of a step, with what it waits for; undefined before the first. */
  private seconds: number | undefined;
  /** Undefined before the first step of this process. */
  private secondsLeft: number | undefined;
  private clock: number | undefined;

  constructor(
    private readonly config: PretrainingTaskConfig,
    private readonly context: TaskContext,
  ) {
    this.task = new Dinov2Task(config.dinov2, context);
  }

  state(): StateDict {
    return this.task.state();
  }

  loadState(state: StateDict): void {
    this.task.loadState(state);
  }

  memory() {
    return { task: this.task.memory(), scores: this.scores, pixels: this.pixels };
  }

  loadMemory(memory: ReturnType<PretrainingTask['memory']>): void {
    this.task.loadMemory(memory.task);
    this.scores = memory.scores;
    this.pixels = memory.pixels;
  }

  /** Adds `imagesPerSecond` and `secondsLeft`, which are the clock's and differ from run to run. */
  step(batch: Batch, at: Position): Metrics {
    const begun = this.clock ?? performance.now();
    const metrics = this.task.step(batch, at);
    this.clock = performance.now();
    const taken = Math.max(1e-6, (this.clock - begun) / 1000);
    this.seconds = this.seconds === undefined ? taken : this.seconds + LATEST * (taken - this.seconds);
    this.secondsLeft = this.seconds * (at.totalSteps - at.step - 1);
    return { ...metrics, imagesPerSecond: batch.indices.length / taken, secondsLeft: this.secondsLeft };
  }

  /** How good raw pixels are, and the features that the training starts with: of random weights, or of those it goes on from. */
  async begin(read: ReadFeed): Promise<Metrics | undefined> {
    const { evaluation } = this.config;
    if (!evaluation) return undefined;
    this.pixels = await evaluatePixels(read('evaluation'), evaluation, this.context);
    return { ...(await this.judge(0, read, evaluation)), knnPixels: this.pixels.knn };
  }

  /** Writes the weights with each evaluation, and where nothing is evaluated as often, so that a run under way can be used. */
  async endEpoch(epoch: number, read: ReadFeed): Promise<Metrics> {
    const { secondsLeft } = this;
    const { evaluation, epochs, every } = this.config;
    const last = epoch + 1 === epochs; // `finish` writes these
    const due = last || (epoch + 1) % every === 0;
    const scores = due && evaluation && (await this.judge(epoch + 1, read, evaluation));
    if (due && !last) this.task.writeWeights();
    return { ...(secondsLeft !== undefined && { secondsLeft }), ...scores };
  }

  private async judge(epoch: number, read: ReadFeed, evaluation: Evaluation): Promise<Scores> {
    const { device, folder } = this.context;
    const { teacher } = this.task;
    const { scores, nearest } = await evaluateTeacher(teacher, read('evaluation'), evaluation, this.context);
    const options = { epoch, scores, before: this.scores[0], pixels: this.pixels, nearest, evaluation, device };
    const html = await evaluationPage(teacher, read('evaluation'), options);
    writeFileAtomic(join(folder, 'evaluations', `epoch-${String(epoch).padStart(4, '0')}.html`), html);
    this.scores.push({ epoch, ...scores });
    this.clock = undefined; // the next step does not wait for this
    return scores;
  }

  async finish(): Promise<PretrainingTaskResult> {
    const { evaluation } = this.config;
    const measure = evaluation && MEASURES[evaluation.labels.kind];
    return { ...(await this.task.finish()), measure, scores: this.scores, pixels: this.pixels };
  }
}

export const createTask = (config: PretrainingTaskConfig, context: TaskContext): TrainingTask =>
  new PretrainingTask(config, context);
