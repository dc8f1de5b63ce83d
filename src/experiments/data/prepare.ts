import { join } from 'node:path';
import { contentHash, InputError, inputError, readNpy, writeNpy } from '../../base/index.js';
import {
  ofSplit,
  posWeight,
  type Radiograph,
  type RadiographDataset,
  SPLITS,
  type Split,
} from '../../datasets/index.js';
import { borderRing, type ImageReader, pixelStatistics, scan, thumbnail } from '../../imaging/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import { networkInput } from '../config/network-input.js';
import type { RadiographSource } from '../config/schema.js';
import type { ExperimentContext } from '../parts/context.js';
import { partOf } from '../parts/part.js';
import type { Running } from '../parts/running.js';
import { openImages, type RadiographImages } from './images.js';

export { splitIndices } from './split-indices.js';

/** A data set ready for training: only radiographs that can be read. */
export interface PreparedDataset {
  name: string;
  dataset: RadiographDataset;
  findings: string[];
  /** Readable ones; `store` and the labels follow this order. */
  radiographs: Radiograph[];
  store: ImageReader;
  /** Where the pixels come from. */
  images: RadiographImages;
  unreadable: UnreadableImage[];
  /** `[N * F]`: 1, 0, NaN. */
  labels: Float32Array;
  /** Changes with any radiograph, label, split or preprocessing. */
  fingerprint: string;
  /** What the shortcut predictors see, per radiograph. */
  pixels: PixelFeatures;
  /** The same, inside and outside the lungs, or why not; absent where no shortcut is looked for. */
  lungs?: LungThumbnails | { reason: string };
}

/** What a test needs of a data set: all but its images. */
export type TestedDataset = Omit<PreparedDataset, 'store' | 'images'>;

export interface PixelFeatures {
  /** `[N * 256]`, 16 x 16 area means, 0..1. */
  thumbnails: Float32Array;
  /** `[N * 2]`: mean and standard deviation, 0..1. */
  statistics: Float32Array;
  /** `[N * 60]`: the outer ring of the thumbnail. */
  borders: Float32Array;
}

/** `[N * 256]` each, 16 x 16 area means, 0..1, of images that are black outside or inside the lungs; NaN in validation rows. */
export interface LungThumbnails {
  lungOnly: Float32Array;
  lungFree: Float32Array;
}

/** An image that is left out, and why. */
export interface UnreadableImage {
  id: string;
  reason: string;
}

/** Unreadable images that a message names. */
const SHOWN = 5;
/** Cells of a side. */
export const THUMBNAIL = 16;
const BORDER = 4 * (THUMBNAIL - 1);

export interface PrepareOptions {
  /** Id of the graph's node that the data set is a part of. */
  node: string;
  /** Those that must not be empty; all unless given. Without the training split no finding has to be trainable. */
  splits?: readonly Split[];
  /** May throw. */
  require?(tables: DatasetTables): void;
}

/**
 * Opens a data set, reads every image once and keeps what can be read. Throws an InputError for an empty split and for a
 * finding that cannot be trained, before it reads an image where the tables tell already.
 */
export async function prepareDataset(
  context: ExperimentContext,
  name: string,
  source: RadiographSource,
  { node, splits = SPLITS, require = () => {} }: PrepareOptions,
): Promise<PreparedDataset> {
  const { config } = context;
  const { preprocessing } = networkInput(config);
  const images = openImages(context, source, preprocessing);
  const { dataset } = images;
  const findings = dataset.findings.map((finding) => finding.name);
  const all = dataset.radiographs;
  const rows = all.map((radiograph) => {
    const { id, patient, split, labels } = radiograph;
    return [id, contentHash(patient), split, [...labels].map(String), images.bytes(radiograph)];
  });
  const fingerprint = contentHash({ rows, findings, preprocessing });
  const requireTables = (radiographs: Radiograph[]): DatasetTables => {
    for (const split of splits) {
      if (radiographs.some((radiograph) => radiograph.split === split)) continue;
      throw inputError({
        what: `${name}: ${split} split`,
        found: 'no readable radiograph',
        expected: 'at least one',
        fix: `Check it with: hilum data check ${source.type} --root ${source.root}${split === 'test' ? '' : '; role: external is for data sets to test on alone'}`,
      });
    }
    const labels = new Float32Array(radiographs.length * findings.length);
    for (const [i, radiograph] of radiographs.entries()) labels.set(radiograph.labels, i * findings.length);
    const reader = (some: readonly Radiograph[]) => images.reader(some, preprocessing, 0);
    const tables = { name, dataset, findings, radiographs, labels, reader };
    if (splits.includes('train')) trainingWeights(tables);
    require(tables);
    return tables;
  };
  context.tables.set(node, requireTables(all));
  const part = partOf(context.folder, `prepare ${name}`, { fingerprint });
  const pixelPath = join(part.folder, 'pixels.npy');
  const width = THUMBNAIL * THUMBNAIL + 2;
  const allStore = images.reader(all, preprocessing);

  const scanAll = async ({ progress }: Running) => {
    const values = new Float32Array(all.length * width).fill(Number.NaN);
    const line = progress.start({ name: `read ${name}`, total: all.length, unit: 'images' });
    const result = await scan(allStore, {
      onProgress: (done) => {
        context.throwIfStopped();
        line.update(done);
      },
      onImage: (i, pixels) => {
        const { mean, standardDeviation } = pixelStatistics(pixels, preprocessing.size);
        values.set(thumbnail(pixels, preprocessing.size, THUMBNAIL), i * width);
        values.set([mean, standardDeviation], i * width + THUMBNAIL * THUMBNAIL);
      },
    });
    line.end(`${result.readable.length} radiographs read, ${result.unreadable.length} unreadable`);
    writeNpy(pixelPath, { shape: [all.length, width], data: values });
    return { unreadable: result.unreadable.map(({ index, reason }) => ({ id: all[index]!.id, reason })) };
  };
  const { unreadable } = await context.finish({ node, part, work: scanAll });

  reportUnreadable(context, name, unreadable, all.length);
  const bad = new Set(unreadable.map(({ id }) => id));
  const kept = all.map((_, i) => i).filter((i) => !bad.has(all[i]!.id));
  const radiographs = kept.map((i) => all[i]!);
  const tables = requireTables(radiographs);
  const prepared: PreparedDataset = {
    name,
    dataset,
    findings,
    radiographs,
    store: bad.size === 0 ? allStore : images.reader(radiographs, preprocessing),
    images,
    unreadable,
    labels: tables.labels,
    fingerprint: contentHash({ fingerprint, unreadable: [...bad].sort() }),
    pixels: splitPixels(readNpy(pixelPath).data as Float32Array, kept, width),
  };
  return prepared;
}

