/** What trained models still tell from test images of which something was taken away. */
import { basename, join, resolve } from 'node:path';
import { networkInput } from '../config/network-input.js';
import type { ExperimentConfig } from '../config/schema.js';
import { type Masks, openMasks, requireMaskFolder } from '../data/masks.js';
import { type PreparedDataset, splitIndices } from '../data/prepare.js';
import type { CellRuns, FinetuneResult } from '../finetuning/finetune.js';
import { predictImages } from '../finetuning/predict-images.js';
import type { ExperimentContext } from '../parts/context.js';
import { partOf } from '../parts/part.js';
import { DEGRADATIONS, type Degradation } from '../result/index.js';
import { DegradedImages, imageDegradation } from './degraded-images.js';
import type { DegradedRun } from './degraded-results.js';

export type { DegradedRun } from './degraded-results.js';

const OF_LUNGS: readonly Degradation[] = ['lung-only', 'lung-free'];

/** The degradations that an experiment asks for: unless it says which, all for which there are masks. */
export function degradationsOf({ statistics, datasets }: ExperimentConfig, dataset: string): readonly Degradation[] {
  const { masks } = datasets.find(({ name }) => name === dataset)!;
  return statistics.degraded ?? DEGRADATIONS.filter((it) => masks !== undefined || !OF_LUNGS.includes(it));
}

/** Throws an InputError where a folder of masks is not there. */
export function requireAllMasks({ datasets }: ExperimentConfig, dataRoot: string): void {
  for (const { name, masks } of datasets) if (masks !== undefined) requireMaskFolder(name, resolve(dataRoot, masks));
}

/**
 * Lets the first run of each cell predict degraded test images, as parts of the experiment. One run tells what a recipe comes to read; its
 * AUROC is compared with its own on the images as they are, so that no variance between trainings is in the share.
 */
export async function degradedRuns(context: ExperimentContext, cells: readonly CellRuns[]): Promise<DegradedRun[]> {
  const { dataset } = cells[0]!;
  const { config, dataRoot } = context;
  const { masks: folder } = config.datasets.find(({ name }) => name === dataset.name)!;
  const degradations = degradationsOf(config, dataset.name);
  const test = splitIndices(dataset, 'test');
  const needsMasks = degradations.some((it) => OF_LUNGS.includes(it));
  const masks: Masks | { reason: string } =
    needsMasks && folder !== undefined
      ? openMasks(resolve(dataRoot, folder), dataset.radiographs, test, networkInput(config).preprocessing)
      : { reason: 'the experiment names no masks of the lungs' };
  return context.all(
    cells.flatMap(({ start, runs }) =>
      degradations.map(async (degradation): Promise<DegradedRun> => {
        const [first] = runs as [FinetuneResult];
        const { pretrainingSeed, seed, folder } = first;
        const run = { ...(pretrainingSeed !== undefined && { pretrainingSeed }), seed };
        const base = { initialization: start.summary.name, degradation, run, plain: join(folder, 'predictions.csv') };
        if (OF_LUNGS.includes(degradation) && 'reason' in masks) {
          const description = degradation === 'lung-only' ? 'the lungs' : 'all but the lungs';
          return { ...base, description, reason: masks.reason };
        }
        const own = 'reason' in masks ? undefined : masks;
        const title = `${dataset.name} ${start.summary.name}: ${degradation}`;
        return { ...base, ...(await predictDegraded(context, title, dataset, first, degradation, own)) };
      }),
    ),
  );
}

async function predictDegraded(
  context: ExperimentContext,
  title: string,
  dataset: PreparedDataset,
  run: FinetuneResult,
  degradation: Degradation,
  masks: Masks | undefined,
): Promise<{ predictions: string; description: string }> {
  const { seed, device } = context.config;
  const { radiographs, findings, store } = dataset;
  const test = splitIndices(dataset, 'test');
  const idOf = (index: number) => radiographs[index]!.id;
  const how = imageDegradation(degradation, store.shape, { seed, idOf, masks });
  const name = `${degradation} of ${basename(run.folder)}`;
  const part = partOf(context.folder, name, { run: basename(run.folder), degradation, how: how.key, device });
  const predictions = await predictImages(context, {
    node: context.ids.test(dataset.name),
    part,
    title,
    run: run.folder,
    findings,
    images: new DegradedImages(store, how),
    indices: test,
    rows: Array.from(test, (index) => radiographs[index]!),
  });
  return { predictions, description: how.description };
}
