import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { inputError } from '../../base/index.js';
import { openRadiographs, type Radiograph, type RadiographDataset } from '../../datasets/index.js';
import { ImageCache, type ImageReader, ImageStore, type Preprocessing, prepareCommand } from '../../imaging/index.js';
import type { RadiographSource } from '../config/schema.js';
import type { ExperimentContext } from '../parts/context.js';

/** The radiographs of a data set, and where their pixels come from: their files, or a cache. */
export interface RadiographImages {
  dataset: RadiographDataset;
  /** Size of an image's file, so that a replaced image counts as changed; null where there is none. */
  bytes(radiograph: Radiograph): number | null;
  /** Preprocessed images in the order given; of files, at most `cacheBytes` of pixels are kept in memory. */
  reader(radiographs: readonly Radiograph[], preprocessing: Preprocessing, cacheBytes?: number): ImageReader;
}

/**
 * Opens a data set as an experiment names it. With a cache, the images themselves may be absent. Throws an InputError,
 * with the command to type, for a cache that is not there, is of another data set, or does not have the images as they
 * are now.
 */
export function openImages(
  { config, dataRoot, settings }: ExperimentContext,
  { cache, ...source }: RadiographSource,
  preprocessing: Preprocessing,
): RadiographImages {
  const { type, root: folder, ...options } = source;
  const root = resolve(dataRoot, folder);
  const open = (requireImages: boolean) =>
    openRadiographs(type, { ...options, root, seed: config.seed, requireImages });
  if (cache === undefined) {
    return {
      dataset: open(true),
      bytes: ({ path }) => bytesOf(path),
      reader: (radiographs, options, cacheBytes) =>
        new ImageStore(
          radiographs.map(({ path }) => ({ kind: 'file', path })),
          options,
          { cacheBytes },
        ),
    };
  }
  const sizes = [...settings.map((setting) => setting.config.model.imageSize), preprocessing.size];
  const images = openCache(resolve(dataRoot, cache), { ...source, root }, preprocessing, sizes);
  const dataset = withoutAbsent(open(false), images);
  images.requireUnchanged(
    dataset.radiographs.map(({ id }) => id),
    root,
  );
  return {
    dataset,
    bytes: ({ id }) => images.entry(id)?.bytes ?? null,
    reader: (radiographs, options) =>
      images.images(
        radiographs.map(({ id }) => id),
        options,
      ),
  };
}

/** `sizes`: of all images that the experiment wants of it, so that one pass makes them all. */
function openCache(
  folder: string,
  { type, root, description, labels, views }: RadiographSource,
  wanted: Preprocessing,
  sizes: readonly number[],
) {
  const source = { name: type, root, options: { description, labels, views } };
  const { size: _, minMax, equalize, ...geometry } = wanted;
  const ascending = [...new Set(sizes)].sort((a, b) => a - b);
  const command = () =>
    prepareCommand(folder, source, { ...geometry, sizes: ascending, bits: 8, intensity: { minMax, equalize } });
  if (!ImageCache.isIn(folder)) {
    const fix = `Prepare it: ${command()}`;
    throw inputError({ what: `cache ${folder}`, found: 'no finished cache', expected: 'one', fix });
  }
  const cache = ImageCache.open(folder);
  const { name } = cache.index.source;
  if (name === type) return cache;
  throw inputError({ what: `cache ${folder}`, found: `images of ${name}`, expected: `images of ${type}` });
}

/** Without the rows that had no image when the cache was made. */
function withoutAbsent(dataset: RadiographDataset, cache: ImageCache): RadiographDataset {
  const absent = ({ id }: Radiograph) => cache.entry(id)?.state === 'absent';
  return {
    ...dataset,
    radiographs: dataset.radiographs.filter((radiograph) => !absent(radiograph)),
    rowsWithoutImage: dataset.radiographs.filter(absent).map(({ id }) => id),
  };
}

/** Size of a file; null where there is none. */
export function bytesOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}
