import { inputError } from '../base/index.js';
import { type IndexProgress, openPictureSource, SPLITS } from '../datasets/index.js';
import { pictureProbe } from '../features/index.js';
import { ImageStore, naturalPreprocessing, type Preprocessing, scan } from '../imaging/index.js';
import type { Feed } from '../training/index.js';
import type { Evaluation } from './evaluate.js';
import type { RecipeName } from './network.js';
import type { PretrainingConfig } from './schema.js';

/** Pictures with labels, in the splits that `hilum probe folder` draws with the same seed. */
export interface EvaluationData {
  feed: Feed;
  evaluation: Evaluation;
  unreadable: { name: string; reason: string }[];
  notes: readonly string[];
  fingerprint: string;
}

export interface OpenEvaluationOptions {
  size: number;
  recipe: RecipeName;
  signal?: AbortSignal;
  onIndex?(source: string, progress: IndexProgress): void;
  onRead?(done: number, total: number): void;
}

const BATCH = 32;

/**
 * Opens the labelled pictures and reads each once, so that one that cannot be read is left out now; null where the configuration has
 * none. Throws an InputError for fewer training pictures than neighbours, and as `openPictureSource` and `pictureProbe`.
 */
export async function openEvaluation(
  { evaluation, seed }: PretrainingConfig,
  { size, recipe, signal, onIndex, onRead }: OpenEvaluationOptions,
): Promise<EvaluationData | null> {
  const { source, kind, column, limit, every, k, linear } = evaluation;
  if (source === null) return null;
  const onProgress = (progress: IndexProgress) => onIndex?.(source, progress);
  const options = { source, kind, column, limit: limit ?? undefined, labels: true, signal, onProgress };
  const list = await openPictureSource(options);
  const preprocessing = preprocessingOf(recipe, size);
  const store = new ImageStore(list, preprocessing);
  const onImage = (done: number, total: number) => {
    signal?.throwIfAborted();
    onRead?.(done, total);
  };
  const { readable, unreadable } = await scan(store, { onProgress: onImage });
  const numbers = new Map(Array.from(readable, (i) => [list.id(i), i]));
  const pictures = Array.from(readable, (i) => ({ id: list.id(i), source: list.at(i)!, label: list.label(i) }));
  const { name, classes, notes } = list;
  const { splits } = pictureProbe({ name, classes: [...classes], pictures, notes: [...notes] }, { seed });
  if (k > splits.train.length) {
    const expected = `1 to ${splits.train.length}, the training pictures of ${source}`;
    throw inputError({ what: 'evaluation.k', found: `${k}`, expected });
  }
  const images = SPLITS.flatMap((split) => splits[split]);
  const labelsOf = (split: keyof typeof splits) => Int32Array.from(splits[split], ({ labels }) => labels as number);
  return {
    feed: { store, indices: Int32Array.from(images, ({ id }) => numbers.get(id)!), batchSize: BATCH },
    evaluation: {
      every,
      k,
      linear,
      classes,
      labels: { train: labelsOf('train'), validate: labelsOf('validate'), test: labelsOf('test') },
    },
    unreadable,
    notes,
    fingerprint: list.fingerprint(),
  };
}

/** As the crops see the levels; the whole radiograph, of pictures the centre. */
const preprocessingOf = (recipe: RecipeName, size: number): Preprocessing =>
  recipe === 'natural'
    ? { ...naturalPreprocessing, interpolation: 'bicubic', size }
    : { size, channels: 1, minMax: true, equalize: false, fit: 'stretch' };
