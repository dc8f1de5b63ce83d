/** What an experiment will take, before it runs: every part, its time from a measured probe, memory and disk. */
import { availableParallelism, totalmem } from 'node:os';
import { contentHash, InputError } from '../../base/index.js';
import { scan } from '../../imaging/index.js';
import type { ModelConfig } from '../../models/index.js';
import { TRAIN_EVERYTHING, type Tuning } from '../../training/index.js';
import { fineTuned } from '../config/network.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import { isAtSize } from '../config/settings.js';
import { type Folds, foldsOf } from '../data/folds.js';
import { imagesPerStep, recipeOf, tuningOf } from '../finetuning/finetuning-recipe.js';
import type { ExperimentContext, ExperimentOptions } from '../parts/context.js';
import {
  dinov2Images,
  finetuningDisk,
  parametersOf,
  pretrainingDisk,
  stateBytes,
  trainingBytes,
} from '../parts/cost.js';
import type { ExternalNode, FinetuningNode, GraphNode, NodeKind } from '../parts/graph.js';
import { writeStoredPlan } from '../parts/plan-file.js';
import { schedule } from '../parts/schedule.js';
import { costOf, probe, type TrainingCost } from './probe.js';
import { freeBytes, requireNone, type Survey, survey } from './survey.js';

export interface PlannedNode {
  id: string;
  kind: NodeKind;
  title: string;
  needs: readonly string[];
  threads: number;
  /** Whether it is there already, by its key. */
  finished: boolean;
  /** Of all its work; null where nothing is known to estimate it by. */
  seconds: number | null;
  /** Bytes, of it alone in a process of its own. */
  memory: number;
  /** Bytes that it leaves. */
  disk: number;
}

export interface ExperimentPlan {
  name: string;
  folder: string;
  nodes: PlannedNode[];
  cores: number;
  /** Bytes to share among the parts. */
  memory: number;
  /** Until all is done, from now on; null without a probe. What could not be estimated counts nothing. */
  secondsLeft: number | null;
  /** Of all that is left, one after the other. */
  secondsOfWork: number | null;
  /** Share by which the times may be off, either way. */
  uncertainty: number;
  /** Bytes that what is left will write, and that are free. */
  disk: { needed: number; free: number };
  /** Seconds that the probe took. */
  probeSeconds: number;
}

export interface PlanOptions extends Omit<ExperimentOptions, 'progress' | 'only'> {
  /** Whether to train a few steps to measure time and memory; true unless said. */
  probe?: boolean;
}

/** Of all probes together. */
const PROBE_SECONDS = 24;

/** Plans, and keeps the plan in the folder. Throws one InputError with every reason why the experiment cannot run. */
export async function planExperiment(options: PlanOptions): Promise<ExperimentPlan> {
  const { config, folder, cores = availableParallelism(), memory = totalmem() } = options;
  const found = await survey(options);
  requireNone(found.refusals);
  const begun = performance.now();
  const costs = options.probe === false ? undefined : await measure(found, config);
  const reading = options.probe === false ? undefined : await measureReading(found.context);
  const probeSeconds = (performance.now() - begun) / 1000;
  const estimate = new Estimate(found, costs, reading);
  const nodes = found.context.graph.map((node) => estimate.node(node));
  const left = nodes.filter(({ finished }) => !finished);
  const { needed, free } = requireDisk(folder, nodes);
  const tasks = left.map(({ id, needs, threads, seconds, memory }) => {
    return { id, needs, demand: { threads: threads || cores, memory }, seconds: seconds ?? 0 };
  });
  const plan = {
    name: config.name,
    folder,
    nodes,
    cores,
    memory,
    secondsLeft: costs ? schedule(tasks, { threads: cores, memory }).seconds : null,
    secondsOfWork: costs ? left.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) : null,
    uncertainty: Math.max(0.25, ...[...(costs?.values() ?? [])].map(({ uncertainty }) => uncertainty)),
    disk: { needed, free },
    probeSeconds,
  };
  const keys = new Map(found.context.graph.map(({ id, key }) => [id, key]));
  const stored = nodes.map(({ id, seconds, memory }) => ({ id, key: keys.get(id)!, seconds, memory }));
  writeStoredPlan(folder, { cores, nodes: stored });
  return plan;
}

/** What every node takes, by formulas alone: nothing is known of the time, and nothing is kept. */
export function estimateNodes(found: Survey): PlannedNode[] {
  const estimate = new Estimate(found, undefined, undefined);
  return found.context.graph.map((node) => estimate.node(node));
}

/** Bytes that what is left will write, and that are free. Throws an InputError where these are fewer. */
export function requireDisk(folder: string, nodes: readonly PlannedNode[]): { needed: number; free: number } {
  const free = freeBytes(folder);
  const needed = nodes.reduce((sum, { finished, disk }) => sum + (finished ? 0 : disk), 0);
  if (needed > free) throw new InputError(diskText(folder, needed, free));
  return { needed, free };
}

