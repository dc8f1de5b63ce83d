/** Judges initializations before any fine-tuning: nearest neighbours and a linear probe on frozen features. */
import { inputError } from '../base/index.js';
import { SPLITS, type Split } from '../datasets/index.js';
import type { Difference } from '../evaluation/index.js';
import type { FeatureCache } from './feature-cache.js';
import { type FrozenNetwork, type FrozenOptions, openFrozenNetwork } from './frozen-network.js';
import { judgeOf, type LinearFit, type NeighborsFit, type SplitFeatures, type TestScore } from './judge.js';
import type { ProbeData, ProbeImage } from './probe-data.js';
import { type ProbeExtract, type ProbeFeatures, ProbeImages } from './probe-features.js';

export interface ProbeRequest {
  data: ProbeData;
  /** Files, folders, names or `random[:SIZE[/PATCH]]`; each once. */
  weights: readonly string[];
  network: FrozenOptions;
  extract: ProbeExtract;
  /** Numbers of neighbours, of which validation chooses; those of 10, 20 and 100 that training allows unless given. */
  ks?: readonly number[];
  /** Whether the linear probe sees features of mean 0 and variance 1; false unless given. */
  standardize?: boolean;
  /** Of the bootstrap; 1000 unless given. */
  redraws?: number;
  seed: number;
  cache: FeatureCache;
  /** Of one step, such as 'features of dinov2-base', in its unit. */
  onProgress?(step: string, unit: string, done: number, total: number): void;
}

export interface WeightsResult {
  weights: string;
  network: Pick<FrozenNetwork, 'config' | 'preprocessing' | 'input' | 'inputSource'>;
  dimensions: number;
  features: { cached: boolean; seconds: number };
  /** `k` was chosen on validation. */
  neighbors: TestScore & Omit<NeighborsFit, 'scores'>;
  /** `c` was chosen on validation. */
  linear: TestScore & Omit<LinearFit, 'scores'>;
}

export const PROBE_METHODS = ['linear', 'neighbors'] as const;
export type ProbeMethod = (typeof PROBE_METHODS)[number];

export interface ProbeResult {
  data: Pick<ProbeData, 'name' | 'kind' | 'names' | 'notes'>;
  /** Images with features, per split. */
  images: Record<Split, number>;
  /** Ids of images that cannot be read. */
  unreadable: string[];
  /** How many patients, or pictures, were redrawn. */
  units: number;
  redraws: number;
  seed: number;
  standardize: boolean;
  weights: WeightsResult[];
  /** First - second, by the same redraws: every ordered pair. */
  differences: { method: ProbeMethod; first: string; second: string; difference: Difference }[];
}

/** Throws an InputError for weights, data and options that do not fit. */
export async function probeWeights(request: ProbeRequest): Promise<ProbeResult> {
  const { data, extract, cache, onProgress, seed, redraws = 1000, standardize = false } = request;
  const twice = request.weights.find((name, i) => request.weights.indexOf(name) < i);
  if (twice !== undefined) throw inputError({ what: 'weights', found: `${twice} twice`, expected: 'each once' });
  const images = new ProbeImages(data, cache);
  const networks: FrozenNetwork[] = [];
  for (const weights of request.weights) networks.push(await openFrozenNetwork(weights, request.network));
  const all: ProbeFeatures[] = [];
  for (const network of networks) {
    const progress = (done: number, total: number) =>
      onProgress?.(`features of ${network.name}`, 'images', done, total);
    all.push(await images.featuresOf(network, extract, progress));
  }
  const rows = commonRows(all);
  const splits = splitImages(data, rows);
  const judge = judgeOf(data, splits);
  const fits = all.map((features) => {
    const parts = splitFeatures(features, rows, splits);
    const progress = (done: number, total: number) =>
      onProgress?.(`linear probe of ${features.network.name}`, 'regressions', done, total);
    return {
      neighbors: judge.neighbors(parts, features.dimensions, request.ks),
      linear: judge.linear(parts, features.dimensions, standardize, progress),
    };
  });
  const models = (method: ProbeMethod) =>
    fits.map((fit, i) => ({ name: networks[i]!.name, scores: fit[method].scores }));
  const tested = {
    linear: judge.test(models('linear'), redraws, seed),
    neighbors: judge.test(models('neighbors'), redraws, seed),
  };
  const { name, kind, names, notes } = data;
  return {
    data: { name, kind, names, notes },
    images: { train: splits.train.length, validate: splits.validate.length, test: splits.test.length },
    unreadable: images.withoutRow(rows),
    units: tested.linear.units,
    redraws,
    seed,
    standardize,
    weights: all.map(({ network, dimensions, cached, seconds }, i) => {
      const { config, preprocessing, input, inputSource } = network;
      const { k, validation } = fits[i]!.neighbors;
      const { c, path } = fits[i]!.linear;
      return {
        weights: network.name,
        network: { config, preprocessing, input, inputSource },
        dimensions,
        features: { cached, seconds },
        neighbors: { k, validation, ...tested.neighbors.models[i]! },
        linear: { c, path, ...tested.linear.models[i]! },
      };
    }),
    differences: PROBE_METHODS.flatMap((method) => tested[method].comparisons.map((it) => ({ method, ...it }))),
  };
}

/** The images that have features of every network: what cannot be read for one counts for none. */
function commonRows(all: readonly ProbeFeatures[]): Int32Array {
  const [first, ...rest] = all.map(({ rows }) => rows);
  const sets = rest.map((rows) => new Set(rows));
  return first!.filter((row) => sets.every((set) => set.has(row)));
}

/** The images of `rows`, which count through all splits. Throws an InputError for a split without any. */
function splitImages({ name, splits }: ProbeData, rows: Int32Array): Record<Split, ProbeImage[]> {
  const readable = new Set(rows);
  let start = 0;
  const of = (split: Split) => {
    const own = splits[split].filter((_, i) => readable.has(start + i));
    start += splits[split].length;
    if (own.length > 0) return own;
    throw inputError({ what: `${name}: ${split} split`, found: 'no image that can be read', expected: 'one at least' });
  };
  return Object.fromEntries(SPLITS.map((split) => [split, of(split)])) as Record<Split, ProbeImage[]>;
}

function splitFeatures(
  { features, dimensions, rows: own }: ProbeFeatures,
  rows: Int32Array,
  splits: Record<Split, readonly ProbeImage[]>,
): SplitFeatures {
  const placeOf = new Map(Array.from(own, (row, place) => [row, place]));
  let start = 0;
  const of = (split: Split) => {
    const count = splits[split].length;
    const part = new Float32Array(count * dimensions);
    for (let i = 0; i < count; i++) {
      const place = placeOf.get(rows[start + i]!)!;
      part.set(features.subarray(place * dimensions, (place + 1) * dimensions), i * dimensions);
    }
    start += count;
    return part;
  };
  return Object.fromEntries(SPLITS.map((split) => [split, of(split)])) as SplitFeatures;
}
