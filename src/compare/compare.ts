import { inputError, packageVersion } from '../base/index.js';
import {
  adjust,
  type Correction,
  concludeFrom,
  type DelongInterval,
  type Difference,
  delongInterval,
  delongTest,
  type Estimate,
  type IntervalMethod,
  pairedBootstrap,
  permutationTest,
  placementsOfSeeds,
} from '../evaluation/index.js';
import { counted } from '../pages/index.js';
import { alignPredictions } from './align.js';
import { noteIndependence, noteScale, noteValues } from './notes.js';
import { nameOf, predictionFiles, readPredictionFile } from './read.js';
import type { ComparedModel, FindingComparison, ModelComparison, NumberWithInterval } from './result.js';
import { requireSeeds } from './seeds.js';
import { verdict } from './verdict.js';

export const ALTERNATIVES = ['two-sided', 'greater', 'less'] as const;
export type Alternative = (typeof ALTERNATIVES)[number];

export interface CompareOptions {
  /** CSV files or folders of each model; several are training seeds. */
  first: readonly string[];
  second: readonly string[];
  /** What to call the models, by default as their files are called. */
  firstName?: string;
  secondName?: string;
  /** CSV file of labels, where they do not stand beside the predictions. */
  labels?: string;
  /** Of files with a column `split`: `test` unless given, `all` for every row. */
  split?: string;
  findings?: readonly string[];
  /** Columns by name, in place of the rules. */
  idColumn?: string;
  patientColumn?: string;
  /** Compares the rows that all files have; by default different ids are an error. */
  common?: boolean;
  /** What the bootstrap redraws and the permutation exchanges; by default patients where the files tell them. */
  unit?: 'patient' | 'image';
  /** Of the bootstrap, and as many exchanges of the permutation test; 1000 unless given. */
  redraws?: number;
  seed?: number;
  confidence?: number;
  interval?: IntervalMethod;
  /** Redraws as many units with a positive label as there are, and as many without. */
  stratified?: boolean;
  correction?: Correction;
  /** Which p-values are given: `greater` is "the first is better". */
  alternative?: Alternative;
  /** Of non-inferiority and equivalence, in AUROC. */
  margin?: number;
  threads?: number;
}

/**
 * The paired comparison of two models by their files of predictions. AUROC needs an order alone, so that predictions may be any finite
 * numbers; they are replaced by their ranks, so that no precision is lost. Throws an InputError where the files do not fit.
 */
