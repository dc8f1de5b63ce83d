import { inputError } from '../base/index.js';

/** What the columns of a file are. Names are those of the header. */
export interface Columns {
  id: string;
  patient?: string;
  split?: string;
  /** Scores, e.g. probabilities, per finding; in a file of labels alone there are none. */
  scores: FindingColumn[];
  labels: FindingColumn[];
  /** Whether scores (or labels, in a file of labels) are told by a word in their name, and not by being all that is left. */
  marked: boolean;
  ignored: string[];
}

export interface FindingColumn {
  column: string;
  finding: string;
}

/** Names of the column that names a row, the first that a file has; case, spaces, dots, `_` and `-` do not matter. */
export const ID_NAMES = [
  'id',
  'image id',
  'image index',
  'image',
  'filename',
  'file name',
  'file',
  'path',
  'dicom id',
  'sop instance uid',
  'study id',
];
export const PATIENT_NAMES = ['patient', 'patient id', 'patientid', 'subject', 'subject id'];
export const SPLIT_NAMES = ['split'];
/** Words that mark a score or a label, before the finding's name or after it. */
export const SCORE_WORDS = [
  'probability',
  'prob',
  'score',
  'logit',
  'prediction',
  'pred',
  'y score',
  'y prob',
  'y pred',
];
export const LABEL_WORDS = ['label', 'target', 'truth', 'ground truth', 'gt', 'true', 'y true'];

/** What two spellings of a name have in common: `Pleural_Thickening` and `pleural thickening`. */
export function nameKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[\s_.-]+/g, ' ')
    .trim();
}

/** Names that the person gave, in place of the rules. */
export interface NamedColumns {
  id?: string;
  patient?: string;
}

/**
 * Tells what the columns of a file are: id, patient and split by their names; scores and labels by a word before or after the
 * finding's name (`probability Edema`, `Edema_prob`, `label Edema`), or `probability` and `label` alone where there is one finding.
 * Where no column is marked so, each that is left is a finding: its score in a file of predictions, its label in a file of labels.
 * Throws an InputError where there is no id, two columns have one name, or nothing is left.
 */
export function recognizeColumns(
  path: string,
  header: readonly string[],
  kind: 'predictions' | 'labels',
  named: NamedColumns = {},
): Columns {
  const what = `${path}: header`;
  const twice = header.find((name, i) => name !== '' && header.indexOf(name) < i);
  if (twice !== undefined)
    throw inputError({ what, found: `two columns "${twice}"`, expected: 'columns of different names' });
  const given = (name: string | undefined, option: string) => {
    if (name === undefined || header.includes(name)) return name;
    throw inputError({ what, found: shown(header), expected: `a column "${name}", as ${option} says` });
  };
  const byName = (names: readonly string[]) =>
    names.map((name) => header.find((it) => nameKey(it) === name)).find((it) => it !== undefined);
  const id = given(named.id, '--id') ?? byName(ID_NAMES);
  if (id === undefined) {
    throw inputError({
      what,
      found: shown(header),
      expected: 'a column that names the rows, such as "id" or "image_id"',
      fix: 'Rename it, name it with --id, or add one: rows are matched by it.',
    });
  }
  const patient = given(named.patient, '--patient') ?? byName(PATIENT_NAMES);
  const split = byName(SPLIT_NAMES);
  const rest = header.filter((name) => name !== '' && ![id, patient, split].includes(name));
  const labels: FindingColumn[] = [];
  const scores: FindingColumn[] = [];
  const plain: FindingColumn[] = [];
  for (const column of rest) {
    const [label, score] = [markedBy(column, LABEL_WORDS), markedBy(column, SCORE_WORDS)];
    if (label !== undefined) labels.push({ column, finding: label });
    else if (score !== undefined) scores.push({ column, finding: score });
    else plain.push({ column, finding: column.trim() });
  }
  const wanted = kind === 'predictions' ? scores : labels;
  const marked = wanted.length > 0;
  const found = marked ? wanted : plain;
  if (found.length === 0) {
    const one = kind === 'predictions' ? 'a probability' : 'a label';
    throw inputError({ what, found: shown(header), expected: `beside the id, a column with ${one} per finding` });
  }
  const ofKind = kind === 'predictions' ? { scores: found, labels } : { scores: [], labels: found };
  for (const columns of [ofKind.scores, ofKind.labels]) refuseTwice(what, columns);
  const used = [...ofKind.scores, ...ofKind.labels].map(({ column }) => column);
  return { id, patient, split, ...ofKind, marked, ignored: rest.filter((column) => !used.includes(column)) };
}

/** The finding that a column is about, where one of the words marks it; `finding` where the word stands alone. */
function markedBy(column: string, words: readonly string[]): string | undefined {
  const pattern = `(?:${words.map((word) => word.replaceAll(' ', '[\\s_.-]+')).join('|')})`;
  const name = column.trim();
  if (new RegExp(`^${pattern}$`, 'i').test(name)) return 'finding';
  const match =
    new RegExp(`^${pattern}[\\s_.:-]+(.+)$`, 'i').exec(name) ??
    new RegExp(`^(.+?)[\\s_.:-]+${pattern}$`, 'i').exec(name);
  return match?.[1];
}

function refuseTwice(what: string, columns: readonly FindingColumn[]): void {
  const seen = new Map<string, string>();
  for (const { column, finding } of columns) {
    const other = seen.get(nameKey(finding));
    if (other !== undefined) {
      throw inputError({ what, found: `"${other}" and "${column}"`, expected: 'one column per finding' });
    }
    seen.set(nameKey(finding), column);
  }
}

const shown = (header: readonly string[]) => `the columns ${header.join(', ').slice(0, 300)}`;
