/** The test of a cross-validation. */
import {
  type BootstrapModel,
  type BootstrapOptions,
  type Comparison,
  countLabels,
  type FindingEstimates,
  findingColumn,
  METRICS,
  type ModelEstimates,
  pairedBootstrap,
} from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { RunPredictions } from '../finetuning/run-predictions.js';
import { type Redrawing, redrawingOf } from './redrawing.js';

/** A model's runs: of each training, one per fold. */
export interface FoldedModel {
  name: string;
  trainings: { pretrainingSeed?: number; folds: RunPredictions[] }[];
}

export interface FoldedEstimates {
  /** One per model; `meanAurocOfSeed` of each training, the mean over its folds. */
  models: ModelEstimates[];
  /** One per ordered pair. */
  comparisons: Comparison[];
}

/**
 * Estimates of every model by cross-validation: a statistic of a finding is the mean over the folds of its value within the fold. The
 * predictions of different folds come from different models, whose scores cannot be ranked against each other, so they are not
 * pooled (Forman and Scholz, "Apples-to-apples in cross-validation studies", SIGKDD Explorations 12:49, 2010). Redraws draw the patients
 * of each fold again, as many as it has. Only findings with positives and negatives in every fold are estimable.
 */
export function foldedBootstrap(
  models: readonly FoldedModel[],
  findings: readonly string[],
  config: ExperimentConfig,
  threads = 1,
): FoldedEstimates {
  const F = findings.length;
  const tests = models[0]!.trainings[0]!.folds.map(({ test }) => test);
  const K = tests.length;
  const rows = tests.reduce((sum, { ids }) => sum + ids.length, 0);
  const foldOf = Int32Array.from(tests.flatMap(({ ids }, k) => ids.map(() => k)));
  const redrawing = withinFolds(
    redrawingOf(config, {
      labels: Float32Array.from(tests.flatMap(({ labels }) => [...labels])),
      patients: tests.flatMap(({ patients }) => patients),
    }),
    foldOf,
  );
  const counts = findings.map((_, f) => tests.map(({ labels }) => countLabels(findingColumn(labels, F, f))));
  const estimable = counts.map((folds) => folds.every(({ positives, negatives }) => positives > 0 && negatives > 0));

  /** Each fold of each of these findings as a column of its own, unlabelled outside the fold. */
  const bootstrap = (chosen: readonly number[]) => {
    const width = chosen.length * K;
    const spread = (at: (k: number, row: number, f: number) => number) => {
      const values = new Float32Array(rows * width).fill(Number.NaN);
      let start = 0;
      for (const [k, { ids }] of tests.entries()) {
        for (const row of ids.keys()) {
          for (const [c, f] of chosen.entries()) values[(start + row) * width + c * K + k] = at(k, row, f);
        }
        start += ids.length;
      }
      return values;
    };
    const bootstrapModels = models.map(
      ({ name, trainings }): BootstrapModel => ({
        name,
        seeds: trainings.map(({ folds }) => spread((k, row, f) => folds[k]!.test.probabilities[row * F + f]!)),
        pretrainings: trainings.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
        thresholds: trainings.map(({ folds }) =>
          Float64Array.from(chosen.flatMap((f) => folds.map(({ thresholds }) => thresholds[f]!))),
        ),
      }),
    );
    const options: BootstrapOptions = {
      ...redrawing,
      strata: redrawing.drawnWithin,
      labels: spread((k, row, f) => tests[k]!.labels[row * F + f]!),
      findings: width,
      models: bootstrapModels,
      interval: config.statistics.interval,
      margin: config.statistics.margin ?? undefined,
    };
    return pairedBootstrap(options, { threads });
  };

  const all = [...findings.keys()];
  const inMean = all.filter((f) => estimable[f]);
  const whole = bootstrap(inMean.length > 0 ? inMean : all);
  const each = findings.map((_, f) => bootstrap([f]));
  return {
    models: models.map((_, m) => ({
      ...whole.models[m]!,
      findings: findings.map((_, f): FindingEstimates => {
        const { means } = each[f]!.models[m]!;
        const sum = (label: 'positives' | 'negatives' | 'unknown') =>
          counts[f]!.reduce((total, own) => total + own[label], 0);
        const metrics = Object.fromEntries(METRICS.map((metric) => [metric, estimable[f] ? means[metric] : NOTHING]));
        return {
          ...(metrics as Pick<FindingEstimates, (typeof METRICS)[number]>),
          positives: sum('positives'),
          negatives: sum('negatives'),
          unknown: sum('unknown'),
          estimable: estimable[f]!,
        };
      }),
    })),
    comparisons: whole.comparisons.map((pair, i) => ({
      ...pair,
      findings: each.map(({ comparisons }) => comparisons[i]!.meanAuroc),
    })),
  };
}

const NOTHING = { estimate: NaN, mean: NaN, sd: NaN, low: NaN, high: NaN, undefinedRedraws: 0 };

/** Strata of patients, those of one fold apart from those of the others. */
function withinFolds(redrawing: Redrawing, foldOf: Int32Array): Redrawing {
  const { drawnWithin } = redrawing;
  return { ...redrawing, drawnWithin: foldOf.map((fold, row) => 2 * fold + (drawnWithin?.[row] ?? 0)) };
}
