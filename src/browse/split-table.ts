import type { DatasetStatistics, SplitStatistics, SplitSummary } from '../datasets/index.js';
import { AGE_BANDS, SPLITS } from '../datasets/index.js';
import { cell, count, left, NONE, percent, right, type Table, type TableCell } from '../pages/index.js';

/** What a row can be made of: experiments of old may lack views and sexes. */
export type SplitCounts = Omit<SplitSummary, 'views' | 'sexes'> & Partial<Pick<SplitSummary, 'views' | 'sexes'>>;

/** Rows that compare splits: radiographs, patients, ages, sexes, views, and the positives of each finding. One cell per split after the name. */
export function splitRows(splits: readonly SplitCounts[], findings: readonly string[]): TableCell[][] {
  return [
    ...sizeRows(splits),
    ...shareRows('Sex ', splits, ({ sexes }) => sexes),
    ...shareRows('View ', splits, ({ views }) => views),
    ...findingRows(splits, findings),
  ];
}

/** The counts of a data check, per split. */
export function splitTable(splits: Record<(typeof SPLITS)[number], SplitSummary>): Table {
  const parts = SPLITS.map((split) => splits[split]);
  const findings = Object.keys(splits.train.findings);
  return { title: 'Radiographs', columns: headings(SPLITS), groups: [{ rows: splitRows(parts, findings) }], notes: [] };
}

/** Everything that is counted, per split and over all. */
export function statisticsTable({ splits, all, findings }: DatasetStatistics): Table {
  const parts = [...SPLITS.map((split) => splits[split]), all];
  const names = findings.map(({ name }) => name);
  return {
    title:
      'Radiographs and patients, with the share of the radiographs of a split; positives with their share of the known labels.',
    columns: headings([...SPLITS, 'all']),
    groups: [
      { rows: [...sizeRows(parts), imagesPerPatientRow(parts)] },
      { heading: 'Sex', rows: shareRows('', parts, ({ sexes }) => sexes) },
      { heading: 'Age, years', rows: ageRows(parts) },
      { heading: 'View', rows: shareRows('', parts, ({ views }) => views) },
      { heading: 'Positive findings', rows: findingRows(parts, names) },
    ].filter(({ rows }) => rows.length > 0),
    notes: [],
  };
}

const headings = (names: readonly string[]) => [left(''), ...names.map((name) => right(name))];

function sizeRows(splits: readonly SplitCounts[]): TableCell[][] {
  const medians = splits.map(({ medianAgeYears }) => cell(medianAgeYears?.toString() ?? NONE));
  return [
    [cell('Radiographs'), ...splits.map(({ images }) => cell(count(images)))],
    [cell('Patients'), ...splits.map(({ patients }) => cell(count(patients)))],
    ...(splits.some(({ medianAgeYears }) => medianAgeYears !== undefined)
      ? [[cell('Median age, years'), ...medians]]
      : []),
  ];
}

function imagesPerPatientRow(splits: readonly SplitStatistics[]): TableCell[] {
  return [
    cell('Radiographs per patient: mean, most'),
    ...splits.map(({ images, patients, imagesPerPatient }) =>
      cell(patients > 0 ? `${(images / patients).toFixed(1)}, ${count(imagesPerPatient.at(-1)!.images)}` : NONE),
    ),
  ];
}

function shareRows(
  prefix: string,
  splits: readonly SplitCounts[],
  of: (split: SplitCounts) => Record<string, number> | undefined,
): TableCell[][] {
  const keys = [...new Set(splits.flatMap((split) => Object.keys(of(split) ?? {})))];
  return keys.map((key) => [cell(`${prefix}${key}`), ...splits.map((split) => share(of(split)?.[key], split.images))]);
}

function ageRows(splits: readonly SplitStatistics[]): TableCell[][] {
  return AGE_BANDS.map((band, i) => ({ band, counts: splits.map(({ ages }) => ages[i]!.images) }))
    .filter(({ counts }) => counts.some((images) => images > 0))
    .map(({ band, counts }) => [cell(band), ...counts.map((images, s) => share(images, splits[s]!.images))]);
}

function share(part: number | undefined, whole: number): TableCell {
  return cell(part === undefined ? NONE : `${count(part)} (${percent(part, whole)})`);
}

function findingRows(splits: readonly SplitCounts[], findings: readonly string[]): TableCell[][] {
  return findings.map((finding) => [
    cell(finding),
    ...splits.map((split) => {
      const counts = split.findings[finding];
      if (!counts) return cell(NONE);
      const { positive, negative, unknown } = counts;
      const uncertain = unknown > 0 ? `, ${count(unknown)} unknown` : '';
      return cell(`${count(positive)} (${percent(positive, positive + negative)}${uncertain})`);
    }),
  ]);
}
