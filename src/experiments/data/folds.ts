/** Cross-validation: the patients of a data set in folds, each tested by the models that did not see it. */
import { contentHash, Random } from '../../base/index.js';
import { drawPatients, type Radiograph } from '../../datasets/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { PreparedDataset } from './prepare.js';

/** How a data set is cut. */
export interface Folds {
  folds: number;
  seed: number;
  /** Share of the patients outside a fold who validate the models that are tested on it. */
  validationFraction: number;
}

/**
 * The fold, from 0, of each patient: about as many patients in each, and of each finding about as many patients who have it. By iterative
 * stratification, the rarest finding first (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011), of patients with the findings of all
 * their radiographs. The published splits play no part.
 */
export function foldsOfPatients(
  radiographs: readonly Radiograph[],
  findings: number,
  { folds, seed }: Pick<Folds, 'folds' | 'seed'>,
): Map<string, number> {
  const patients = [...new Set(radiographs.map(({ patient }) => patient))].sort();
  const order = Random.of(seed, 'folds of patients').shuffle(patients);
  const having = Array.from({ length: findings }, (_, f) => {
    return new Set(radiographs.filter(({ labels }) => labels[f] === 1).map(({ patient }) => patient));
  });
  const room = new Array<number>(folds).fill(order.length / folds);
  const roomOf = having.map(({ size }) => new Array<number>(folds).fill(size / folds));
  const foldOf = new Map<string, number>();
  const assign = (patient: string, wanted: readonly number[]) => {
    const best = room.map((_, k) => k).reduce((a, b) => ((wanted[b]! - wanted[a]! || room[b]! - room[a]!) > 0 ? b : a));
    foldOf.set(patient, best);
    room[best]!--;
    for (const [f, own] of having.entries()) if (own.has(patient)) roomOf[f]![best]!--;
  };
  const left = having.map((own) => order.filter((patient) => own.has(patient)));
  for (;;) {
    const open = left.map((own) => own.filter((patient) => !foldOf.has(patient)));
    const next = open.reduce((a, own, f) => (own.length > 0 && (a < 0 || own.length < open[a]!.length) ? f : a), -1);
    if (next < 0) break;
    for (const patient of open[next]!) assign(patient, roomOf[next]!);
  }
  for (const patient of order) if (!foldOf.has(patient)) assign(patient, room);
  return foldOf;
}

/** How an experiment cuts a data set; undefined without a cross-validation. */
export function foldsOf({ crossValidation, datasets, seed }: ExperimentConfig, dataset: string): Folds | undefined {
  const { validationFraction } = datasets.find(({ name }) => name === dataset)!;
  return crossValidation && { ...crossValidation, seed, validationFraction };
}

/** The radiographs as the models of one fold see them: it is their test split, and others validate. */
function inFold(
  { radiographs, findings }: Pick<DatasetTables, 'radiographs' | 'findings'>,
  fold: number,
  { folds, seed, validationFraction }: Folds,
): Radiograph[] {
  const foldOf = foldsOfPatients(radiographs, findings.length, { folds, seed });
  const others = [...foldOf.keys()].filter((patient) => foldOf.get(patient) !== fold);
  const validating = drawPatients(others, { split: 'validate', fraction: validationFraction, seed });
  return radiographs.map((radiograph): Radiograph => {
    const { patient } = radiograph;
    const split = foldOf.get(patient) === fold ? 'test' : validating.has(patient) ? 'validate' : 'train';
    return { ...radiograph, split };
  });
}

export const tablesOfFold = (tables: DatasetTables, fold: number, how: Folds): DatasetTables => ({
  ...tables,
  radiographs: inFold(tables, fold, how),
});

export const datasetOfFold = (dataset: PreparedDataset, fold: number, how: Folds): PreparedDataset => ({
  ...dataset,
  radiographs: inFold(dataset, fold, how),
  fingerprint: contentHash({ fingerprint: dataset.fingerprint, fold, ...how }),
});
