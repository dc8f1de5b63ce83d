import { inputError } from '../base/index.js';
import { pairedBootstrap } from './bootstrap.js';
import type { Estimate } from './estimate.js';
import { type LogisticFit, LogisticRegression } from './logistic-regression.js';
import { countLabels, findingColumn, type LabelCounts } from './scores.js';
import { rowsOf } from './standardization.js';

/** What a shortcut predictor gets to see: view position, age and sex, pixel mean, image border, a thumbnail. */
export interface ShortcutFeatures {
  name: string;
  /** `[n, d]`; NaN is unknown. */
  train: Float32Array;
  /** `[m, d]`; NaN is unknown. */
  test: Float32Array;
  /** d */
  dimensions: number;
}

export interface ShortcutOptions {
  features: ShortcutFeatures[];
  /** `[n, F]`: 1, 0 or NaN (unknown). */
  trainLabels: Float32Array;
  /** `[m, F]` */
  testLabels: Float32Array;
  /** F */
  findings: number;
  /** Patient number of each test row `[m]`; undefined redraws rows. */
  groups?: Int32Array;
  /** Strata `[m]` of the test rows of which each is redrawn on its own, as in `pairedBootstrap`. */
  strata?: Int32Array;
  /** 1000 unless given. */
  redraws?: number;
  seed: number;
  /** 0.95 unless given. */
  confidence?: number;
  /** Inverse strength of the penalty of the logistic regression, 1 unless given. */
  c?: number;
}

export interface ShortcutEstimates {
  name: string;
  /** Columns of the logistic regression, indicators of unknown values included. */
  columns: number;
  findings: ShortcutFinding[];
  /** Mean over the estimable findings; NaN where there is none. */
  meanAuroc: Estimate;
  /** `[m, F]`, to compare with models in a paired bootstrap; NaN for findings that could not be fitted. */
  probabilities: Float32Array;
}

export interface ShortcutFinding {
  train: LabelCounts;
  test: LabelCounts;
  estimable: boolean;
  /** Why not, where it is not estimable. */
  reason?: string;
  /** Whether the logistic regression reached its tolerance; false where there was none. */
  converged: boolean;
  auroc: Estimate;
}

/**
 * Test AUROC, with bootstrap intervals, of a logistic regression per finding on each set of features, fitted on the training rows.
 * An unknown value counts as the mean of the known training values; each column with unknown values among the training rows gets
 * another column that says where they are (scikit-learn's `SimpleImputer(add_indicator=True)`). A column unknown in every training
 * row counts as 0 throughout. Findings with one class in training or in test are not estimable and left out of the mean.
 * The redraws are those of `pairedBootstrap` with the same seed and groups.
 * Throws an InputError for labels other than 1, 0, NaN and for infinite features, a RangeError for lengths that do not fit.
 */
export function shortcutAurocs(options: ShortcutOptions): ShortcutEstimates[] {
  const { features, trainLabels, findings, groups, strata, redraws, seed, confidence, c } = options;
  if (features.length === 0) return [];
  const trainColumns = Array.from({ length: findings }, (_, f) => findingColumn(trainLabels, findings, f));
  const trainCounts = trainColumns.map(countLabels);
  const fittable = [...trainCounts.keys()].filter((f) => hasBoth(trainCounts[f]!));
  const fitted = features.map((set) => {
    const { train, test, columns } = impute(set);
    if (test.length / columns !== options.testLabels.length / findings) {
      throw new RangeError(`shortcut ${set.name}: ${test.length / columns} test rows`);
    }
    const regression = new LogisticRegression(train, columns);
    const found = regression.fitAll(
      fittable.map((f) => trainColumns[f]!),
      { c },
    );
    const fits = trainColumns.map((_, f) => found[fittable.indexOf(f)]);
    return { columns, fits, probabilities: predictAll(regression, fits, test, columns) };
  });
  const testLabels = options.testLabels.map((label, i) => (hasBoth(trainCounts[i % findings]!) ? label : NaN));
  const models = features.map(({ name }, i) => ({ name, seeds: [fitted[i]!.probabilities] }));
  const estimates = pairedBootstrap({
    labels: testLabels,
    findings,
    models,
    groups,
    strata,
    redraws,
    seed,
    confidence,
  });

  const testCounts = Array.from({ length: findings }, (_, f) =>
    countLabels(findingColumn(options.testLabels, findings, f)),
  );
  return estimates.models.map(({ name, meanAuroc, findings: perFinding }, i) => ({
    name,
    columns: fitted[i]!.columns,
    findings: perFinding.map(({ estimable, auroc }, f): ShortcutFinding => {
      const train = trainCounts[f]!;
      const test = testCounts[f]!;
      const reason = oneClassReason('training', train) ?? oneClassReason('test', test);
      const converged = fitted[i]!.fits[f]?.converged ?? false;
      return { train, test, estimable, ...(reason && { reason }), converged, auroc };
    }),
    meanAuroc,
    probabilities: fitted[i]!.probabilities,
  }));
}

function hasBoth({ positives, negatives }: LabelCounts): boolean {
  return positives > 0 && negatives > 0;
}

function oneClassReason(split: string, counts: LabelCounts): string | undefined {
  if (hasBoth(counts)) return undefined;
  return `${counts.positives} positives and ${counts.negatives} negatives among the ${split} rows`;
}

function predictAll(
  regression: LogisticRegression,
  fits: (LogisticFit | undefined)[],
  test: Float32Array,
  columns: number,
): Float32Array {
  const probabilities = new Float32Array((test.length / columns) * fits.length).fill(NaN);
  for (const [f, fit] of fits.entries()) {
    if (!fit) continue;
    for (const [row, p] of regression.predict(fit, test).entries()) probabilities[row * fits.length + f] = p;
  }
  return probabilities;
}

function impute({ name, train, test, dimensions }: ShortcutFeatures): {
  train: Float32Array;
  test: Float32Array;
  columns: number;
} {
  const sums = new Float64Array(dimensions);
  const known = new Float64Array(dimensions);
  for (const values of [train, test]) {
    const infinite = values.findIndex((value) => Math.abs(value) === Infinity);
    if (infinite >= 0) {
      const what = `shortcut ${name}, row ${Math.floor(infinite / dimensions)}, column ${infinite % dimensions}`;
      throw inputError({ what, found: String(values[infinite]), expected: 'a number, or NaN (unknown)' });
    }
  }
  for (const [i, value] of train.entries()) {
    if (Number.isNaN(value)) continue;
    sums[i % dimensions]! += value;
    known[i % dimensions]!++;
  }
  const rows = rowsOf(train, dimensions);
  const means = sums.map((sum, j) => (known[j]! > 0 ? sum / known[j]! : 0));
  const flagged = [...known.keys()].filter((j) => known[j]! > 0 && known[j]! < rows);
  const columns = dimensions + flagged.length;
  const fill = (values: Float32Array) => {
    const filled = new Float32Array(rowsOf(values, dimensions) * columns);
    for (let row = 0; row < filled.length / columns; row++) {
      for (let j = 0; j < dimensions; j++) {
        const value = values[row * dimensions + j]!;
        filled[row * columns + j] = Number.isNaN(value) || known[j] === 0 ? means[j]! : value;
      }
      for (const [k, j] of flagged.entries()) {
        filled[row * columns + dimensions + k] = Number.isNaN(values[row * dimensions + j]) ? 1 : 0;
      }
    }
    return filled;
  };
  return { train: fill(train), test: fill(test), columns };
}