export function compareModels(options: CompareOptions): ModelComparison {
  const {
    redraws = 1000,
    seed = 1,
    confidence = 0.95,
    interval = 'percentile',
    stratified = false,
    threads = 1,
  } = options;
  const { correction = 'benjamini-hochberg', alternative = 'two-sided', margin, split = 'test' } = options;
  const { first, second, data, hasSplit } = readModels(options, split);
  const { ids, findings, labels, notes } = data;
  const F = findings.length;
  const unit = options.unit ?? (data.patients ? 'patient' : 'image');
  if (unit === 'patient' && !data.patients) {
    throw inputError({
      what: '--unit',
      found: 'patient',
      expected: 'a column of patients in one of the files',
      fix: 'Name it with --patient, or take --unit image.',
    });
  }
  const groups = unit === 'patient' ? numbered(data.patients!) : undefined;
  noteScale(data, notes);

  const ranks = (seeds: Float64Array[]) => seeds.map((scores) => denseRanks(scores, labels, F));
  const [ofFirst, ofSecond] = [ranks(data.first), ranks(data.second)];
  const sampling = { labels, findings: F, groups, seed };
  const bootstrap = pairedBootstrap(
    {
      ...sampling,
      redraws,
      confidence,
      interval,
      margin,
      strata: stratified ? strata(labels, F, groups) : undefined,
      models: [
        { name: first.name, seeds: ofFirst },
        { name: second.name, seeds: ofSecond },
      ],
    },
    { threads },
  );
  const [there, back] = bootstrap.comparisons as [(typeof bootstrap.comparisons)[0], (typeof bootstrap.comparisons)[0]];
  const pOf = (f?: number) => {
    const [forth, reverse] = [there, back].map((it) => (f === undefined ? it.meanAuroc : it.findings[f]!));
    return { 'two-sided': forth!.pTwoSided, greater: forth!.pGreater, less: reverse!.pGreater }[alternative];
  };
  const permutation = permutationOf();
  const adjusted = adjust(
    correction,
    findings.map((_, f) => pOf(f)),
  );
  const [one, two] = bootstrap.models;
  const each = findings.map((finding, f): FindingComparison => {
    const { positives, negatives, unknown, estimable } = one!.findings[f]!;
    const counts = { finding, positives, negatives, unknown };
    if (!estimable) {
      const reason = positives === 0 ? 'no positive' : 'no negative';
      return {
        ...counts,
        first: null,
        second: null,
        difference: null,
        p: null,
        pAdjusted: null,
        delong: null,
        pPermutation: null,
        reason,
      };
    }
    return {
      ...counts,
      first: intervalOf(one!.findings[f]!.auroc),
      second: intervalOf(two!.findings[f]!.auroc),
      difference: intervalOf(there.findings[f]!),
      p: finite(pOf(f)),
      pAdjusted: finite(adjusted[f]!),
      pPermutation: permutation ? finite(pOfAlternative(permutation.findings[f]!, alternative)) : null,
      delong: delongOf(f),
    };
  });
  const over = findings.filter((_, f) => one!.findings[f]!.estimable);
  if (unit === 'image') noteIndependence(data, notes);
  noteValues(first.name, data.first, one!.meanAuroc, notes);
  noteValues(second.name, data.second, two!.meanAuroc, notes);
  if (!permutation)
    notes.push(
      'No permutation test: it exchanges the seeds of both models in pairs, and they have different numbers of seeds.',
    );
  const estimate = there.meanAuroc;
  const result: Omit<ModelComparison, 'verdict'> = {
    format: 'hilum-comparison/1',
    hilum: packageVersion(),
    createdAt: new Date().toISOString(),
    first,
    second,
    data: {
      images: ids.length,
      patients: data.patients ? new Set(data.patients).size : null,
      split: hasSplit ? split : null,
      labels: options.labels ?? null,
    },
    statistics: {
      unit,
      units: bootstrap.units,
      redraws,
      seed,
      confidence,
      interval,
      stratified,
      alternative,
      correction,
      family: `the ${counted(over.length, 'finding')} of this comparison`,
      margin: margin ?? null,
    },
    mean: {
      over,
      first: intervalOf(one!.meanAuroc),
      second: intervalOf(two!.meanAuroc),
      difference: intervalOf(estimate),
      p: finite(pOf()),
      pPermutation: permutation ? finite(pOfAlternative(permutation.meanAuroc, alternative)) : null,
    },
    findings: each,
    conclusions: conclusionsOf(estimate, margin),
    notes,
  };
  return { ...result, verdict: verdict(result) };

  function permutationOf() {
    if (ofFirst.length !== ofSecond.length) return undefined;
    // "Less" is "greater" with the models exchanged; the exchanges are the same.
    const [a, b] = alternative === 'less' ? [ofSecond, ofFirst] : [ofFirst, ofSecond];
    return permutationTest({ ...sampling, first: a, second: b, permutations: redraws });
  }

  function delongOf(f: number): FindingComparison['delong'] {
    const [a, b] = [data.first, data.second].map((seeds) =>
      placementsOfSeeds(seeds, labels, { findings: F, finding: f, groups }),
    );
    const test = delongTest(a!, b!, confidence);
    const p = { 'two-sided': test.pTwoSided, greater: test.pGreater, less: 1 - test.pGreater }[alternative];
    const known = (it: DelongInterval) =>
      Number.isNaN(it.low) ? null : { estimate: it.auroc, low: it.low, high: it.high };
    const { difference, low, high, patients, reason } = test;
    return {
      ...(patients !== undefined && { patients }),
      first: known(delongInterval(a!, confidence)),
      second: known(delongInterval(b!, confidence)),
      difference: Number.isNaN(low) ? null : { estimate: difference, low, high },
      p: finite(p),
      ...(reason && { reason }),
    };
  }
}

