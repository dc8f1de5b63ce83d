import { imagePool, type ScanOptions, scanFiles } from '../imaging/index.js';
import type { RadiographDataset, Split } from './radiograph.js';
import { type PatientOverlap, patientsInTwoSplits } from './split.js';
import { type SplitSummary, summarize } from './summary.js';

/** What is right and wrong with a data set on disk, as JSON can hold it. Ids are image ids, never patients. */
export interface DatasetCheck {
  name: string;
  root: string;
  /** Counts of the rows with an image on disk, readable or not. */
  splits: Record<Split, SplitSummary>;
  unreadable: { id: string; reason: string }[];
  rowsWithoutImage: string[];
  imagesWithoutRow: string[];
  patientsInTwoSplits: PatientOverlap;
  notes: string[];
}

export interface CheckOptions extends Pick<ScanOptions, 'concurrency' | 'onProgress'> {
  /** False: the images are counted and not decoded, and none counts as unreadable. True by default. */
  decode?: boolean;
}

/**
 * Decodes every image of a data set from `indexRadiographs` once, some at a time, and counts. Nothing that is wrong with the data
 * stops it. The order of the result does not depend on `concurrency`.
 */
export async function checkRadiographs(
  dataset: RadiographDataset,
  { decode = true, ...options }: CheckOptions = {},
): Promise<DatasetCheck> {
  const { name, root, radiographs, rowsWithoutImage, imagesWithoutRow, notes } = dataset;
  const images = decode ? [...new Map(radiographs.map(({ id, path }) => [id, path]))] : [];
  const paths = images.map(([, path]) => path);
  const { unreadable } = await scanFiles(paths, (path) => imagePool().render({ kind: 'file', path }, []), options);
  return {
    name,
    root,
    splits: summarize(dataset),
    unreadable: unreadable.map(({ index, reason }) => ({ id: images[index]![0], reason })),
    rowsWithoutImage,
    imagesWithoutRow,
    patientsInTwoSplits: patientsInTwoSplits(radiographs),
    notes,
  };
}
