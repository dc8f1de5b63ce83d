/** What every node of an experiment takes, from what was measured, or by formulas where nothing was. */

import { WORTH_THREADS } from '../../evaluation/index.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import { type Folds, foldsOf } from '../data/folds.js';
import { imagesPerStep } from '../finetuning/finetuning-recipe.js';
import { finetuningDisk, parametersOf, pretrainingDisk, stateBytes, trainingBytes } from '../parts/cost.js';
import type { ExternalNode, FinetuningNode, GraphNode, TestNode } from '../parts/graph.js';
import { degradationsOf } from '../testing/degraded.js';
import type { Measured } from './measure.js';
import type { TrainingCost } from './probe.js';
import type { Survey } from './survey.js';
import { testedRuns } from './tested-runs.js';
import { finetuningIn, type ProbedTraining, pretrainingIn, trainingKey } from './trainings.js';

/** What a node takes. */
export interface Taken {
  /** Of all its work, one piece after the other; null where nothing is known to estimate it by. */
  seconds: number | null;
  /** Of these, seconds that are spent in so many pieces which may run beside each other, before the rest. */
  beside?: { pieces: number; seconds: number };
  /** Bytes, of it alone in a process of its own. */
  memory: number;
  /** Bytes that it leaves. */
  disk: number;
}

/** Of reading images and of tests. */
const SMALL_BYTES = 2 ** 29;
/** Of a radiograph's row in the part of its data set. */
const ROW_BYTES = 258 * 4;

/** Preprocessed pixels that a store keeps in memory, bytes. */
const KEPT = 512 * 2 ** 20;

/** About: folds hold whole patients. */
function sizesOfFold(images: number, { folds, validationFraction }: Folds): [number, number, number] {
  const test = images / folds;
  const validate = (images - test) * validationFraction;
  return [images - test - validate, validate, test];
}

type Pretrained = Extract<Initialization, { from: 'ssl' | 'supervised' }>;

export class Estimate {
  private readonly config: ExperimentConfig;

  constructor(
    private readonly survey: Survey,
    private readonly measured: Measured | undefined,
    private readonly cores: number,
  ) {
    this.config = survey.context.config;
  }

  of(node: GraphNode): Taken {
    switch (node.kind) {
      case 'dataset':
        return this.reading(node.dataset, node.id);
      case 'pretraining data':
        return this.pretrainingData(node.initialization, node.id);
      case 'pretraining':
        return this.pretraining(node.initialization);
      case 'finetuning':
        return this.finetuning(node);
      case 'external':
        return this.external(node);
      case 'test':
        return { ...this.test(node), memory: SMALL_BYTES };
    }
  }

  private reading(dataset: string, id: string): Taken {
    const { radiographs } = this.survey.context.tables.get(id)!;
    const each = this.measured?.radiographs.get(id);
    const { masks, role } = this.config.datasets.find(({ name }) => name === dataset)!;
    const { context } = this.survey;
    const isLookedInto = id === context.ids.dataset(dataset) && role !== 'external' && !this.config.crossValidation;
    // Masks are read too, and with them the images that were not kept.
    const masked =
      masks === undefined || !isLookedInto ? 0 : radiographs.filter(({ split }) => split !== 'validate').length;
    const again = masked * this.readingAgain(dataset, this.config, radiographs.length);
    const seconds = each === undefined ? null : each * (radiographs.length + masked) + again;
    return { seconds, memory: SMALL_BYTES, disk: (radiographs.length + 2 * masked) * ROW_BYTES };
  }

  private pretrainingData(initialization: string, id: string): Taken {
    const { context } = this.survey;
    const pictures = this.picturesOf(initialization);
    const radiographs = context.tables.get(id)?.radiographs.length ?? 0;
    const eachPicture = this.measured?.pictures.get(initialization) ?? 0;
    const eachRadiograph = this.measured?.radiographs.get(id) ?? 0;
    const seconds = this.measured ? pictures * eachPicture + radiographs * eachRadiograph : null;
    return { seconds, memory: SMALL_BYTES, disk: radiographs * ROW_BYTES };
  }

