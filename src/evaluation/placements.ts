import { countBelow, countUpTo } from './midranks.js';
import { findingColumn, type Numbers, scoresByClass } from './scores.js';

/**
 * Where each positive stands among the negatives, and each negative among the positives: what an AUROC is the mean of, and what its
 * variance comes from (DeLong, DeLong and Clarke-Pearson, Biometrics 44:837, 1988: "structural components").
 */
export interface Placements {
  /** Mean of either array; NaN without a positive or without a negative. */
  auroc: number;
  /** Per positive, in the order of rows: share of the negatives that score below it, ties one half. NaN without a negative. */
  ofPositives: Float64Array;
  /** Per negative, in the order of rows: share of the positives that score above it, ties one half. NaN without a positive. */
  ofNegatives: Float64Array;
  /** Whose the rows are, where a patient has several; left out where every row counts as independent. */
  patients?: PatientsOfRows;
}

export interface PatientsOfRows {
  /** Patients with a labelled row. */
  count: number;
  withPositives: number;
  withNegatives: number;
  /** Patient of each positive, 0..count-1, in the order of rows. */
  ofPositives: Int32Array;
  ofNegatives: Int32Array;
}

/**
 * The placements of scores `[N]` with labels `[N]` (1, 0, NaN: left out) in O(N log N): each is found among the sorted scores of the
 * other class, which gives the midranks of Sun and Xu (IEEE Signal Process Lett 21:1389, 2014). With `groups` `[N]`, the number of
 * each row's patient, rows of one patient are not taken as independent of each other.
 * Throws a RangeError where the lengths differ, an InputError for a NaN score of a labelled row or a label other than 1, 0, NaN.
 */
export function placements(scores: Numbers, labels: Numbers, groups?: ArrayLike<number>): Placements {
  const { positives, negatives } = scoresByClass(scores, labels);
  const ofPositives = new Float64Array(positives.length);
  const ofNegatives = new Float64Array(negatives.length);
  let p = 0;
  let n = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) ofPositives[p++] = shareBelow(negatives, scores[i]!);
    else if (labels[i] === 0) ofNegatives[n++] = 1 - shareBelow(positives, scores[i]!);
  }
  const patients = groups && patientsOf(groups, labels);
  return {
    auroc: positives.length > 0 && negatives.length > 0 ? mean(ofPositives) : NaN,
    ofPositives,
    ofNegatives,
    ...(patients && patients.count < p + n && { patients }),
  };
}

/** Share of ascending values that lie below a value, ties one half. */
function shareBelow(ascending: Float64Array, value: number): number {
  return (countBelow(ascending, value) + countUpTo(ascending, value)) / (2 * ascending.length);
}

function patientsOf(groups: ArrayLike<number>, labels: Numbers): PatientsOfRows {
  if (groups.length !== labels.length)
    throw new RangeError(`placements: ${groups.length} groups for ${labels.length} rows`);
  const numbers = new Map<number, number>();
  const [ofPositives, ofNegatives]: [number[], number[]] = [[], []];
  for (let i = 0; i < labels.length; i++) {
    if (Number.isNaN(labels[i])) continue;
    const patient = numbers.get(groups[i]!) ?? numbers.size;
    numbers.set(groups[i]!, patient);
    (labels[i] === 1 ? ofPositives : ofNegatives).push(patient);
  }
  return {
    count: numbers.size,
    withPositives: new Set(ofPositives).size,
    withNegatives: new Set(ofNegatives).size,
    ofPositives: Int32Array.from(ofPositives),
    ofNegatives: Int32Array.from(ofNegatives),
  };
}

/**
 * The placements of one finding by the mean AUROC of a model's training seeds: scores `[N, F]` of each, labels `[N, F]`, and `groups` as
 * of `placements`. Throws as `placements` does.
 */
export function placementsOfSeeds(
  seeds: readonly Numbers[],
  labels: Float32Array,
  { findings, finding, groups }: { findings: number; finding: number; groups?: ArrayLike<number> },
): Placements {
  const known = findingColumn(labels, findings, finding);
  const columns = seeds.map((scores) => Float64Array.from(known, (_, row) => scores[row * findings + finding]!));
  return meanPlacements(columns.map((scores) => placements(scores, known, groups)));
}

/** Those of the mean AUROC of several models, e.g. of the training seeds of one, on the same rows. Throws a RangeError for other rows. */
export function meanPlacements(models: readonly Placements[]): Placements {
  const [{ patients }] = models as [Placements];
  for (const model of models) checkSameRows(models[0]!, model);
  const average = (of: (model: Placements) => Float64Array) =>
    of(models[0]!).map((_, i) => models.reduce((sum, model) => sum + of(model)[i]!, 0) / models.length);
  return {
    auroc: models.reduce((sum, { auroc }) => sum + auroc, 0) / models.length,
    ofPositives: average(({ ofPositives }) => ofPositives),
    ofNegatives: average(({ ofNegatives }) => ofNegatives),
    ...(patients && { patients }),
  };
}

/** Of the difference first - second of two models on the same rows. Throws a RangeError for other rows. */
export function placementsOfDifference(first: Placements, second: Placements): Placements {
  checkSameRows(first, second);
  const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]!);
  return {
    ...first,
    auroc: first.auroc - second.auroc,
    ofPositives: minus(first.ofPositives, second.ofPositives),
    ofNegatives: minus(first.ofNegatives, second.ofNegatives),
  };
}

/**
 * Variance of an AUROC, or of a difference of two: DeLong's; where patients have several rows, that of Obuchowski (Biometrics 53:567,
 * 1997), which sums the components of a patient and holds the covariance of its positive and negative rows. Where each patient has one
 * row the two are equal. NaN where a class has fewer than two rows, or patients.
 */
export function varianceOfAuroc({ ofPositives, ofNegatives, patients }: Placements): number {
  if (!patients) return varianceOfMean(ofPositives) + varianceOfMean(ofNegatives);
  const { count, withPositives, withNegatives } = patients;
  const positive = sumsByPatient(ofPositives, patients.ofPositives, count);
  const negative = sumsByPatient(ofNegatives, patients.ofNegatives, count);
  return (
    factor(withPositives) * sumOfProducts(positive, positive) +
    factor(withNegatives) * sumOfProducts(negative, negative) +
    2 * factor(count) * sumOfProducts(positive, negative)
  );
}

/** Of each patient, the sum of (value - mean) / number of values. */
function sumsByPatient(values: Float64Array, patients: Int32Array, count: number): Float64Array {
  const sums = new Float64Array(count);
  const center = mean(values);
  for (const [i, value] of values.entries()) sums[patients[i]!]! += (value - center) / values.length;
  return sums;
}

const factor = (units: number) => (units < 2 ? NaN : units / (units - 1));
const sumOfProducts = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Estimated variance of the mean of independent values; NaN for fewer than two. */
function varianceOfMean(values: Float64Array): number {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return values.length < 2 ? NaN : squares / (values.length - 1) / values.length;
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function checkSameRows(first: Placements, second: Placements): void {
  const counts = [first, second].map(
    ({ ofPositives, ofNegatives, patients }) =>
      `${ofPositives.length} + ${ofNegatives.length} positive and negative rows of ${patients?.count ?? 'as many'} patients`,
  );
  if (counts[0] !== counts[1]) throw new RangeError(`DeLong: ${counts.join(' and ')}`);
}
