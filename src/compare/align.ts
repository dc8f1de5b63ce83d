import { inputError } from '../base/index.js';
import { countLabels } from '../evaluation/index.js';
import { counted, listed } from '../pages/index.js';
import { adviceFor } from './cells.js';
import { nameKey } from './columns.js';
import { adviceForIds } from './ids.js';
import { examples, type PredictionFile } from './read.js';

/** Two models' predictions of the same N rows and F findings. */
export interface AlignedPredictions {
  ids: string[];
  /** `[N]`, where the files tell. */
  patients?: string[];
  findings: string[];
  /** `[N * F]`: 1, 0, NaN. */
  labels: Float32Array;
  /** `[N * F]` of each training seed; NaN only where the label is. */
  first: Float64Array[];
  second: Float64Array[];
  notes: string[];
}

export interface AlignOptions {
  first: PredictionFile[];
  second: PredictionFile[];
  /** Where the labels do not stand beside the predictions. */
  labels?: PredictionFile;
  /** These findings alone. */
  findings?: readonly string[];
  /** Takes the rows that all files have, where they differ. */
  common: boolean;
}

/**
 * Brings the files of two models and their labels together: rows by id, findings by name. Throws an InputError where ids or findings
 * do not fit, labels are missing, contradict each other or are no labels, and where a labelled row has no prediction.
 */
export function alignPredictions(options: AlignOptions): AlignedPredictions {
  const { first, second, labels } = options;
  const models = [...first, ...second];
  const sources = labels ? [labels] : models.filter((file) => file.labels.size > 0);
  if (sources.length === 0) throw noLabels(first[0]!);
  const notes = [...new Set([...models, ...(labels ? [labels] : [])].flatMap((file) => file.notes))];
  const ids = commonIds(models, labels, options.common, notes);
  const findings = commonFindings(models, sources, options.findings, notes);
  const F = findings.length;
  const matrix = (file: PredictionFile, columns: Map<string, Float64Array>) => {
    const rows = rowsOf(file, ids);
    const values = new Float64Array(ids.length * F).fill(NaN);
    for (const [f, finding] of findings.entries()) {
      const column = columnOf(columns, finding);
      if (column) for (const [i, row] of rows.entries()) values[i * F + f] = column[row]!;
    }
    return values;
  };
  const known = Float32Array.from(matrix(sources[0]!, sources[0]!.labels));
  for (const source of sources.slice(1))
    addLabels(known, matrix(source, source.labels), { ids, findings, sources, source });
  for (const [i, label] of known.entries()) {
    if (label === 0 || label === 1 || Number.isNaN(label)) continue;
    throw inputError({
      what: `${sources[0]!.path}: id ${ids[Math.floor(i / F)]}, label ${findings[i % F]}`,
      found: String(label),
      expected: '1, 0, or nothing where it is unknown',
      fix: label === -1 ? 'Decide what uncertain labels mean: 1, 0 or blank.' : undefined,
    });
  }
  const estimable = findings.map((_, f) => countLabels(known.filter((_, i) => i % F === f)));
  if (!estimable.some(({ positives, negatives }) => positives > 0 && negatives > 0)) {
    throw inputError({
      what: 'labels',
      found: listed(
        findings.map(
          (name, f) => `${name} with ${estimable[f]!.positives} positive and ${estimable[f]!.negatives} negative`,
        ),
      ).slice(0, 300),
      expected: 'a finding with a positive and a negative, without which there is no AUROC',
    });
  }
  const scoresOf = (file: PredictionFile) => {
    const scores = matrix(file, file.scores);
    requirePredictions(file, scores, known, ids, findings);
    return scores;
  };
  const patients = patientsOf(labels ? [...models, labels] : models, ids);
  return {
    ids,
    ...(patients && { patients }),
    findings,
    labels: known,
    first: first.map(scoresOf),
    second: second.map(scoresOf),
    notes,
  };
}

function commonIds(
  models: PredictionFile[],
  labels: PredictionFile | undefined,
  common: boolean,
  notes: string[],
): string[] {
  const [base, ...others] = models;
  let ids = base!.ids;
  for (const other of labels ? [...others, labels] : others) {
    const theirs = new Set(other.ids);
    const missing = ids.filter((id) => !theirs.has(id));
    const ours = new Set(ids);
    // A file of labels may well hold more than was predicted.
    const extra = other === labels ? [] : other.ids.filter((id) => !ours.has(id));
    if (missing.length + extra.length === 0) continue;
    const parts = [
      ...(missing.length > 0
        ? [`${counted(missing.length, 'id')} of ${base!.path} missing (${examples(missing)})`]
        : []),
      ...(extra.length > 0 ? [`${counted(extra.length, 'id')} that it does not have (${examples(extra)})`] : []),
    ];
    const advice = 2 * missing.length > ids.length ? adviceForIds(ids, other.ids) : undefined;
    if (!common) {
      throw inputError({
        what: other.path,
        found: listed(parts),
        expected: `the ids of ${base!.path}`,
        fix: advice ?? 'Predict the same images with both, or compare those that all files have with --common.',
      });
    }
    notes.push(`${other.path}: ${listed(parts)}; only rows that all files have are compared.`);
    ids = ids.filter((id) => theirs.has(id));
    if (ids.length === 0)
      throw inputError({
        what: other.path,
        found: `no id of ${base!.path}`,
        expected: 'ids in common',
        fix: advice ?? 'Check which columns hold the ids (--id).',
      });
  }
  return ids;
}

