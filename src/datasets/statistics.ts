import type { Finding } from './findings.js';
import { type Radiograph, type RadiographDataset, SPLITS, type Split } from './radiograph.js';
import { patientsInTwoSplits } from './split.js';
import { type LabelCounts, type SplitSummary, summarizeRadiographs } from './summary.js';

/** Children apart, then decades, as the literature reports adults. */
export const AGE_BANDS = [
  '0-17',
  '18-29',
  '30-39',
  '40-49',
  '50-59',
  '60-69',
  '70-79',
  '80 and over',
  'unknown',
] as const;
export type AgeBand = (typeof AGE_BANDS)[number];

/** Radiographs of one age band, by sex. */
export interface AgeCounts {
  band: AgeBand;
  images: number;
  F: number;
  M: number;
  unknown: number;
}

export interface FindingCounts extends LabelCounts {
  /** Positives among the known labels, 0..1; null where no label is known. */
  prevalence: number | null;
}

export interface SplitStatistics extends SplitSummary {
  findings: Record<string, FindingCounts>;
  /** Every band, the youngest first. */
  ages: AgeCounts[];
  /** How many patients have how many images, ascending. */
  imagesPerPatient: { images: number; patients: number }[];
}

/** What a data set holds, as JSON can say it. */
export interface DatasetStatistics {
  name: string;
  root: string;
  findings: Finding[];
  splits: Record<Split, SplitStatistics>;
  /** All splits together; an image that is in two of them counts once. */
  all: SplitStatistics;
  /** `[i][j]`: radiographs that are positive for findings i and j, in the order of `findings`; the diagonal holds the positives. */
  coOccurrence: number[][];
  /** Boxes per published finding, and radiographs that have any; null where the data set publishes none. */
  boxes: { images: number; findings: Record<string, number> } | null;
  rowsWithoutImage: number;
  imagesWithoutRow: number;
  patientsInTwoSplits: number;
  notes: string[];
}

/** Counts everything that the table of a data set says; no image is opened. */
export function datasetStatistics(dataset: RadiographDataset): DatasetStatistics {
  const { name, root, findings, rowsWithoutImage, imagesWithoutRow, notes } = dataset;
  const distinct = [...new Map(dataset.radiographs.map((radiograph) => [radiograph.id, radiograph])).values()];
  const splits = SPLITS.map((split) => {
    const rows = dataset.radiographs.filter((radiograph) => radiograph.split === split);
    return [split, splitStatistics(rows, findings)] as const;
  });
  return {
    name,
    root,
    findings,
    splits: Object.fromEntries(splits) as Record<Split, SplitStatistics>,
    all: splitStatistics(distinct, findings),
    coOccurrence: coOccurrence(distinct, findings.length),
    boxes: countBoxes(distinct),
    rowsWithoutImage: rowsWithoutImage.length,
    imagesWithoutRow: imagesWithoutRow.length,
    patientsInTwoSplits: patientsInTwoSplits(dataset.radiographs).patients,
    notes,
  };
}

/** Counts of some radiographs. `findings` are those of their data set, in the order of `labels`. */
export function splitStatistics(rows: readonly Radiograph[], findings: readonly Finding[]): SplitStatistics {
  const summary = summarizeRadiographs(rows, findings);
  const counted = Object.entries(summary.findings).map(([name, counts]) => {
    const known = counts.positive + counts.negative;
    return [name, { ...counts, prevalence: known > 0 ? counts.positive / known : null }] as const;
  });
  return {
    ...summary,
    findings: Object.fromEntries(counted),
    ages: countAges(rows),
    imagesPerPatient: countImagesPerPatient(rows),
  };
}

/** The band of an age in years; fractions belong to the year that was completed. */
export function ageBand(ageYears: number): AgeBand {
  if (Number.isNaN(ageYears)) return 'unknown';
  if (ageYears < 18) return '0-17';
  return AGE_BANDS[Math.min(Math.max(Math.floor(ageYears / 10), 2), 8) - 1]!;
}

function countAges(rows: readonly Radiograph[]): AgeCounts[] {
  const counts = new Map(AGE_BANDS.map((band) => [band, { band, images: 0, F: 0, M: 0, unknown: 0 }]));
  for (const { ageYears, sex } of rows) {
    const own = counts.get(ageBand(ageYears))!;
    own.images++;
    own[sex ?? 'unknown']++;
  }
  return [...counts.values()];
}

function countImagesPerPatient(rows: readonly Radiograph[]): SplitStatistics['imagesPerPatient'] {
  const images = new Map<string, number>();
  for (const { patient } of rows) images.set(patient, (images.get(patient) ?? 0) + 1);
  const patients = new Map<number, number>();
  for (const count of images.values()) patients.set(count, (patients.get(count) ?? 0) + 1);
  return [...patients].map(([images, patients]) => ({ images, patients })).sort((a, b) => a.images - b.images);
}

function coOccurrence(rows: readonly Radiograph[], findings: number): number[][] {
  const counts = Array.from({ length: findings }, () => new Array<number>(findings).fill(0));
  for (const { labels } of rows) {
    for (let i = 0; i < findings; i++) {
      if (labels[i] !== 1) continue;
      for (let j = 0; j < findings; j++) if (labels[j] === 1) counts[i]![j]!++;
    }
  }
  return counts;
}

function countBoxes(rows: readonly Radiograph[]): DatasetStatistics['boxes'] {
  const counts = new Map<string, number>();
  let images = 0;
  for (const { boxes = [] } of rows) {
    if (boxes.length > 0) images++;
    for (const { finding } of boxes) counts.set(finding, (counts.get(finding) ?? 0) + 1);
  }
  return images > 0 ? { images, findings: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))) } : null;
}