/**
 * As `prepareDataset`, of radiographs to pretrain on: those that the experiment tests on, as one of another data set, or of the same one
 * in other splits, count to the test split here too.
 */
export async function prepareToPretrain(
  context: ExperimentContext,
  name: string,
  source: RadiographSource,
): Promise<PreparedDataset> {
  const prepared = await prepareDataset(context, name, source, { node: context.ids.data(name) });
  const isTested = ({ split, path }: Radiograph) => split !== 'test' && context.testImages.has(path);
  const tested = prepared.radiographs.filter(isTested).map(({ id }) => id);
  if (tested.length === 0) return prepared;
  context.progress.print(
    `note: ${name}: ${tested.length} radiographs are left out, since the experiment tests on them`,
  );
  const radiographs = prepared.radiographs.map((it) => (isTested(it) ? { ...it, split: 'test' as const } : it));
  return { ...prepared, radiographs, fingerprint: contentHash([prepared.fingerprint, tested]) };
}

/**
 * Says which images are left out. Throws an InputError that lists them where the experiment is strict.
 */
export function reportUnreadable(
  { strict, progress }: ExperimentContext,
  name: string,
  unreadable: readonly UnreadableImage[],
  of: number,
): void {
  if (unreadable.length === 0) return;
  const shown = unreadable.slice(0, SHOWN).map(({ id, reason }) => `${id} (${reason})`);
  if (unreadable.length > SHOWN) shown.push(`${unreadable.length - SHOWN} more`);
  const found = `${unreadable.length} of ${of} images that cannot be read: ${shown.join(', ')}`;
  if (strict) {
    const fix = 'Repair or remove them, or run without --strict to leave them out.';
    throw inputError({ what: name, found, expected: 'readable images alone', fix });
  }
  progress.print(`warning: ${name}: ${found}; they are left out`);
}

/** Throws an InputError where not one batch can be filled from `images` images, before anything is trained. */
export function requireOneBatch(field: string, batchSize: number, images: number, of: string): void {
  if (batchSize <= images) return;
  const expected = `at most ${images}, the images that ${of} has to train on`;
  throw inputError({ what: field, found: `${batchSize}`, expected, fix: 'Lower it.' });
}

/**
 * `pos_weight` `[F]` of the rows that training really uses. Throws an InputError for a finding with one class only.
 */
export function trainingWeights({
  name,
  dataset,
  radiographs,
}: Pick<DatasetTables, 'name' | 'dataset' | 'radiographs'>): Float32Array {
  try {
    return posWeight(ofSplit({ ...dataset, radiographs }, 'train'), dataset.findings);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${name}: ${error.message}`) : error;
  }
}

function splitPixels(values: Float32Array, kept: readonly number[], width: number): PixelFeatures {
  const cells = THUMBNAIL * THUMBNAIL;
  const thumbnails = new Float32Array(kept.length * cells);
  const statistics = new Float32Array(kept.length * 2);
  const borders = new Float32Array(kept.length * BORDER);
  for (const [row, i] of kept.entries()) {
    const own = values.subarray(i * width, i * width + cells);
    thumbnails.set(own, row * cells);
    statistics.set(values.subarray(i * width + cells, (i + 1) * width), row * 2);
    borders.set(borderRing(own), row * BORDER);
  }
  return { thumbnails, statistics, borders };
}