const diskText = (folder: string, needed: number, free: number) =>
  `${folder}: found ${gib(free)} GiB free; expected ${gib(needed)} GiB, which the parts that are left will write. Make room, or give another folder with --out.`;

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);

interface Trained {
  network: ModelConfig;
  tuning: Tuning;
}

/** Trainings that differ in nothing that costs time have one key. */
const trainingKey = ({ network, tuning }: Trained) => contentHash({ network: { ...network, dropPath: 0 }, tuning });

/** About: folds hold whole patients. */
function sizesOfFold(images: number, { folds, validationFraction }: Folds): [number, number, number] {
  const test = images / folds;
  const validate = (images - test) * validationFraction;
  return [images - test - validate, validate, test];
}

/** A network as a setting fine-tunes it. */
function trainingIn(config: ExperimentConfig, network: ModelConfig): Trained {
  const { imageSize } = config.model;
  return { network: fineTuned({ ...network, imageSize }, config), tuning: tuningOf(config.finetuning) };
}

/** Every distinct training of the experiment, measured. */
async function measure({ networks, context }: Survey, config: ExperimentConfig): Promise<Map<string, TrainingCost>> {
  const { finetuning, precision, device } = config;
  const distinct = new Map<string, Trained>();
  const add = (it: Trained) => distinct.set(trainingKey(it), it);
  for (const start of config.initializations) {
    const { name, from } = start;
    const network = networks.get(name)!;
    for (const { config: own } of context.settings) if (isAtSize(own, start)) add(trainingIn(own, network));
    if (from === 'ssl' || from === 'supervised') add({ network, tuning: TRAIN_EVERYTHING });
  }
  const F = Math.max(1, ...config.datasets.map(({ findings = [] }) => findings.length));
  const { batchSize, augmentation, loss, threads } = finetuning;
  const labels = Float32Array.from({ length: batchSize * F }, (_, i) => i % 2);
  const target = { labels, posWeight: new Float32Array(F).fill(1), loss };
  const recipe = recipeOf(finetuning, 1e-6);
  const costs = new Map<string, TrainingCost>();
  for (const [key, { network, tuning }] of distinct) {
    const whole = {
      model: network,
      weights: null,
      target,
      recipe,
      tuning,
      augmentation,
      precision,
      seed: 1,
      predict: [],
    };
    const seconds = PROBE_SECONDS / distinct.size;
    const measured = await probe({ config: whole, device, threads, batchSize, seconds });
    costs.set(key, costOf(measured, batchSize, stateBytes(parametersOf(network, tuning))));
  }
  return costs;
}

/** Seconds that reading an image of each data set takes, with all threads, by node. */
async function measureReading(context: ExperimentContext): Promise<Map<string, number>> {
  const seconds = new Map<string, number>();
  for (const [node, { reader, radiographs }] of context.tables) {
    const some = radiographs.filter((_, i) => i % Math.ceil(radiographs.length / SAMPLE) === 0);
    const begun = performance.now();
    await scan(reader(some), {});
    seconds.set(node, (performance.now() - begun) / 1000 / some.length);
  }
  return seconds;
}

/** Images of a data set that are read to see how long it takes. */
const SAMPLE = 24;

class Estimate {
  private readonly config: ExperimentConfig;

  constructor(
    private readonly survey: Survey,
    private readonly costs: ReadonlyMap<string, TrainingCost> | undefined,
    private readonly reading: ReadonlyMap<string, number> | undefined,
  ) {
    this.config = survey.context.config;
  }

  node(node: GraphNode): PlannedNode {
    const { id, kind, title, needs, threads } = node;
    return { id, kind, title, needs, threads, finished: this.survey.finished.has(id), ...this.takes(node) };
  }

  private takes(node: GraphNode): Pick<PlannedNode, 'seconds' | 'memory' | 'disk'> {
    const small = { memory: 2 ** 29, disk: 0 };
    switch (node.kind) {
      case 'dataset':
        return { ...small, ...this.readingOf(node.id) };
      case 'pretraining data': {
        const { pictures } = this.startOf(node.initialization);
        return pictures ? { seconds: null, ...small } : { ...small, ...this.readingOf(node.id) };
      }
      case 'pretraining':
        return this.pretraining(node.initialization);
      case 'finetuning':
        return this.finetuning(node);
      case 'external':
        return this.external(node);
      default:
        return { seconds: null, ...small };
    }
  }

  /** Of radiographs, whose pixels are kept as 258 numbers each. */
  private readingOf(node: string): { seconds: number | null; disk: number } {
    const images = this.survey.context.tables.get(node)?.radiographs.length ?? 0;
    const each = this.reading?.get(node);
    return { seconds: each === undefined ? null : each * images, disk: images * 258 * 4 };
  }

