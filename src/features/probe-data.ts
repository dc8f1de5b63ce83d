import { inputError, Random } from '../base/index.js';
import { type Picture, type PictureSet, type RadiographDataset, SPLITS, type Split } from '../datasets/index.js';
import type { ImageSource } from '../imaging/index.js';

/** Images with labels in three splits, to judge weights by. */
export interface ProbeData {
  name: string;
  /** Findings that an image may have several of, or classes of which it has one. */
  kind: 'findings' | 'classes';
  /** Names of the findings or classes. */
  names: string[];
  splits: Record<Split, ProbeImage[]>;
  notes: string[];
}

export interface ProbeImage {
  id: string;
  source: ImageSource;
  /** Of findings `[F]`: 1, 0, NaN; of classes the one number. */
  labels: Float32Array | number;
  /** Who is redrawn together in the bootstrap: the patient, or, of pictures, the picture itself. */
  group: string;
}

export interface ProbeDataOptions {
  /** At most so many images per split, drawn by the seed. */
  limit?: number;
  seed: number;
}

/** Radiographs in the splits of their data set. Throws an InputError for an empty split. */
export function radiographProbe(dataset: RadiographDataset, options: ProbeDataOptions): ProbeData {
  const images = dataset.radiographs.map(({ id, path, labels, patient, split }) => ({
    split,
    image: { id, source: { kind: 'file', path } as const, labels, group: patient },
  }));
  const { name, findings, notes } = dataset;
  return { name, kind: 'findings', names: findings.map((it) => it.name), splits: divide(name, images, options), notes };
}

/** Shares of each class that are trained and validated on; the rest is tested on. */
const DRAWN = { train: 0.7, validate: 0.1 };
/** Of the training pictures, where the publisher says which are tested on. */
const PUBLISHED = { train: 0.9, validate: 0.1 };

/**
 * Pictures in splits that are drawn by the seed, class by class: 70, 10 and 20 %; where some are published as those to test on, these
 * are, and 90 and 10 % of the others the rest. Throws an InputError for an empty split.
 */
export function pictureProbe(set: PictureSet, options: ProbeDataOptions): ProbeData {
  const published = new Set(set.pictures.map(({ split }) => split)).size > 1;
  const shares = published ? PUBLISHED : DRAWN;
  const images = set.classes.flatMap((_, label) => {
    const all = set.pictures.filter((picture) => picture.label === label);
    const isTest = ({ split }: Picture) => published && split === 'test';
    const own = all.filter((picture) => !isTest(picture));
    const order = Random.of(options.seed, 'probe split', label).permutation(own.length);
    const drawn = Array.from(order, (i, place) => {
      const share = (place + 0.5) / own.length;
      const split: Split =
        share < shares.train ? 'train' : share < shares.train + shares.validate ? 'validate' : 'test';
      return { split, image: imageOf(own[i]!) };
    });
    return [...drawn, ...all.filter(isTest).map((picture) => ({ split: 'test' as const, image: imageOf(picture) }))];
  });
  const { name, classes, notes } = set;
  return { name, kind: 'classes', names: classes, splits: divide(name, images, options), notes };
}

const imageOf = ({ id, source, label }: Picture): ProbeImage => ({ id, source, labels: label, group: id });

function divide(
  name: string,
  images: readonly { split: Split; image: ProbeImage }[],
  { limit = Number.POSITIVE_INFINITY, seed }: ProbeDataOptions,
): ProbeData['splits'] {
  const of = (split: Split) => {
    const own = images.filter((it) => it.split === split).map(({ image }) => image);
    if (own.length === 0) {
      const fix = 'Take more images, for pictures several of each class.';
      throw inputError({ what: `${name}: ${split} split`, found: 'no image', expected: 'one at least', fix });
    }
    if (own.length <= limit) return own;
    const chosen = Random.of(seed, 'probe limit', split).permutation(own.length).slice(0, limit).sort();
    return Array.from(chosen, (i) => own[i]!);
  };
  return Object.fromEntries(SPLITS.map((split) => [split, of(split)])) as ProbeData['splits'];
}