  private finetuning({ dataset, initialization, setting: slug }: FinetuningNode): Taken {
    const { config } = this.settingOf(slug);
    const { finetuning } = config;
    const { radiographs, findings } = this.rows(dataset);
    const rowsOf = (split: string) => radiographs.filter((radiograph) => radiograph.split === split).length;
    const published = ['train', 'validate', 'test'].map(rowsOf) as [number, number, number];
    const cut = foldsOf(config, dataset);
    const [train, validate, test] = cut ? sizesOfFold(radiographs.length, cut) : published;
    const perStep = imagesPerStep(finetuning);
    const seen = Math.floor((train * finetuning.labelFraction) / perStep) * perStep;
    const training = finetuningIn(config, this.survey.networks.get(initialization)!);
    const work = {
      trained: finetuning.epochs * seen,
      predicted: finetuning.epochs * validate + validate + test,
      reading: this.readingAgain(dataset, config, radiographs.length),
    };
    const parameters = parametersOf(training.network, training.tuning);
    const disk = finetuningDisk(parameters, validate + test, findings.length);
    return { ...this.training(training, work), disk };
  }

  /** Seconds of an image of a data set that is read again: those that the memory kept cost nothing. */
  private readingAgain(dataset: string, { model }: ExperimentConfig, images: number): number {
    const { context } = this.survey;
    const each = this.measured?.radiographs.get(context.ids.dataset(dataset)) ?? 0;
    const kept = KEPT / model.imageSize ** 2;
    return each * Math.max(0, 1 - kept / images);
  }

  private external({ cell, dataset, testedOn, initialization }: ExternalNode): Taken {
    const runs = testedRuns(this.survey.context).filter((run) => run.cell === cell).length;
    const rows = this.testRows(testedOn);
    const training = finetuningIn(this.settingOf(undefined).config, this.survey.networks.get(initialization)!);
    const disk = runs * rows * (40 + 24 * this.rows(dataset).findings.length);
    return { ...this.predictions(training, runs, rows), disk };
  }

  /** Of a trained model, so many times over images. */
  private predictions(training: ProbedTraining, times: number, images: number): Omit<Taken, 'disk'> {
    const memory = trainingBytes(training.network, { ...training.tuning, freeze: 'backbone', lora: null }, 1);
    const cost = this.costOf(training);
    if (!cost) return { seconds: null, memory };
    const seconds = times * (cost.startSeconds + images * cost.secondsPerPrediction);
    return { seconds, beside: { pieces: times, seconds }, memory };
  }

  private test(node: TestNode): Omit<Taken, 'memory'> {
    const { dataset, setting, between } = node;
    const { context } = this.survey;
    const [reference] = context.settings;
    const { tests } = this.measured ?? {};
    const measured = tests?.get(context.ids.test(dataset));
    if (!measured) return { seconds: null, disk: 0 };
    const own = testedRuns(context).filter((run) => run.dataset === dataset);
    const runsIn = (slug: string) => own.filter((run) => (run.setting ?? '') === slug).length;
    const runs = runsIn(reference.slug);
    if (between) return { seconds: measured.models * (own.length / Math.max(1, runs)), disk: 0 };
    const looks = runs * this.testRows(dataset) * this.rows(dataset).findings.length * this.config.statistics.redraws;
    const models = measured.models / (looks < WORTH_THREADS ? 1 : this.cores);
    if (setting !== undefined && setting !== reference.slug) {
      return { seconds: models * (runsIn(setting) / Math.max(1, runs)), disk: 0 };
    }
    const degraded = this.degraded(node);
    const seconds = models + measured.rest;
    return degraded?.beside ? { ...degraded, seconds: seconds + degraded.beside.seconds } : { seconds, disk: 0 };
  }

  /** The passes over degraded test images: one of each kind with the first run of each initialization. */
  private degraded({ dataset, needs }: TestNode): Pick<Taken, 'beside' | 'disk'> | undefined {
    const { context } = this.survey;
    if (this.config.crossValidation) return undefined;
    const nodes = context.graph.filter((it): it is FinetuningNode => it.kind === 'finetuning' && needs.includes(it.id));
    const names = [...new Set(nodes.map(({ initialization }) => initialization))];
    const times = degradationsOf(this.config, dataset).length;
    const rows = this.testRows(dataset);
    const passes = names.map((name) => {
      const training = finetuningIn(this.settingOf(undefined).config, this.survey.networks.get(name)!);
      return this.predictions(training, times, rows).beside?.seconds ?? 0;
    });
    const pieces = times * names.length;
    if (pieces === 0) return undefined;
    const seconds = passes.reduce((sum, it) => sum + it, 0);
    return { beside: { pieces, seconds }, disk: pieces * rows * (40 + 24 * this.rows(dataset).findings.length) };
  }

