import type { Radiograph } from '../../datasets/index.js';
import type { Correction } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import { splitIndices } from '../data/split-indices.js';
import type { Factor } from '../result/index.js';
import { type Redrawing, redrawingOf } from './redrawing.js';

/** Radiographs grouped by one factor. */
export interface Grouping {
  factor: Factor;
  /** In their natural order. */
  names: string[];
  /** Group of each radiograph, -1 where it is not known. */
  groupOf: Int32Array;
}

/** The factors of which a data set knows two groups or more. `ageBands` are the ages at which a new band begins, ascending. */
export function groupings(radiographs: readonly Radiograph[], ageBands: readonly number[]): Grouping[] {
  const bands = bandNames(ageBands);
  const bandOf = (age: number) =>
    Number.isNaN(age) ? undefined : bands[ageBands.filter((from) => age >= from).length];
  const known: [Factor, (radiograph: Radiograph) => string | null | undefined, string[]?][] = [
    ['sex', ({ sex }) => sex, ['F', 'M']],
    ['age', ({ ageYears }) => bandOf(ageYears), bands],
    ['view', ({ view }) => view],
    ['scanner', ({ scanner }) => scanner],
    ['site', ({ site }) => site],
  ];
  return known.flatMap(([factor, groupOf, order]) => {
    const own = radiographs.map(groupOf);
    const present = new Set(own.filter((group) => typeof group === 'string'));
    const names = order ? order.filter((name) => present.has(name)) : [...present].sort();
    const numbers = new Map(names.map((name, i) => [name, i]));
    if (names.length < 2) return [];
    return [{ factor, names, groupOf: Int32Array.from(own, (group) => numbers.get(group ?? '') ?? -1) }];
  });
}

/** '0-17', '18-39', ..., '80+' */
function bandNames(from: readonly number[]): string[] {
  const starts = [0, ...from];
  return starts.map((start, i) => (i + 1 < starts.length ? `${start}-${starts[i + 1]! - 1}` : `${start}+`));
}

/** The groups that agree in all factors: the stratum of each radiograph, -1 where one factor is not known. */
export function strataOf(groupings: readonly Grouping[], length: number): { strata: Int32Array; count: number } {
  const numbers = new Map<string, number>();
  const strata = Int32Array.from({ length }, (_, i) => {
    const groups = groupings.map(({ groupOf }) => groupOf[i]!);
    if (groups.includes(-1)) return -1;
    const key = groups.join();
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
  return { strata, count: numbers.size };
}

/** How groups are compared. */
export interface GroupOptions extends Redrawing {
  correction: Correction;
  /** Positives, and negatives, that a group must have of a finding. */
  smallestGroup: number;
}

/** `[rows, F]` */
export function testLabels({ labels, findings: { length } }: TestedDataset, rows: Int32Array): Float32Array {
  return Float32Array.from(
    { length: rows.length * length },
    (_, i) => labels[rows[Math.floor(i / length)]! * length + (i % length)]!,
  );
}

/** The redraws of a data set's test split. */
export function redrawingOfTest(dataset: TestedDataset, config: ExperimentConfig): Redrawing {
  const test = splitIndices(dataset, 'test');
  const patients = Array.from(test, (index) => dataset.radiographs[index]!.patient);
  return redrawingOf(config, { labels: testLabels(dataset, test), patients });
}
