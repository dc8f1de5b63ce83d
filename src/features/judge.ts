/** Nearest neighbours and linear probe on features in three splits: fitted on train, chosen on validation, scored on test. */
import { inputError } from '../base/index.js';
import type { Split } from '../datasets/index.js';
import {
  accuracy,
  auroc,
  type Difference,
  type Estimate,
  findingColumn,
  type LinearProbe,
  nearestNeighbors,
  type PathPoint,
  pairedAccuracy,
  pairedBootstrap,
  probeClasses,
  probedClasses,
  probedFindings,
  probeFindings,
  scoreFindings,
  voteForClasses,
} from '../evaluation/index.js';
import type { ProbeData, ProbeImage } from './probe-data.js';

/** `[n, d]` of each split. */
export type SplitFeatures = Record<Split, Float32Array>;

export interface NeighborsFit {
  k: number;
  validation: { k: number; score: number }[];
  /** Of test images: `[n, F]` or `[n, K]`. */
  scores: Float32Array;
}

export interface LinearFit {
  /** Per finding, or the one of classes; null where it could not be fitted. */
  c: (number | null)[];
  path: (Omit<PathPoint, 'scores'> & { scores: number[] })[];
  scores: Float32Array;
}

/** What a test says of a model: mean AUROC and AUROC per finding, or accuracy. */
export interface TestScore {
  score: Estimate;
  findings: Estimate[];
}

export interface Tested {
  units: number;
  models: TestScore[];
  /** Names as given. */
  comparisons: { first: string; second: string; difference: Difference }[];
}

export interface Judge {
  /** `ks` undefined: those of 10, 20 and 100 that there are training images for. Throws an InputError for a k beyond. */
  neighbors(features: SplitFeatures, dimensions: number, ks: readonly number[] | undefined): NeighborsFit;
  linear(
    features: SplitFeatures,
    dimensions: number,
    standardize: boolean,
    onProgress: (done: number, total: number) => void,
  ): LinearFit;
  /** By paired bootstrap. */
  test(models: readonly { name: string; scores: Float32Array }[], redraws: number, seed: number): Tested;
}

export type JudgedImages = Record<Split, readonly ProbeImage[]>;

export function judgeOf({ kind, names }: ProbeData, images: JudgedImages): Judge {
  return kind === 'findings' ? new FindingJudge(names.length, images) : new ClassJudge(names.length, images);
}

const KS = [10, 20, 100];

/** The k with the highest score on validation, the smallest of equals. */
function chosenNeighbors(
  features: SplitFeatures,
  dimensions: number,
  given: readonly number[] | undefined,
  score: (of: ReturnType<typeof nearestNeighbors>) => Float32Array[],
  quality: (scores: Float32Array) => number,
): NeighborsFit {
  const { train, validate, test } = features;
  const rows = train.length / dimensions;
  const usual = KS.filter((k) => k <= rows);
  const ks = given ?? (usual.length > 0 ? usual : [1]);
  const qualities = score(nearestNeighbors({ dimensions, train, queries: validate, ks })).map(quality);
  const validation = ks.map((k, i) => ({ k, score: qualities[i]! }));
  const best = validation.reduce((a, b) => (b.score > a.score ? b : a));
  const [scores] = score(nearestNeighbors({ dimensions, train, queries: test, ks: [best.k] }));
  return { k: best.k, validation, scores: scores! };
}

const plainPath = ({ path }: LinearProbe): LinearFit['path'] =>
  path.map(({ scores, ...rest }) => ({ ...rest, scores: [...scores] }));

class FindingJudge implements Judge {
  /** `[n, F]` */
  private readonly labels: SplitFeatures;

  constructor(
    private readonly findings: number,
    private readonly images: JudgedImages,
  ) {
    const of = (split: Split) =>
      Float32Array.from(images[split].flatMap(({ labels }) => [...(labels as Float32Array)]));
    this.labels = { train: of('train'), validate: of('validate'), test: of('test') };
  }

  neighbors(features: SplitFeatures, dimensions: number, ks: readonly number[] | undefined): NeighborsFit {
    const { labels, findings } = this;
    const score = (of: ReturnType<typeof nearestNeighbors>) => scoreFindings(of, labels.train, findings);
    return chosenNeighbors(features, dimensions, ks, score, (scores) => this.meanAuroc(scores));
  }