  private finetuning({
    dataset,
    initialization,
    setting: slug,
  }: FinetuningNode): Pick<PlannedNode, 'seconds' | 'memory' | 'disk'> {
    const { config } = this.survey.context.settings.find((setting) => setting.slug === (slug ?? ''))!;
    const { finetuning } = config;
    const { radiographs, findings } = this.rows(dataset);
    const rowsOf = (split: string) => radiographs.filter((radiograph) => radiograph.split === split).length;
    const published = ['train', 'validate', 'test'].map(rowsOf) as [number, number, number];
    const cut = foldsOf(config, dataset);
    const [train, validate, test] = cut ? sizesOfFold(radiographs.length, cut) : published;
    const perStep = imagesPerStep(finetuning);
    const seen = Math.floor((train * finetuning.labelFraction) / perStep) * perStep;
    // A pass forward is a third of a training step.
    const images = finetuning.epochs * (seen + validate / 3) + (validate + test) / 3;
    const trained = trainingIn(config, this.survey.networks.get(initialization)!);
    const disk = finetuningDisk(parametersOf(trained.network, trained.tuning), validate + test, findings.length);
    return { ...this.training(trained, images, finetuning.batchSize), disk };
  }

  private external({ cell, dataset, testedOn, initialization }: ExternalNode) {
    const { graph } = this.survey.context;
    const runs = graph.filter((node) => node.kind === 'finetuning' && node.cell === cell).length;
    const rows = runs * this.rows(testedOn).radiographs.filter(({ split }) => split === 'test').length;
    const { config } = this.survey.context.settings[0];
    const trained = trainingIn(config, this.survey.networks.get(initialization)!);
    const memory = trainingBytes(trained.network, { ...trained.tuning, freeze: 'backbone', lora: null }, 1);
    const { seconds } = this.training(trained, rows / 3, config.finetuning.batchSize);
    return { seconds, memory, disk: rows * (40 + 24 * this.rows(dataset).findings.length) };
  }

  private pretraining(initialization: string): Pick<PlannedNode, 'seconds' | 'memory' | 'disk'> {
    const start = this.startOf(initialization);
    const network = this.survey.networks.get(initialization)!;
    const trained = { network, tuning: TRAIN_EVERYTHING };
    const { all } = parametersOf(network, TRAIN_EVERYTHING);
    const images = this.pretrainingImages(start);
    if (start.from === 'ssl' && start.method === 'dinov2') {
      const { crops, training } = start.pretraining;
      const each = dinov2Images(crops, network.imageSize);
      const work = images === undefined ? undefined : images * training.epochs * each;
      return { ...this.training(trained, work, training.batchSize * each), disk: pretrainingDisk(all, 'dinov2') };
    }
    const { epochs, batchSize } = start.training;
    // SimCLR sees two views of an image.
    const views = start.from === 'ssl' ? 2 : 1;
    const work = images === undefined ? undefined : images * epochs * views;
    const method = start.from === 'ssl' ? 'simclr' : 'supervised';
    return { ...this.training(trained, work, batchSize * views), disk: pretrainingDisk(all, method) };
  }

  /** Of a pretraining. */
  private startOf(initialization: string): Extract<Initialization, { from: 'ssl' | 'supervised' }> {
    const start = this.config.initializations.find(({ name }) => name === initialization)!;
    if (start.from !== 'ssl' && start.from !== 'supervised') throw new Error(`${initialization} is not pretrained`);
    return start;
  }

  /** Undefined where not all sources were opened: those after one whose images were not read yet. */
  private pretrainingImages(start: Extract<Initialization, { from: 'ssl' | 'supervised' }>): number | undefined {
    const { context, finished } = this.survey;
    const { name, pictures = [], radiographs } = start;
    const node = context.ids.data(name);
    const counted = context.pretrainingImages.get(name);
    const training = context.tables.get(node)?.radiographs.filter(({ split }) => split === 'train').length;
    if (start.from === 'ssl' && start.method === 'dinov2') {
      if (!finished.has(node) && pictures.length + (radiographs ? 1 : 0) > 1) return undefined;
      return (counted ?? 0) + (training ?? 0);
    }
    return counted ?? (pictures.length === 0 ? training : undefined);
  }

  /** `images`: that are trained on; undefined where they are not known before they were read. */
  private training(
    it: Trained,
    images: number | undefined,
    batchSize: number,
  ): Pick<PlannedNode, 'seconds' | 'memory'> {
    const cost = this.costs?.get(trainingKey(it));
    const formula = trainingBytes(it.network, it.tuning, batchSize);
    if (!cost) return { seconds: null, memory: formula };
    const seconds = images === undefined ? null : images * cost.secondsPerImage;
    const own = this.config.finetuning.batchSize;
    const state = stateBytes(parametersOf(it.network, it.tuning));
    const memory = state + Math.max(0, cost.memory - state) * Math.max(1, batchSize / own);
    return { seconds, memory: Math.round(memory) };
  }

  private rows(dataset: string) {
    return this.survey.context.tables.get(this.survey.context.ids.dataset(dataset))!;
  }
}
