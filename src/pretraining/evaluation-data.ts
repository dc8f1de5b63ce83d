import { inputError } from '../base/index.js';
import { type IndexProgress, openPictureSource, type PictureList, SPLITS } from '../datasets/index.js';
import { pictureProbe } from '../features/index.js';
import { type CropRecipe, ImageStore, naturalPreprocessing, type Preprocessing, scan } from '../imaging/index.js';
import type { Feed } from '../training/index.js';
import type { Evaluation } from './evaluate.js';
import { cropRecipe, type RecipeName } from './network.js';
import type { PretrainingConfig } from './schema.js';
import type { OpenOptions } from './sources.js';

/** Pictures with labels, in the splits that `hilum probe folder` draws with the same seed. */
export interface EvaluationData {
  feed: Feed;
  evaluation: Evaluation;
  unreadable: { name: string; reason: string }[];
  notes: readonly string[];
  fingerprint: string;
}

export interface OpenEvaluationOptions {
  recipe: RecipeName;
  /** The labelled pictures, where they are open already. */
  labelled?: PictureList;
  signal?: AbortSignal;
  onIndex?(source: string, progress: IndexProgress): void;
  onRead?(done: number, total: number): void;
}

const BATCH = 32;

/** Opens the labelled pictures that a configuration names; null where it names none. Throws as `openPictureSource`. */
export async function openLabelled(
  { source, kind, column, split, limit }: PretrainingConfig['evaluation'],
  { signal, onIndex }: OpenOptions = {},
): Promise<PictureList | null> {
  if (source === null) return null;
  return openPictureSource({
    source,
    kind,
    column,
    split,
    limit: limit ?? undefined,
    labels: true,
    signal,
    onProgress: (progress) => onIndex?.(source, progress),
  });
}

/**
 * Opens the labelled pictures and reads each once, so that one that cannot be read is left out now; null where the configuration has
 * none. Throws an InputError for fewer training pictures than neighbours, and as `openPictureSource` and `pictureProbe`.
 */
export async function openEvaluation(
  config: PretrainingConfig,
  { recipe, labelled, signal, onIndex, onRead }: OpenEvaluationOptions,
): Promise<EvaluationData | null> {
  const { source, every, k, linear } = config.evaluation;
  const list = labelled ?? (await openLabelled(config.evaluation, { signal, onIndex }));
  if (list === null) return null;
  const preprocessing = preprocessingOf(cropRecipe(config, recipe));
  const store = new ImageStore(list, preprocessing);
  const onImage = (done: number, total: number) => {
    signal?.throwIfAborted();
    onRead?.(done, total);
  };
  const { readable, unreadable } = await scan(store, { onProgress: onImage });
  const numbers = new Map(Array.from(readable, (i) => [list.id(i), i]));
  const pictures = Array.from(readable, (i) => ({
    id: list.id(i),
    source: list.at(i)!,
    label: list.label(i),
    split: list.split(i),
  }));
  const { name, classes, notes } = list;
  const { splits } = pictureProbe({ name, classes: [...classes], pictures, notes: [...notes] }, { seed: config.seed });
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
function preprocessingOf({ channels, intensity, global: [{ size }] }: CropRecipe): Preprocessing {
  const common = { ...intensity, channels, size };
  return channels === 3
    ? { ...naturalPreprocessing, interpolation: 'bicubic', ...common }
    : { ...common, fit: 'stretch' };
}
