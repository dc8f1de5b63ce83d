import { findingColumn, pairedBootstrap } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import type { ExternalCell } from '../finetuning/external.js';
import { readPredictions } from '../finetuning/predictions.js';
import { type Cell, type ExternalComparison, type ExternalResult, intervalOf } from '../result/index.js';
import { corrected, unorderedPairs, withDelong } from './comparisons.js';
import type { RedrawThreads } from './evaluate.js';
import { redrawingOfTest, testLabels } from './groups.js';
import type { Redrawing } from './redrawing.js';

export interface ExternalResults {
  externalValidation: ExternalResult[];
  externalComparisons: ExternalComparison[];
}

/** A cell's own test, over all findings of its data set. */
export const diagonal = ({ initialization, dataset, meanAuroc, meanOver, findings }: Cell): ExternalResult => ({
  initialization,
  trainedOn: dataset,
  testedOn: dataset,
  meanAuroc,
  meanOver,
  findings: findings.map(({ finding, positives, negatives, auroc }) => ({ finding, positives, negatives, auroc })),
  leftOut: 0,
});

/**
 * The models of another data set on a data set's test split, on the redraws of its own models, over the findings that both data sets
 * have. Radiographs of patients whom the training saw count as unlabelled. `cells`: all initializations, fine-tuned on one data set.
 */
export function externalResults(
  dataset: TestedDataset,
  cells: readonly ExternalCell[],
  config: ExperimentConfig,
  threads: RedrawThreads,
): ExternalResults {
  const labels = testLabels(dataset, splitIndices(dataset, 'test'));
  const redrawing = redrawingOfTest(dataset, config);
  return ofOneTraining(cells, { dataset, labels, redrawing, config }, threads);
}

interface Tested {
  dataset: TestedDataset;
  /** `[N * F]` of the test split. */
  labels: Float32Array;
  redrawing: Redrawing;
  config: ExperimentConfig;
}

/** They share findings and what the training saw. */
function ofOneTraining(
  cells: readonly ExternalCell[],
  { dataset, labels, redrawing, config }: Tested,
  { threads, redrawn }: RedrawThreads,
): ExternalResults {
  const { trainedOn, shared, seen, note } = cells[0]!;
  const F = dataset.findings.length;
  const S = shared.length;
  const leftOut = seen.filter(Boolean).length;
  const known = { trainedOn, testedOn: dataset.name, leftOut, ...(note && { note }) };
  if (S === 0) {
    const nothing = { ...known, meanAuroc: null, meanOver: [], findings: [], reason: 'no finding in common' };
    const externalValidation = cells.map(({ initialization }) => ({ initialization, ...nothing }));
    return { externalValidation, externalComparisons: [] };
  }
  const findings = shared.map(([, tested]) => dataset.findings[tested]!);
  const usable = new Float32Array(seen.length * S);
  for (const [s, [, tested]] of shared.entries()) {
    const column = findingColumn(labels, F, tested);
    for (const [row, label] of column.entries()) usable[row * S + s] = seen[row] ? Number.NaN : label;
  }
  const models = cells.map(({ initialization, runs }) => ({
    name: initialization,
    seeds: runs.map(({ predictions }) => sharedColumns(predictions, shared)),
    pretrainings: runs.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
  }));
  const { interval, margin } = config.statistics;
  const options = {
    labels: usable,
    findings: S,
    models,
    interval,
    margin: margin ?? undefined,
    strata: redrawing.drawnWithin,
  };
  const result = pairedBootstrap({ ...redrawing, ...options }, { threads });
  redrawn();
  const names = cells.map(({ initialization }) => initialization);
  const pairs = corrected(unorderedPairs(result.comparisons, names), findings, config.statistics);
  return {
    externalValidation: result.models.map(({ name, meanAuroc, findings: each }): ExternalResult => {
      const meanOver = findings.filter((_, s) => each[s]!.estimable);
      return {
        initialization: name,
        ...known,
        meanAuroc: intervalOf(meanAuroc),
        meanOver,
        findings: each.map(({ positives, negatives, auroc }, s) => {
          return { finding: findings[s]!, positives, negatives, auroc: intervalOf(auroc) };
        }),
        ...(meanOver.length === 0 && { reason: 'no finding in common is estimable' }),
      };
    }),
    externalComparisons: withDelong(pairs, { ...redrawing, labels: usable, models }).map((pair) => {
      return { trainedOn, testedOn: dataset.name, ...pair };
    }),
  };
}

/** `[N * S]` */
function sharedColumns(path: string, shared: ExternalCell['shared']): Float32Array {
  const { probabilities, findings } = readPredictions(path);
  const [F, S] = [findings.length, shared.length];
  return Float32Array.from(
    { length: (probabilities.length / F) * S },
    (_, i) => probabilities[Math.floor(i / S) * F + shared[i % S]![0]]!,
  );
}
