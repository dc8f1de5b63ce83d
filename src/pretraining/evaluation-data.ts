import { inputError } from '../base/index.js';
import { type IndexProgress, SPLITS, type Split } from '../datasets/index.js';
import type { ProbeData, ProbeImage } from '../features/index.js';
import { type CropRecipe, ImageStore, naturalPreprocessing, type Preprocessing, scan } from '../imaging/index.js';
import type { Feed } from '../training/index.js';
import type { Evaluation } from './evaluate.js';
import { type LabelledImages, openLabelled } from './labelled-images.js';
import { judgedFindings, type Labels, labelsOf } from './labels.js';
import { cropRecipe, type RecipeName } from './network.js';
import type { PretrainingConfig } from './schema.js';

/** Pictures with labels, in the splits that `hilum probe folder` draws with the same seed; radiographs as `openLabelled` divides them. */
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
  labelled?: LabelledImages;
  signal?: AbortSignal;
  onIndex?(source: string, progress: IndexProgress): void;
  onRead?(done: number, total: number): void;
}

const BATCH = 32;

/**
 * Opens the labelled pictures and reads each once, so that one that cannot be read is left out now; null where the configuration has
 * none. Throws an InputError for fewer training pictures than neighbours, for labels that tell nothing apart, and as `openLabelled`.
 */
export async function openEvaluation(
  config: PretrainingConfig,
  { recipe, labelled, signal, onIndex, onRead }: OpenEvaluationOptions,
): Promise<EvaluationData | null> {
  const { k, linear } = config.evaluation;
  const opened = labelled ?? (await openLabelled(config.evaluation, { signal, onIndex }));
  if (opened === null) return null;
  const data = opened.inSplits(config.seed);
  const sources = SPLITS.flatMap((split) => data.splits[split].map(({ source }) => source));
  const store = new ImageStore(sources, preprocessingOf(cropRecipe(config, recipe)));
  const onImage = (done: number, total: number) => {
    signal?.throwIfAborted();
    onRead?.(done, total);
  };
  const { readable, unreadable } = await scan(store, { onProgress: onImage });
  const splits = readableOf(data, readable);
  const labels = labelsOf(data, splits);
  checkLabels(labels, splits, data.name, config.evaluation);
  return {
    feed: { store, indices: Int32Array.from(readable), batchSize: BATCH },
    evaluation: { k, linear, labels },
    unreadable,
    notes: opened.notes,
    fingerprint: opened.fingerprint(),
  };
}

/** The images at `readable`, which counts through all splits. Throws an InputError for a split without any. */
function readableOf({ name, splits }: ProbeData, readable: Iterable<number>): Record<Split, ProbeImage[]> {
  const wanted = new Set(readable);
  let start = 0;
  const next = (split: Split) => {
    const own = splits[split].filter((_, i) => wanted.has(start + i));
    start += splits[split].length;
    if (own.length > 0) return own;
    throw inputError({ what: `${name}: ${split} split`, found: 'no image that can be read', expected: 'one at least' });
  };
  return { train: next('train'), validate: next('validate'), test: next('test') };
}

function checkLabels(
  labels: Labels,
  { train }: Record<Split, readonly ProbeImage[]>,
  name: string,
  { k, linear }: PretrainingConfig['evaluation'],
): void {
  if (k > train.length) {
    const expected = `1 to ${train.length}, the training pictures of ${name}`;
    throw inputError({
      what: 'evaluation.k',
      found: `${k}`,
      expected,
      fix: `Write evaluation: {k: ${Math.min(10, train.length)}} into the file, or label more pictures.`,
    });
  }
  if (labels.kind === 'classes') return;
  if (judgedFindings(labels, linear ? SPLITS : ['train', 'test']).length > 0) return;
  throw inputError({
    what: `evaluation: ${name}`,
    found: 'no finding with positives and negatives in each of its splits',
    expected: 'one at least',
    fix: 'Take more images (evaluation.limit), or other findings.',
  });
}

/** As the crops see the levels; the whole radiograph, of pictures the centre. */
function preprocessingOf({ channels, intensity, global: [{ size }] }: CropRecipe): Preprocessing {
  const common = { ...intensity, channels, size };
  return channels === 3
    ? { ...naturalPreprocessing, interpolation: 'bicubic', ...common }
    : { ...common, fit: 'stretch' };
}
