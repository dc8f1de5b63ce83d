import { CORRECTION_NAMES } from '../evaluation/index.js';
import { cell, count, counted, decimals, left, NONE, right, type Table, type TableCell } from '../pages/index.js';
import type { ModelComparison, NumberWithInterval } from './result.js';
import { confidence, signed } from './verdict.js';

/** AUROC of both models, their difference and its tests: the mean first, then every finding. */
export function comparisonTable({ first, second, mean, findings, statistics }: ModelComparison): Table {
  const rows = findings.map((it) => [
    cell(it.finding),
    cell(`${count(it.positives)} / ${count(it.negatives)}`),
    number(it.first),
    number(it.second),
    number(it.difference, signed),
    cell(pValue(it.p)),
    cell(pValue(it.pAdjusted)),
    cell(pValue(it.pPermutation)),
    cell(pValue(it.delong?.p ?? null)),
  ]);
  const ofMean = [
    cell(`mean of ${counted(mean.over.length, 'finding')}`),
    cell(''),
    number(mean.first),
    number(mean.second),
    number(mean.difference, signed),
    cell(pValue(mean.p)),
    cell(''),
    cell(pValue(mean.pPermutation)),
    cell(''),
  ];
  const { unit, units, redraws, interval, stratified, alternative, correction, family } = statistics;
  const reasons = findings.flatMap(({ finding, reason, delong }) => {
    const why = reason ?? delong?.reason;
    return why ? [`${finding}: ${why}.`] : [];
  });
  const byPatient = delongByPatient({ findings });
  return {
    title: `AUROC of ${first.name} and ${second.name} with ${confidence(statistics.confidence)} intervals, and their difference.`,
    columns: [
      left('Finding'),
      right('Positive / negative'),
      right(first.name),
      right(second.name),
      right('Difference'),
      right('p, bootstrap'),
      right('p, corrected'),
      right('p, permutation'),
      right(byPatient ? 'p, DeLong by patient' : 'p, DeLong'),
    ],
    groups: [{ rows: [ofMean, ...rows] }],
    notes: [
      `${count(redraws)} redraws of ${counted(units, unit)}${stratified ? ', stratified by any positive label' : ''}, the same for both models; ${interval === 'bca' ? 'BCa' : interval} intervals; p ${alternative}.`,
      `Corrected: ${CORRECTION_NAMES[correction]}, over ${family}.`,
      byPatient
        ? 'DeLong by patient: the variance of Obuchowski (1997) for several images of a patient.'
        : 'DeLong: images count as independent.',
      ...reasons,
    ],
  };
}

/** Whether DeLong's variance is by patient for any finding: where each patient has one image, it is the same. */
export function delongByPatient({ findings }: Pick<ModelComparison, 'findings'>): boolean {
  return findings.some(({ delong }) => delong?.patients !== undefined);
}

function number(value: NumberWithInterval | null, text = (it: number) => decimals(it)): TableCell {
  return value
    ? { text: text(value.estimate), range: `(${decimals(value.low)}, ${decimals(value.high)})` }
    : cell(NONE);
}

function pValue(p: number | null): string {
  if (p === null) return NONE;
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** The comparison as CSV: one line for the mean, one per finding; empty where there is no number. */
export function comparisonCsv({ mean, findings }: ModelComparison): string {
  const interval = (it: NumberWithInterval | null) => [it?.estimate, it?.low, it?.high];
  const header = [
    'finding,positives,negatives,unknown',
    ...['first', 'second', 'difference'].map((name) => `${name},${name}_low,${name}_high`),
    'p_bootstrap,p_adjusted,p_permutation,p_delong,delong_low,delong_high,delong_variance,note',
  ].join(',');
  const rows = findings.map((it) => [
    it.finding,
    it.positives,
    it.negatives,
    it.unknown,
    ...[it.first, it.second, it.difference].flatMap(interval),
    ...[it.p, it.pAdjusted, it.pPermutation, it.delong?.p, it.delong?.difference?.low, it.delong?.difference?.high],
    it.delong && (it.delong.patients === undefined ? 'by image' : 'by patient'),
    it.reason ?? it.delong?.reason,
  ]);
  const ofMean = [
    'mean',
    '',
    '',
    '',
    ...[mean.first, mean.second, mean.difference].flatMap(interval),
    mean.p,
    '',
    mean.pPermutation,
    '',
    '',
    '',
    '',
    '',
  ];
  return [header, ...[ofMean, ...rows].map((cells) => cells.map((it) => quoted(String(it ?? ''))).join(','))]
    .map((line) => `${line}\n`)
    .join('');
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