  private pretraining(initialization: string): Taken {
    const start = this.config.initializations.find(({ name }) => name === initialization) as Pretrained;
    const { context } = this.survey;
    const network = this.survey.networks.get(initialization)!;
    const training = pretrainingIn(this.config, context.dataRoot, start, network);
    const images = this.imagesOf(initialization);
    const { all } = parametersOf(training.network, training.tuning);
    if (start.from === 'ssl' && start.method === 'dinov2') {
      const { epochs, epochSteps, batchSize } = start.pretraining.training;
      const { every } = start.pretraining.evaluation;
      const perEpoch = (epochSteps ?? Math.floor(images / batchSize)) * batchSize;
      const judged = (context.judged.get(initialization) ?? 0) * (Math.ceil(epochs / every) + 1);
      const trained = epochs * perEpoch;
      const { seconds, memory } = this.training(training, { trained, predicted: judged });
      const waits = trained * this.waitsForCrops(training, initialization);
      return { seconds: seconds === null ? null : seconds + waits, memory, disk: pretrainingDisk(all, 'dinov2') };
    }
    const { epochs, batchSize } = start.training;
    if (start.from === 'ssl') {
      const trained = epochs * Math.floor(images / batchSize) * batchSize;
      return { ...this.training(training, { trained, predicted: 0 }), disk: pretrainingDisk(all, 'simclr') };
    }
    const held = this.validatedOf(initialization, images);
    const trained = epochs * Math.floor((images - held.among) / batchSize) * batchSize;
    const work = { trained, predicted: epochs * held.images };
    return { ...this.training(training, work), disk: pretrainingDisk(all, 'supervised') };
  }

  /**
   * Seconds that a step of DINOv2 waits for the crops of an image, which other threads make: as many such trainings as run at once
   * share all cores.
   */
  private waitsForCrops(training: ProbedTraining, initialization: string): number {
    const step = this.costOf(training)?.secondsPerImage ?? 0;
    const crops = this.measured?.crops.get(initialization) ?? 0;
    const { threads } = training;
    const all = this.survey.context.graph.filter(({ kind }) => kind === 'pretraining').length;
    const atOnce = Math.max(1, Math.min(all, Math.floor(this.cores / threads)));
    return Math.max(0, ((step * threads + crops) * atOnce) / this.cores - step);
  }

  /** Pictures, and radiographs of the training split, that an initialization is pretrained on. */
  private imagesOf(initialization: string): number {
    const { context } = this.survey;
    const radiographs = context.tables.get(context.ids.data(initialization))?.radiographs ?? [];
    return this.picturesOf(initialization) + radiographs.filter(({ split }) => split === 'train').length;
  }

  /** What validates a supervised pretraining, and how much of it is among its images: a tenth of pictures. */
  private validatedOf(initialization: string, images: number): { images: number; among: number } {
    const { context } = this.survey;
    const tables = context.tables.get(context.ids.data(initialization));
    if (!tables) return { images: images / 10, among: images / 10 };
    return { images: tables.radiographs.filter(({ split }) => split === 'validate').length, among: 0 };
  }

  private picturesOf(initialization: string): number {
    const opened = this.survey.context.pictures.get(initialization) ?? [];
    return opened.reduce((sum, { store }) => sum + store.length, 0);
  }

  /** Images that are trained on and predicted, and seconds of reading one, which goes on beside the training. */
  private training(
    it: ProbedTraining,
    { trained, predicted, reading = 0 }: { trained: number; predicted: number; reading?: number },
  ): Omit<Taken, 'disk'> {
    const cost = this.costOf(it);
    if (!cost) return { seconds: null, memory: trainingBytes(it.network, it.tuning, it.imagesOfPass) };
    const seconds =
      cost.startSeconds +
      trained * Math.max(cost.secondsPerImage, reading) +
      predicted * Math.max(cost.secondsPerPrediction, reading);
    return { seconds, memory: Math.max(cost.memory, stateBytes(parametersOf(it.network, it.tuning))) };
  }

  private costOf(training: ProbedTraining): TrainingCost | undefined {
    return this.measured?.trainings.get(trainingKey(training));
  }

  private settingOf(slug: string | undefined) {
    const { settings } = this.survey.context;
    return settings.find((setting) => setting.slug === slug) ?? settings[0];
  }

  private rows(dataset: string) {
    return this.survey.context.tables.get(this.survey.context.ids.dataset(dataset))!;
  }

  /** Of a data set; in a cross-validation, all. */
  private testRows(dataset: string): number {
    const { radiographs } = this.rows(dataset);
    if (this.config.crossValidation) return radiographs.length;
    return radiographs.filter(({ split }) => split === 'test').length;
  }
}