function commonFindings(
  models: PredictionFile[],
  sources: PredictionFile[],
  wanted: readonly string[] | undefined,
  notes: string[],
): string[] {
  const all = [...models[0]!.scores.keys()];
  const hasScores = (finding: string) => models.every(({ scores }) => columnOf(scores, finding) !== undefined);
  const hasLabels = (finding: string) => sources.some(({ labels }) => columnOf(labels, finding) !== undefined);
  const found = all.filter((finding) => hasScores(finding) && hasLabels(finding));
  const lacks = wanted?.filter((name) => !found.some((finding) => nameKey(finding) === nameKey(name))) ?? [];
  if (found.length === 0 || lacks.length > 0) {
    const of = ({ path, texts }: PredictionFile, columns: Map<string, Float64Array>) =>
      `${path}: ${[...columns.keys()].join(', ').slice(0, 200) || `none${noNumbers(texts)}`}`;
    throw inputError({
      what: 'findings',
      found: [
        ...models.map((file) => of(file, file.scores)),
        ...sources.map((file) => `labels of ${of(file, file.labels)}`),
      ].join('; '),
      expected:
        lacks.length > 0
          ? `${listed(lacks)} in every file, as --findings says`
          : 'a finding that all files and the labels have',
      fix:
        sources.map(({ texts }) => [...texts.values()].map(adviceFor).find((it) => it)).find((it) => it) ??
        'Files are matched by the finding in a column\'s name: "Edema", "probability Edema", "label Edema". Labels are 1, 0 or blank, beside predictions or in a file of their own (--labels).',
    });
  }
  const names = new Map(
    [...models, ...sources]
      .flatMap(({ scores, labels }) => [...scores.keys(), ...labels.keys()])
      .map((name) => [nameKey(name), name]),
  );
  const left = [...names].filter(([key]) => !found.some((finding) => nameKey(finding) === key)).map(([, name]) => name);
  if (left.length > 0) notes.push(`Not in every file, or without labels, and left out: ${listed(left)}.`);
  return found;
}

/** ` (view holds no number but "PA")` */
function noNumbers(texts: Map<string, string>): string {
  const [first] = texts;
  if (!first) return '';
  const more = texts.size > 1 ? ` and ${counted(texts.size - 1, 'other column')}` : '';
  return ` (${first[0]}${more}: no numbers, but ${JSON.stringify(first[1].slice(0, 60))})`;
}

function columnOf(columns: Map<string, Float64Array>, finding: string): Float64Array | undefined {
  return columns.get(finding) ?? [...columns].find(([name]) => nameKey(name) === nameKey(finding))?.[1];
}

function rowsOf({ ids }: PredictionFile, wanted: readonly string[]): number[] {
  const rows = new Map(ids.map((id, row) => [id, row]));
  return wanted.map((id) => rows.get(id)!);
}

/** Fills in labels that are known from another file alone; throws where two files know different ones. */
function addLabels(
  known: Float32Array,
  more: Float64Array,
  {
    ids,
    findings,
    sources,
    source,
  }: { ids: string[]; findings: string[]; sources: PredictionFile[]; source: PredictionFile },
): void {
  for (const [i, label] of more.entries()) {
    if (Number.isNaN(label) || label === known[i]) continue;
    if (Number.isNaN(known[i])) known[i] = label;
    else {
      throw inputError({
        what: `${source.path}: id ${ids[Math.floor(i / findings.length)]}, label ${findings[i % findings.length]}`,
        found: String(label),
        expected: `${known[i]}, as in ${sources[0]!.path}`,
        fix: 'Give the true labels with --labels.',
      });
    }
  }
}

function requirePredictions(
  { path }: PredictionFile,
  scores: Float64Array,
  labels: Float32Array,
  ids: string[],
  findings: string[],
): void {
  const missing = [...labels.keys()].filter((i) => !Number.isNaN(labels[i]) && Number.isNaN(scores[i]));
  if (missing.length === 0) return;
  const names = missing
    .slice(0, 6)
    .map((i) => `${ids[Math.floor(i / findings.length)]} for ${findings[i % findings.length]}`);
  throw inputError({
    what: path,
    found: `${counted(missing.length, 'labelled row')} without a prediction (${examples(names)})`,
    expected: 'a number wherever the label is known',
  });
}

function patientsOf(files: PredictionFile[], ids: readonly string[]): string[] | undefined {
  const [source, ...others] = files.filter(({ patients }) => patients);
  if (!source) return undefined;
  const of = (file: PredictionFile) => rowsOf(file, ids).map((row) => file.patients![row]!);
  const patients = of(source);
  for (const other of others) {
    const theirs = of(other);
    const i = theirs.findIndex((patient, row) => patient !== patients[row]);
    if (i < 0) continue;
    throw inputError({
      what: `${other.path}: id ${ids[i]}, patient`,
      found: theirs[i]!,
      expected: `${patients[i]}, as in ${source.path}`,
    });
  }
  return patients;
}

function noLabels({ path }: PredictionFile): Error {
  return inputError({
    what: path,
    found: 'predictions without labels',
    expected: 'columns such as "label Edema" beside them, or a file of labels',
    fix: 'Give it with --labels L.csv.',
  });
}
