import { type ShortcutFeatures, shortcutAurocs } from '../../evaluation/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import { finiteOrNull, intervalOf, LUNG_FREE, LUNG_ONLY, type ShortcutResult } from '../result/index.js';
import type { Redrawing } from './redrawing.js';

/** Columns of the predictor that sees gray values alone; divides the cells of a thumbnail. */
const SORTED = 16;

/**
 * What shortcut predictors, and one that sees the lungs alone, reach on a data set's test split, fitted on its training split.
 * They use the same redraws as the models.
 */
export function shortcutsOf(prepared: TestedDataset, options: Redrawing): ShortcutResult[] {
  const { findings, labels } = prepared;
  const train = splitIndices(prepared, 'train');
  const test = splitIndices(prepared, 'test');
  const F = findings.length;
  const estimates = shortcutAurocs({
    features: featuresOf(prepared, train, test),
    trainLabels: rowsOf(labels, F, train),
    testLabels: rowsOf(labels, F, test),
    findings: F,
    ...options,
    strata: options.drawnWithin,
  });
  const fitted = estimates.map(({ name, columns, findings: results, meanAuroc }) => ({
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
  return [...fitted, ...withoutMasks(prepared)];
}

/** Those of the lungs, where they could not be fitted. */
function withoutMasks({ name: dataset, lungs }: TestedDataset): ShortcutResult[] {
  if (!lungs || 'lungFree' in lungs) return [];
  return [LUNG_FREE, LUNG_ONLY].map((predictor) => {
    return { dataset, predictor, columns: 0, findings: [], meanAuroc: null, meanOver: [], reason: lungs.reason };
  });
}

function featuresOf(prepared: TestedDataset, train: Int32Array, test: Int32Array): ShortcutFeatures[] {
  const { radiographs, pixels, lungs } = prepared;
  const ageAndSex = Float32Array.from(
    radiographs.flatMap(({ ageYears, sex }) => [ageYears, sex === null ? Number.NaN : sex === 'F' ? 1 : 0]),
  );
  const all: [string, Float32Array, number][] = [
    ['view position', ...indicators(radiographs.map(({ view }) => view))],
    ['scanner', ...indicators(radiographs.map(({ scanner }) => scanner))],
    ['site', ...indicators(radiographs.map(({ site }) => site))],
    ['age and sex', ageAndSex, 2],
    ['pixel mean and deviation', pixels.statistics, 2],
    [
      'gray values without their places',
      sortedValues(pixels.thumbnails, pixels.thumbnails.length / radiographs.length),
      SORTED,
    ],
    ['image border', pixels.borders, pixels.borders.length / radiographs.length],
    ['16 x 16 thumbnail', pixels.thumbnails, pixels.thumbnails.length / radiographs.length],
  ];
  if (lungs && 'lungFree' in lungs) {
    const { lungFree, lungOnly } = lungs;
    const cells = lungFree.length / radiographs.length;
    all.push([LUNG_FREE, lungFree, cells], [LUNG_ONLY, lungOnly, cells]);
  }
  return all
    .filter(([, , dimensions]) => dimensions > 0)
    .map(([name, values, dimensions]) => ({
      name,
      dimensions,
      // Copied when it is their turn: all at once would be some hundred megabytes more.
      get train() {
        return rowsOf(values, dimensions, train);
      },
      get test() {
        return rowsOf(values, dimensions, test);
      },
    }));
}

/** A column for each name that occurs, 1 in its rows, and their number; NaN where the name is not known. Nothing for one name alone. */
function indicators(names: readonly (string | null | undefined)[]): [Float32Array, number] {
  const all = [...new Set(names)].filter((name) => typeof name === 'string').sort();
  if (all.length < 2) return [new Float32Array(0), 0];
  const values = names.flatMap((own) => all.map((name) => (own == null ? Number.NaN : own === name ? 1 : 0)));
  return [Float32Array.from(values), all.length];
}

/** Means of the values of each row of `[N * d]`, from the darkest sixteenth to the brightest: what shuffling the image leaves. */
function sortedValues(values: Float32Array, d: number): Float32Array {
  const step = d / SORTED;
  const sorted = new Float32Array((values.length / d) * SORTED);
  for (let row = 0; row < values.length / d; row++) {
    const own = values.slice(row * d, (row + 1) * d).sort();
    for (const [i, value] of own.entries()) sorted[row * SORTED + Math.floor(i / step)]! += value / step;
  }
  return sorted;
}

/** Some rows of `[N * d]`. */
function rowsOf(values: Float32Array, d: number, rows: Int32Array): Float32Array {
  const own = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) own.set(values.subarray(row * d, (row + 1) * d), i * d);
  return own;
}
