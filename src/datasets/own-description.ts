/** The YAML file that says where one's own table has what: what may stand in it, and its defaults. */
import { z } from 'zod';
import { checkDocument, readYaml } from '../documents/index.js';
import { type Finding, SHARED_FINDINGS, type SharedFinding } from './findings.js';

const text = z.string().min(1);

/** What a cell may hold: compared without regard to capitals, blanks around it, and how a number is written (`1` is `1.0`). */
const words = z
  .preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
  )
  .transform((list) => list.map((word) => sameWord(String(word))));

const states = { positive: words, negative: words, uncertain: words, unknown: words };

const finding = z
  .strictObject({
    name: text,
    column: text.optional(),
    columns: z.array(text).min(1).optional(),
    shared: z.enum(SHARED_FINDINGS).nullable().optional(),
    threshold: z.number().optional(),
    ...z.strictObject(states).partial().shape,
  })
  .superRefine((it, context) => {
    if (it.column !== undefined && it.columns !== undefined) {
      context.addIssue({ code: 'custom', path: ['columns'], message: '"column" or "columns", not both' });
    }
    if (it.threshold !== undefined && (it.positive || it.negative)) {
      const message = 'no "threshold" beside "positive" or "negative"';
      context.addIssue({ code: 'custom', path: ['threshold'], message });
    }
  });

/** Which file a row means: by its path or its name, or by what its DICOM header says. */
const MATCHES = [
  'path',
  'file',
  'sop-instance-uid',
  'series-instance-uid',
  'study-instance-uid',
  'accession-number',
] as const;

const schema = z
  .strictObject({
    table: text,
    separator: z.string().length(1).optional(),
    images: text.default('.'),
    extension: z
      .string()
      .regex(/^\.\w+$/, 'an ending such as ".png"')
      .optional(),
    match: z.enum(MATCHES).default('path'),
    headers: z.boolean().optional(),
    columns: z.strictObject({
      image: text,
      patient: text.optional(),
      split: text.optional(),
      view: text.optional(),
      sex: text.optional(),
      age: text.optional(),
      scanner: text.optional(),
      site: text.optional(),
    }),
    findings: z
      .array(z.union([text, finding]))
      .min(1)
      .optional(),
    labels: z
      .strictObject({
        column: text,
        separator: z.string().min(1).default('|'),
        names: z.union([z.array(text).min(1), z.record(text, text.nullable())]),
        none: words.prefault(''),
      })
      .optional(),
    noFinding: text.optional(),
    values: z
      .strictObject({
        positive: words.prefault([1, true, 'yes']),
        negative: words.prefault([0, false, 'no']),
        uncertain: words.optional(),
        unknown: words.prefault(''),
      })
      .prefault({}),
    splits: z
      .strictObject({
        train: words.prefault('train'),
        validate: words.prefault(['validate', 'validation', 'valid', 'val']),
        test: words.prefault('test'),
      })
      .prefault({}),
    views: z.strictObject({ frontal: words.prefault(['PA', 'AP']) }).prefault({}),
    sexes: z
      .strictObject({
        M: words.prefault(['M', 'male']),
        F: words.prefault(['F', 'female']),
        unknown: words.prefault(['', 'O', 'U', 'other', 'unknown']),
      })
      .prefault({}),
    ageUnit: z.enum(['years', 'months', 'days']).default('years'),
  })
  .superRefine((it, context) => {
    if ((it.findings === undefined) === (it.labels === undefined)) {
      context.addIssue({ code: 'custom', path: ['findings'], message: 'either "findings" or "labels"' });
    }
    if (it.columns.patient === undefined && !usesHeaders(it)) {
      const message = 'the column that tells patients apart: splits are by patient';
      context.addIssue({ code: 'custom', path: ['columns', 'patient'], message });
    }
  });

type Parsed = z.infer<typeof schema>;
export type Match = (typeof MATCHES)[number];
export type States = Partial<Record<keyof typeof states, readonly string[]>>;

/** A finding and the columns it is read from; positive where one of them is. */
export interface DescribedFinding extends Finding {
  columns: readonly string[];
  threshold?: number;
  states: States;
}

export interface Description extends Omit<Parsed, 'findings'> {
  /** Whether facts are read from the DICOM headers of the images. */
  headers: boolean;
  /** By columns; empty where there is a list column, `labels`, instead. */
  findings: readonly DescribedFinding[];
}

/** Reads a description. Throws an InputError that lists every fault with its field. */
export function readDescription(path: string): Description {
  const parsed = checkDocument(schema, readYaml(path, 'a description of a table, in YAML'), path);
  const findings = (parsed.findings ?? []).map((it): DescribedFinding => {
    if (typeof it === 'string') return { name: it, shared: sharedNameOf(it), columns: [it], states: parsed.values };
    const { name, column = name, columns = [column], shared = sharedNameOf(name), threshold } = it;
    const { positive, negative, uncertain, unknown } = { ...parsed.values, ...definedOf(it) };
    return { name, shared, columns, threshold, states: { positive, negative, uncertain, unknown } };
  });
  return { ...parsed, headers: usesHeaders(parsed), findings };
}

function usesHeaders({ match, headers }: Pick<Parsed, 'match' | 'headers'>): boolean {
  return headers ?? (match !== 'path' && match !== 'file');
}

function definedOf(it: z.infer<typeof finding>): States {
  return Object.fromEntries(Object.entries(it).filter(([key, value]) => key in states && value !== undefined));
}

/** The shared finding that a name is, but for capitals and `_`; null where it is none. */
export function sharedNameOf(name: string): SharedFinding | null {
  const plain = name.toLowerCase().replaceAll('_', ' ').trim();
  return SHARED_FINDINGS.find((shared) => shared === plain) ?? null;
}

/** A form of a cell in which equal words are equal. */
export function sameWord(cell: string): string {
  const word = cell.trim().toLowerCase();
  return /^[+-]?\d+(\.\d*)?$/.test(word) ? String(Number(word)) : word;
}
