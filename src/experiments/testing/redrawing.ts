import type { ExperimentConfig } from '../config/schema.js';

/** How a data set's test split is redrawn: the same for everything that is tested on it. */
export interface Redrawing {
  /** Patient number of each test row; undefined redraws images. */
  groups?: Int32Array;
  /** Strata of the test rows of which each is redrawn on its own; undefined: one. */
  drawnWithin?: Int32Array;
  redraws: number;
  seed: number;
  confidence: number;
}

/** The redraws of test rows with these labels `[N * F]` and patients `[N]`. */
export function redrawingOf(
  { seed, statistics }: ExperimentConfig,
  { labels, patients }: { labels: Float32Array; patients: readonly string[] },
): Redrawing {
  const { unit, stratified, redraws, confidence } = statistics;
  const groups = unit === 'patient' ? numbered(patients) : undefined;
  const drawnWithin = stratified ? withPositives(labels, labels.length / patients.length, groups) : undefined;
  return { groups, drawnWithin, redraws, seed, confidence };
}

/** Of each row, 1 where its group (or itself) has any positive finding, else 0. */
function withPositives(labels: Float32Array, findings: number, groups: Int32Array | undefined): Int32Array {
  const rows = Int32Array.from({ length: labels.length / findings }, (_, row) => row);
  const groupOf = (row: number) => groups?.[row] ?? row;
  const positive = (row: number) => labels.subarray(row * findings, (row + 1) * findings).includes(1);
  const having = new Set([...rows].filter(positive).map(groupOf));
  return rows.map((row) => (having.has(groupOf(row)) ? 1 : 0));
}

/** Numbers equal names alike, in order of appearance. */
function numbered(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
}