function conclusionsOf(difference: Difference, margin: number | undefined): ModelComparison['conclusions'] {
  const { superior, inferior, nonInferior, equivalent } = concludeFrom(difference, margin);
  const { pNonInferior = NaN, pEquivalent = NaN } = difference;
  return {
    superior,
    inferior,
    nonInferior: margin === undefined ? null : nonInferior,
    equivalent: margin === undefined ? null : equivalent,
    pNonInferior: finite(pNonInferior),
    pEquivalent: finite(pEquivalent),
  };
}

function readModels(options: CompareOptions, split: string) {
  const common = { split, findings: options.findings, id: options.idColumn, patient: options.patientColumn };
  const read = (path: string) => readPredictionFile(path, { ...common, kind: 'predictions' });
  const [first, second] = [options.first, options.second].map((paths) => paths.flatMap(predictionFiles)) as [
    string[],
    string[],
  ];
  for (const files of [first, second]) requireSeeds(files);
  const [a, b] = [first.map(read), second.map(read)];
  const labels =
    options.labels === undefined ? undefined : readPredictionFile(options.labels, { ...common, kind: 'labels' });
  const data = alignPredictions({
    first: a,
    second: b,
    labels,
    findings: options.findings,
    common: options.common ?? false,
  });
  const [nameA, nameB] = [options.firstName ?? nameOf(options.first), options.secondName ?? nameOf(options.second)];
  const same = nameA === nameB;
  const models: [ComparedModel, ComparedModel] = [
    { name: same ? `${nameA} (first)` : nameA, files: first },
    { name: same ? `${nameB} (second)` : nameB, files: second },
  ];
  return { first: models[0], second: models[1], data, hasSplit: [...a, ...b].some((file) => file.hasSplit) };
}

function pOfAlternative(test: { pTwoSided: number; pGreater: number }, alternative: Alternative): number {
  return alternative === 'two-sided' ? test.pTwoSided : test.pGreater;
}

/** Scores `[N * F]` as their ranks among different values, 0, 1, 2, ..., per finding: float32 holds them without error. */
function denseRanks(scores: Float64Array, labels: Float32Array, F: number): Float32Array {
  const ranks = new Float32Array(scores.length).fill(NaN);
  for (let f = 0; f < F; f++) {
    const known: number[] = [];
    for (let i = f; i < scores.length; i += F) if (!Number.isNaN(labels[i]) && !Number.isNaN(scores[i])) known.push(i);
    const values = [...new Set(Float64Array.from(known, (i) => scores[i]!).sort())];
    const rankOf = new Map(values.map((value, rank) => [value, rank]));
    for (const i of known) ranks[i] = rankOf.get(scores[i]!)!;
  }
  return ranks;
}

/** 1 for rows of a unit with a positive label of any finding, 0 for the others. */
function strata(labels: Float32Array, F: number, groups: Int32Array | undefined): Int32Array {
  const rows = labels.length / F;
  const unitOf = (row: number) => groups?.[row] ?? row;
  const positive = new Set<number>();
  for (const [i, label] of labels.entries()) if (label === 1) positive.add(unitOf(Math.floor(i / F)));
  return Int32Array.from({ length: rows }, (_, row) => (positive.has(unitOf(row)) ? 1 : 0));
}

/** Numbers equal names alike, in order of appearance. */
function numbered(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  });
}

function intervalOf({ estimate, low, high }: Estimate): NumberWithInterval | null {
  return [estimate, low, high].every(Number.isFinite) ? { estimate, low, high } : null;
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);
