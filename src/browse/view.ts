import { Random } from '../base/index.js';
import type { Radiograph } from '../datasets/index.js';
import {
  augmentRadiographs,
  decodeGray,
  ImageStore,
  type Preprocessing,
  pixelStatistics,
  type RadiographAugmentation,
  type ScanOptions,
  scanFiles,
  toUnit,
} from '../imaging/index.js';
import { scope, toFloat32Array } from '../torch/index.js';
import { type GrayRange, grayRange, type Picture, smallPicture, spread } from './picture.js';

/** A radiograph as published and as the network gets it; a reason where it cannot be read. */
export interface SeenRadiograph {
  radiograph: Radiograph;
  seen: Stages | { reason: string };
}

export interface Stages {
  original: {
    width: number;
    height: number;
    bits: 8 | 16;
    range: GrayRange;
    histogram: Float64Array;
    /** What the file's reader says, e.g. `frame 1 of 5`. */
    notes: readonly string[];
    /** Reduced, its own darkest level black and its lightest white. */
    picture: Picture;
  };
  preprocessed: {
    /** `[1, size, size]`, 0..255, the very pixels that training reads. */
    pixels: Uint8Array;
    range: GrayRange;
    histogram: Float64Array;
  };
}

/** Longest side of an original on a page, pixels. */
const ORIGINAL = 512;

/** Reads radiographs the way training does. One that cannot be read is kept with its reason. The preprocessing must have one channel. */
export async function seeRadiographs(
  radiographs: readonly Radiograph[],
  preprocessing: Preprocessing,
  options: Pick<ScanOptions, 'onProgress' | 'concurrency'> = {},
): Promise<SeenRadiograph[]> {
  const paths = radiographs.map(({ path }) => path);
  const store = new ImageStore(
    paths.map((path) => ({ kind: 'file', path })),
    preprocessing,
    { cacheBytes: 0 },
  );
  const stages: Stages[] = [];
  const work = async (path: string, index: number) => {
    const image = await decodeGray({ kind: 'file', path });
    const { width, height, maximum, data, notes = [] } = image;
    const range = grayRange(data);
    const pixels = await store.read(index);
    stages[index] = {
      original: {
        width,
        height,
        bits: maximum === 255 ? 8 : 16,
        range,
        histogram: histogramOf(data, range),
        notes,
        picture: await smallPicture(spread(image, range), ORIGINAL),
      },
      preprocessed: {
        pixels,
        range: grayRange(pixels),
        histogram: histogramOf(pixels, { minimum: 0, maximum: 255 }),
      },
    };
  };
  const { unreadable } = await scanFiles(paths, work, options);
  const reasons = new Map(unreadable.map(({ index, reason }) => [index, reason]));
  return radiographs.map((radiograph, index) => {
    const reason = reasons.get(index);
    return { radiograph, seen: reason === undefined ? stages[index]! : { reason } };
  });
}

const BINS = 64;

/** Shares of the pixels in 64 equal bins from `minimum` to `maximum`. */
export function histogramOf(pixels: Uint8Array | Uint16Array, { minimum, maximum }: GrayRange): Float64Array {
  const counts = new Float64Array(BINS);
  const scale = BINS / (maximum - minimum + 1);
  for (let i = 0; i < pixels.length; i++) counts[Math.floor((pixels[i]! - minimum) * scale)]!++;
  return counts.map((count) => count / pixels.length);
}

export interface AugmentOptions {
  augmentation: RadiographAugmentation;
  /** Side of the images, pixels. */
  size: number;
  seed: number;
  /** The number of this batch within an epoch, from 0. */
  step: number;
  /** How many versions of each image. */
  versions: number;
}

/**
 * A batch of preprocessed radiographs `[1, size, size]`, 0..255, augmented as training does it: by the same function, with the draws
 * of this step in epoch 0, 1, ... Returns for each version one `[1, size, size]`, 0..255, per image.
 */
export function augmentedVersions(batch: readonly Uint8Array[], options: AugmentOptions): Uint8Array[][] {
  const { augmentation, size, seed, step, versions } = options;
  const area = size * size;
  return Array.from({ length: versions }, (_, epoch) => {
    const values = scope(() => {
      const x = toUnit(Buffer.concat(batch), [batch.length, 1, size, size]);
      return toFloat32Array(augmentRadiographs(x, augmentation, Random.of(seed, 'augment', epoch, step)).mul(255));
    });
    return batch.map((_, i) => Uint8Array.from(values.subarray(i * area, (i + 1) * area), Math.round));
  });
}

/** What was drawn, as JSON can hold it; labels are 1, 0 or null where unknown. */
export function describeSeen({ radiograph, seen }: SeenRadiograph, findings: readonly string[], size: number) {
  const { id, split, view, sex, ageYears, labels, boxes = [] } = radiograph;
  const numberOrNull = (value: number) => (Number.isNaN(value) ? null : value);
  return {
    id,
    split,
    view,
    sex,
    ageYears: numberOrNull(ageYears),
    labels: Object.fromEntries(findings.map((name, i) => [name, numberOrNull(labels[i]!)])),
    boxes,
    ...('reason' in seen ? { unreadable: seen.reason } : describeStages(seen, size)),
  };
}

function describeStages({ original, preprocessed }: Stages, size: number) {
  const { width, height, bits, range, notes } = original;
  const { mean, standardDeviation } = pixelStatistics(preprocessed.pixels, size);
  return {
    original: { width, height, bits, ...range, notes },
    /** Levels 0..255; mean and standard deviation as fractions 0..1. */
    preprocessed: { width: size, height: size, ...preprocessed.range, mean, standardDeviation },
  };
}
