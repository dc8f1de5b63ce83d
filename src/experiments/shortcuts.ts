import { type ShortcutFeatures, shortcutAurocs } from '../evaluation/index.js';
import { intervalOf } from './numbers.js';
import { splitIndices, type TestedDataset } from './prepare.js';
import type { ShortcutResult } from './result.js';
import { finiteOrNull } from './result.js';

/**
 * What predictors that see no anatomy reach on a data set's test split, fitted on its training split. They use the same
 * redraws as the models.
 */
export function shortcutsOf(
  prepared: TestedDataset,
  options: { groups?: Int32Array; redraws: number; seed: number; confidence: number },
): ShortcutResult[] {
  const { findings, labels } = prepared;
  const train = splitIndices(prepared, 'train');
  const test = splitIndices(prepared, 'test');
  const F = findings.length;
  const estimates = shortcutAurocs({
    features: featuresOf(prepared, train, test),
    trainLabels: rowsOf(labels, F, train),
    testLabels: rowsOf(labels, F, test),
    findings: F,
    groups: options.groups,
    redraws: options.redraws,
    confidence: options.confidence,
    seed: options.seed,
  });
  return estimates.map(({ name, columns, findings: results, meanAuroc }) => ({
    dataset: prepared.name,
    predictor: name,
    columns,
    findings: results.map(({ auroc, reason }, f) => ({
      finding: findings[f]!,
      auroc: intervalOf(auroc),
      ...(reason && { reason }),
    })),
    meanAuroc: intervalOf(meanAuroc),
    meanOver: findings.filter((_, f) => results[f]!.estimable),
    ...(finiteOrNull(meanAuroc.estimate) === null && { reason: 'no finding is estimable' }),
  }));
}

function featuresOf(prepared: TestedDataset, train: Int32Array, test: Int32Array): ShortcutFeatures[] {
  const { radiographs, pixels } = prepared;
  const views = [...new Set(radiographs.map(({ view }) => view))].filter((view) => view !== null).sort();
  const view = Float32Array.from(
    radiographs.flatMap((row) => views.map((name) => (row.view === null ? Number.NaN : row.view === name ? 1 : 0))),
  );
  const ageAndSex = Float32Array.from(
    radiographs.flatMap(({ ageYears, sex }) => [ageYears, sex === null ? Number.NaN : sex === 'F' ? 1 : 0]),
  );
  const all: [string, Float32Array, number][] = [
    ['view position', view, views.length],
    ['age and sex', ageAndSex, 2],
    ['pixel mean and deviation', pixels.statistics, 2],
    ['image border', pixels.borders, pixels.borders.length / radiographs.length],
    ['16 x 16 thumbnail', pixels.thumbnails, pixels.thumbnails.length / radiographs.length],
  ];
  return all
    .filter(([, , dimensions]) => dimensions > 0)
    .map(([name, values, dimensions]) => ({
      name,
      train: rowsOf(values, dimensions, train),
      test: rowsOf(values, dimensions, test),
      dimensions,
    }));
}

/** Some rows of `[N * d]`. */
function rowsOf(values: Float32Array, d: number, rows: Int32Array): Float32Array {
  const own = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) own.set(values.subarray(row * d, (row + 1) * d), i * d);
  return own;
}
