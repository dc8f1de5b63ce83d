/** What is there already of an experiment, and what it cannot run with: every table is opened, no image and nothing trained. */
import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Diverged, InputError, messageOf } from '../../base/index.js';
import type { ModelConfig } from '../../models/index.js';
import { requireDevice } from '../../torch/index.js';
import { fineTuned, ownNetwork, requireNetwork } from '../config/network.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import { isAtSize } from '../config/settings.js';
import { tuningOf } from '../finetuning/finetuning-recipe.js';
import { ExperimentContext, type ExperimentOptions, NotFinished } from '../parts/context.js';
import { trainingBytes } from '../parts/cost.js';
import { NodeFailure } from '../parts/failure.js';
import { isPretrained } from '../parts/graph.js';
import { GraphRun } from '../run-graph.js';
import { requireDinov2 } from '../starts/pretrain-dinov2.js';
import { publishedWeights } from '../starts/published-weights.js';
import { openStart } from '../starts/start.js';

export interface Survey {
  context: ExperimentContext;
  /** Ids of the nodes that are finished, by the keys of their parts. */
  finished: Set<string>;
  /** As they are fine-tuned, by initialization; of one that goes on from weights, the experiment's own. */
  networks: Map<string, ModelConfig>;
  /** Why it cannot run, each one once; empty where it can. */
  refusals: string[];
}

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

export interface SurveyOptions extends Omit<ExperimentOptions, 'progress' | 'only'> {
  /** Whether it will run on other machines: device and memory of this one do not count. */
  elsewhere?: boolean;
}

/** Looks at everything that an experiment needs. Throws what is no fault of the person who wrote it. */
export async function survey(options: SurveyOptions): Promise<Survey> {
  const { config, dataRoot, elsewhere = false } = options;
  const refusals = new Set<string>();
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      const error = thrown instanceof NodeFailure ? thrown.cause : thrown;
      if (error instanceof InputError) refusals.add(messageOf(error));
      else if (!(error instanceof NotFinished || error instanceof Diverged)) throw error;
      return undefined;
    }
  };
  await attempt(() => requireOwnNetwork(config));
  for (const start of config.initializations) {
    if (start.from === 'ssl' && start.method === 'dinov2') await attempt(() => requireDinov2(config, dataRoot, start));
  }
  if (!elsewhere) await attempt(() => requireDevice(config.device));
  const context = new ExperimentContext({ ...options, progress: silent, only: [] });
  const run = new GraphRun(context);
  const networks = new Map<string, ModelConfig>();
  for (const start of config.initializations) {
    const network = await attempt(async () => {
      if (!isPretrained(start)) return (await run.start(start.name)).variants[0]!.network;
      const begun = start.from === 'supervised' ? start.start : undefined;
      return begun && (await publishedWeights({ dataRoot, config }, start.name, begun)).network;
    });
    if (network) networks.set(start.name, network);
    else if (start.from !== 'weights') {
      const own = await attempt(() => fineTuned(ownNetwork(config), config));
      if (own) networks.set(start.name, own);
    }
  }
  const finished = new Set<string>();
  for (const node of context.graph) {
    if (node.kind === 'test') continue;
    if (await attempt(() => run.one(node).then(() => true))) finished.add(node.id);
  }
  for (const start of config.initializations) {
    // What it is pretrained on waits for the data sets that are tested on: its tables are opened all the same.
    if (isPretrained(start) && !finished.has(context.ids.data(start.name)))
      await attempt(() => openStart(context, start));
  }
  if (config.device === 'cpu' && !elsewhere) {
    const all = context.settings.flatMap(({ config: { initializations, model, finetuning } }) =>
      initializations.filter((it) => isAtSize({ model }, it)).map(({ name }) => ({ name, model, finetuning })),
    );
    for (const { name, model, finetuning } of refusals.size === 0 ? all : []) {
      const network = { ...networks.get(name)!, imageSize: model.imageSize };
      const needed = trainingBytes(network, tuningOf(finetuning), finetuning.batchSize);
      if (refusals.size === 0 && needed > OVERESTIMATE * totalmem()) refusals.add(tooLarge(name, needed));
    }
  }
  return { context, finished, networks, refusals: [...refusals] };
}

const GIB = 2 ** 30;

/** A training took 0.8 of the formula's bytes (ViT-B, 577 tokens, batch 8): only what is surely too large is refused. */
const OVERESTIMATE = 1.25;

const tooLarge = (name: string, bytes: number) =>
  `${name}: found about ${(bytes / GIB).toFixed(1)} GiB that a fine-tuning of it takes; expected at most the machine's ${(totalmem() / GIB).toFixed(1)} GiB. Lower finetuning.batchSize (accumulate keeps the step), or take a smaller model.`;

/** Throws an InputError where the experiment builds a network of its own that cannot be built or fine-tuned so. */
export function requireOwnNetwork(config: ExperimentConfig): void {
  const bringsNetwork = (start: Initialization) =>
    start.from === 'weights' || (start.from === 'supervised' && start.start !== undefined);
  if (config.initializations.every(bringsNetwork)) return;
  requireNetwork(fineTuned(ownNetwork(config), config), config);
}

/** Bytes that are free where a folder is, or will be. */
export function freeBytes(folder: string): number {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  return bavail * bsize;
}

/** Throws one InputError that lists every reason why the experiment cannot run. */
export function requireNone(refusals: readonly string[]): void {
  if (refusals.length > 0) throw new InputError(refusals.join('\n'));
}
