/** From the cells of a described table to labels. */
import { inputError } from '../base/index.js';
import type { UncertainPolicy } from './cells.js';
import type { Finding } from './findings.js';
import { type DescribedFinding, type Description, type States, sameWord, sharedNameOf } from './own-description.js';

/** What an error calls a column of the row at hand. */
type At = (column: string) => () => string;

export interface LabelReader {
  findings: readonly Finding[];
  /** The columns that are read. */
  columns: readonly string[];
  /** One value per finding: 1, 0, NaN. Throws an InputError that names row and column for a word nobody described. */
  read(row: Record<string, string>, at: At): number[];
}

/** Throws an InputError where the description contradicts itself. `source` is what it calls the description. */
export function labelReader(description: Description, uncertain: UncertainPolicy, source: string): LabelReader {
  const reader = description.labels
    ? listReader(description.labels, source)
    : columnReader(description.findings, UNCERTAIN_LABEL[uncertain], source);
  const { noFinding } = description;
  const all = noFinding === undefined ? reader : withNoFinding(reader, noFinding);
  refuseTwice(
    all.findings.map(({ name }) => name),
    source,
  );
  refuseTwice(
    all.findings.flatMap(({ shared }) => shared ?? []),
    source,
  );
  return all;
}

const UNCERTAIN_LABEL = { zeros: 0, ones: 1, ignore: Number.NaN } as const;

function refuseTwice(names: readonly string[], source: string): void {
  const again = names.find((name, i) => names.indexOf(name) < i);
  if (again === undefined) return;
  const fix = 'Give one of them another name, or "shared: null".';
  throw inputError({ what: `${source}: findings`, found: `"${again}" twice`, expected: 'each finding once', fix });
}

/** One column or several per finding. */
function columnReader(described: readonly DescribedFinding[], uncertain: number, source: string): LabelReader {
  const readers = described.map((finding) => cellReader(finding, uncertain, source));
  return {
    findings: described.map(({ name, shared }) => ({ name, shared })),
    columns: [...new Set(described.flatMap(({ columns }) => columns))],
    read: (row, at) =>
      described.map(({ columns }, f) => anyOf(columns.map((column) => readers[f]!(row[column]!, at(column))))),
  };
}

/** 1 where one is, else unknown where one is, else 0. */
const anyOf = (labels: readonly number[]): number =>
  labels.includes(1) ? 1 : labels.some(Number.isNaN) ? Number.NaN : 0;

/** Reads the cells of one finding. */
function cellReader(
  { name, threshold, states }: DescribedFinding,
  uncertain: number,
  source: string,
): (cell: string, where: () => string) => number {
  const labelOf = wordsOf(threshold === undefined ? states : { unknown: states.unknown, uncertain: states.uncertain });
  const clash = labelOf.clash;
  if (clash !== undefined) {
    const expected = 'each value to have one meaning';
    throw inputError({ what: `${source}: ${name}`, found: `"${clash}" with two meanings`, expected });
  }
  return (cell, where) => {
    const word = sameWord(cell);
    const state = labelOf.state.get(word);
    if (state) return state === 'uncertain' ? uncertain : STATE_LABEL[state];
    const number = word === '' ? Number.NaN : Number(word);
    if (threshold !== undefined && !Number.isNaN(number)) return number >= threshold ? 1 : 0;
    const words = [...labelOf.state.keys()].map((key) => (key === '' ? 'nothing' : key));
    const expected = [...(threshold === undefined ? [] : ['a number']), ...words].join(', ');
    const fix = `Say in ${source} what it means: under "values", or beside the finding.`;
    throw inputError({ what: where(), found: `"${cell}"`, expected: `one of: ${expected}`, fix });
  };
}

type State = keyof States;
const STATE_LABEL = { positive: 1, negative: 0, unknown: Number.NaN } as const;

function wordsOf(states: States): { state: Map<string, State>; clash?: string } {
  const state = new Map<string, State>();
  for (const [name, words] of Object.entries(states) as [State, readonly string[] | undefined][]) {
    for (const word of words ?? []) {
      if ((state.get(word) ?? name) !== name) return { state, clash: word };
      state.set(word, name);
    }
  }
  return { state };
}

/** One column that lists what is present. */
function listReader(
  { column, separator, names, none }: NonNullable<Description['labels']>,
  source: string,
): LabelReader & { ignores: (row: Record<string, string>) => boolean } {
  const entries = Array.isArray(names) ? names.map((name) => [name, name] as const) : Object.entries(names);
  const findings = [...new Set(entries.flatMap(([, name]) => name ?? []))];
  const meaning = new Map(entries.map(([word, name]) => [sameWord(word), name]));
  if (findings.length === 0) {
    throw inputError({ what: `${source}: labels.names`, found: 'no finding', expected: 'at least one' });
  }
  const wordsIn = (cell: string) => cell.split(separator).map(sameWord);
  return {
    findings: findings.map((name) => ({ name, shared: sharedNameOf(name) })),
    columns: [column],
    ignores: (row) => wordsIn(row[column]!).some((word) => meaning.get(word) === null),
    read: (row, at) => {
      const cell = row[column]!;
      const all = wordsIn(cell);
      const words = all.filter((word) => !none.includes(word));
      const denied = all.find((word) => word !== '' && none.includes(word));
      if (denied !== undefined && words.length > 0) {
        throw inputError({ what: at(column)(), found: `"${cell}"`, expected: `"${denied}" to stand alone` });
      }
      const strange = words.find((word) => !meaning.has(word));
      if (strange !== undefined) {
        const known = [...none, ...meaning.keys()].filter((word) => word !== '');
        const expected = `some of: ${known.join(', ')}; with ${separator} between them`;
        const fix = `Add it to "names" in ${source}; with the value null it is passed over.`;
        throw inputError({ what: at(column)(), found: strange === '' ? 'nothing' : `"${strange}"`, expected, fix });
      }
      const present = new Set(words.map((word) => meaning.get(word)));
      return findings.map((name) => (present.has(name) ? 1 : 0));
    },
  };
}

/** Adds a finding that is positive where all others are negative and nothing else is listed. */
function withNoFinding(
  reader: LabelReader & { ignores?: (row: Record<string, string>) => boolean },
  name: string,
): LabelReader {
  return {
    findings: [...reader.findings, { name, shared: 'no finding' }],
    columns: reader.columns,
    read: (row, at) => {
      const labels = reader.read(row, at);
      const any = reader.ignores?.(row) ? 1 : anyOf(labels);
      return [...labels, 1 - any];
    },
  };
}