  private meanAuroc(scores: Float32Array): number {
    const { findings } = this;
    const aurocs = Array.from({ length: findings }, (_, f) => {
      const own = findingColumn(scores, findings, f);
      if (own.some(Number.isNaN)) return NaN;
      return auroc(own, findingColumn(this.labels.validate, findings, f)).auroc;
    }).filter((value) => !Number.isNaN(value));
    return aurocs.reduce((sum, value) => sum + value, 0) / aurocs.length;
  }

  linear(
    features: SplitFeatures,
    dimensions: number,
    standardize: boolean,
    onProgress: (done: number, total: number) => void,
  ): LinearFit {
    const { labels, findings } = this;
    const probe = probeFindings({
      dimensions,
      findings,
      standardize,
      train: { features: features.train, labels: labels.train },
      validation: { features: features.validate, labels: labels.validate },
      onProgress,
    });
    const c = Array.from(probe.chosen, (place) => (place < 0 ? null : probe.path[place]!.c));
    return { c, path: plainPath(probe), scores: probedFindings(probe, features.test, dimensions) };
  }

  test(models: readonly { name: string; scores: Float32Array }[], redraws: number, seed: number): Tested {
    const { findings, images } = this;
    const untrained = Array.from({ length: findings }, (_, f) => {
      const known = findingColumn(this.labels.train, findings, f);
      return !known.includes(0) || !known.includes(1);
    });
    const result = pairedBootstrap({
      labels: this.labels.test.map((label, i) => (untrained[i % findings] ? NaN : label)),
      findings,
      models: models.map(({ name, scores }) => ({ name, seeds: [scores] })),
      groups: groupsOf(images.test),
      redraws,
      seed,
    });
    if (result.models.every(({ meanAuroc }) => Number.isNaN(meanAuroc.estimate))) {
      const expected = 'a finding with positives and negatives in training and in test';
      throw inputError({ what: 'test split', found: 'no such finding', expected, fix: 'Take more images.' });
    }
    return {
      units: result.units,
      models: result.models.map((it) => ({ score: it.meanAuroc, findings: it.findings.map((each) => each.auroc) })),
      comparisons: result.comparisons.map(({ first, second, meanAuroc }) => ({ first, second, difference: meanAuroc })),
    };
  }
}

class ClassJudge implements Judge {
  /** `[n]` */
  private readonly labels: Record<Split, Int32Array>;

  constructor(
    private readonly classes: number,
    private readonly images: JudgedImages,
  ) {
    const of = (split: Split) => Int32Array.from(images[split], ({ labels }) => labels as number);
    this.labels = { train: of('train'), validate: of('validate'), test: of('test') };
  }

  neighbors(features: SplitFeatures, dimensions: number, ks: readonly number[] | undefined): NeighborsFit {
    const { labels, classes } = this;
    const score = (of: ReturnType<typeof nearestNeighbors>) => voteForClasses(of, labels.train, classes);
    return chosenNeighbors(features, dimensions, ks, score, (scores) => accuracy(scores, labels.validate, classes));
  }

  linear(
    features: SplitFeatures,
    dimensions: number,
    standardize: boolean,
    onProgress: (done: number, total: number) => void,
  ): LinearFit {
    const { labels, classes } = this;
    const probe = probeClasses({
      dimensions,
      classes,
      standardize,
      train: { features: features.train, labels: labels.train },
      validation: { features: features.validate, labels: labels.validate },
      onProgress,
    });
    const c = [probe.path[probe.chosen[0]!]!.c];
    return { c, path: plainPath(probe), scores: probedClasses(probe, features.test, dimensions) };
  }

  test(models: readonly { name: string; scores: Float32Array }[], redraws: number, seed: number): Tested {
    const { classes, images, labels } = this;
    const right = (scores: Float32Array) =>
      Uint8Array.from(labels.test, (label, row) =>
        accuracy(scores.subarray(row * classes, (row + 1) * classes), Int32Array.of(label), classes),
      );
    const result = pairedAccuracy({
      models: models.map(({ name, scores }) => ({ name, right: right(scores) })),
      groups: groupsOf(images.test),
      redraws,
      seed,
    });
    return {
      units: result.units,
      models: result.models.map((it) => ({ score: it.accuracy, findings: [] })),
      comparisons: result.comparisons.map((it) => ({ ...it, difference: it.accuracy })),
    };
  }
}

/** A number for each group. */
function groupsOf(images: readonly ProbeImage[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(images, ({ group }) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
}
