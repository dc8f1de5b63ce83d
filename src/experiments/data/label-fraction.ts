/** Fine-tuning with the labels of some training patients alone. */
import { contentHash, Random } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { ImageReader } from '../../imaging/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import type { PreparedDataset } from './prepare.js';

/**
 * The patients of the training split, in the order in which their labels are taken: first those that give every finding a positive
 * and a negative, the rarest finding first, then the others; all in an order drawn from the seed. A share of the patients is the
 * beginning of this order, so that 1 % of them are among the 10 %.
 */
export function labellingOrder(radiographs: readonly Radiograph[], findings: number, seed: number): string[] {
  const training = radiographs.filter(({ split }) => split === 'train');
  const patients = [...new Set(training.map(({ patient }) => patient))].sort();
  const order = Random.of(seed, 'labelled patients').shuffle(patients);
  const place = new Map(order.map((patient, i) => [patient, i]));
  const cases = [1, 0].flatMap((label) =>
    Array.from({ length: findings }, (_, f) => {
      const having = training.filter(({ labels }) => labels[f] === label);
      return new Set(having.map(({ patient }) => patient));
    }),
  );
  const first = new Set<string>();
  for (const having of cases.sort((a, b) => a.size - b.size)) {
    if (having.size === 0 || [...first].some((patient) => having.has(patient))) continue;
    first.add([...having].reduce((a, b) => (place.get(b)! < place.get(a)! ? b : a)));
  }
  return [...first, ...order.filter((patient) => !first.has(patient))];
}

/** Of each list of radiographs, the orders by seed: every share of the labels needs them. */
const orders = new WeakMap<readonly Radiograph[], Map<number, string[]>>();

function orderOf({ radiographs, findings }: Labelled, seed: number): string[] {
  const known = orders.get(radiographs) ?? new Map<number, string[]>();
  orders.set(radiographs, known);
  const order = known.get(seed) ?? labellingOrder(radiographs, findings.length, seed);
  known.set(seed, order);
  return order;
}

type Labelled = Pick<DatasetTables, 'radiographs' | 'labels' | 'findings'>;

/** Indices of the radiographs that are left when a share of the training patients, rounded and at least one, keeps its labels. */
function kept(dataset: Labelled, fraction: number, seed: number): Int32Array {
  const { radiographs } = dataset;
  const order = orderOf(dataset, seed);
  const labelled = new Set(order.slice(0, Math.max(1, Math.round(fraction * order.length))));
  return Int32Array.from(radiographs.keys()).filter((i) => {
    const { split, patient } = radiographs[i]!;
    return split !== 'train' || labelled.has(patient);
  });
}

/** The tables of a data set without the training radiographs whose labels are not used. */
export function tablesWithLabels(tables: DatasetTables, fraction: number, seed: number): DatasetTables {
  if (fraction === 1) return tables;
  const rows = kept(tables, fraction, seed);
  return { ...tables, ...picked(tables, rows) };
}

/** A data set without the training radiographs whose labels are not used; validation and test split are whole. */
export function datasetWithLabels(dataset: PreparedDataset, fraction: number, seed: number): PreparedDataset {
  if (fraction === 1) return dataset;
  const { store, fingerprint } = dataset;
  const rows = kept(dataset, fraction, seed);
  return {
    ...dataset,
    ...picked(dataset, rows),
    store: new PickedImages(store, rows),
    fingerprint: contentHash({ fingerprint, labels: { fraction, seed } }),
  };
}

function picked({ radiographs, labels, findings }: Labelled, rows: Int32Array): Omit<Labelled, 'findings'> {
  const F = findings.length;
  const own = new Float32Array(rows.length * F);
  for (const [row, i] of rows.entries()) own.set(labels.subarray(i * F, (i + 1) * F), row * F);
  return { radiographs: Array.from(rows, (i) => radiographs[i]!), labels: own };
}

/** Some images of a store, which keeps what it keeps. */
class PickedImages implements ImageReader {
  constructor(
    private readonly store: ImageReader,
    private readonly rows: Int32Array,
  ) {}

  get length(): number {
    return this.rows.length;
  }

  get shape(): ImageReader['shape'] {
    return this.store.shape;
  }

  name(index: number): string {
    return this.store.name(this.rows[index]!);
  }

  read(index: number): Promise<Uint8Array> {
    return this.store.read(this.rows[index]!);
  }
}
