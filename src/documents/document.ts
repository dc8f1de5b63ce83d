/** YAML documents checked against a schema, with every fault named by its field. */
import { statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError, inputError, messageOf, nearest, readText } from '../base/index.js';

/** More than anybody writes by hand. */
const MOST_BYTES = 2 ** 17;

/**
 * Reads a YAML file of at most 128 KiB. `expected` says what it should have been, e.g. 'an experiment in YAML'. Throws an
 * InputError that names the file and the reason.
 */
export function readYaml(path: string, expected: string): unknown {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > MOST_BYTES) {
    throw inputError({ what: path, found: `${bytes} bytes`, expected: `${expected}, of at most 128 KiB` });
  }
  const text = readText(path);
  try {
    return parse(text);
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]!.replace(/:$/, '');
    throw inputError({ what: path, found: `invalid YAML (${reason})`, expected });
  }
}

/**
 * Checks a document and fills in the defaults. Throws an InputError that lists every fault with its source, the field, what was
 * found and what was expected.
 */
export function checkDocument<T>(schema: z.ZodType<T>, value: unknown, source: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => describe(issue, value, schema));
  throw new InputError([...new Set(faults)].map((fault) => `${source}: ${fault}`).join('\n'));
}

type Issue = z.core.$ZodIssue;

function describe(issue: Issue, document: unknown, schema: z.ZodType): string[] {
  const at = valueAt(document, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path, document, schema);
    return issue.keys.map((key) => {
      const what = fieldName([...issue.path, key]);
      return `${what}: found an unknown key; expected ${oneOf(known)}.${guess(key, known)}`;
    });
  }
  if (issue.code === 'invalid_union' && issue.errors.some((branch) => branch.length > 0)) {
    const expected = issue.errors.map((branch) => branch.map((inner) => inside(inner, issue.path)));
    // The branch whose fault lies deeper is the one that was meant: an entry of a list, say, and not the list itself.
    const depth = (branch: Issue[]) => Math.max(...branch.map(({ path }) => path.length));
    const meant = expected.reduce((a, b) => (depth(b) > depth(a) ? b : a));
    if (depth(meant) > issue.path.length) return meant.flatMap((inner) => describe(inner, document, schema));
    const fitting = expected.filter((branch) => !branch.some(({ code }) => /^invalid_(type|value)$/.test(code)));
    const shown = (fitting.length > 0 ? fitting : expected).flat().map((inner) => expectation(inner));
    return [`${fieldName(issue.path)}: found ${foundText(at)}; expected ${shown.join(' or ')}.`];
  }
  const choices = choicesOf(issue, document, schema);
  if (choices) {
    const hint =
      typeof at === 'string'
        ? guess(
            at,
            choices.filter((choice) => typeof choice === 'string'),
          )
        : '';
    return [`${fieldName(issue.path)}: found ${foundText(at)}; expected ${oneOf(choices)}.${hint}`];
  }
  return [`${fieldName(issue.path)}: found ${foundText(at)}; expected ${expectation(issue)}.`];
}

const KINDS: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'a mapping of keys to values',
  array: 'a list',
  tuple: 'a list',
};

/** What a value should have been. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return bounded(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'too_big':
      return bounded(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum);
    default:
      return issue.message.replace(/^Invalid \w+: /, '');
  }
}

function bounded(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'array') return `a list of ${relation} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string') return `text of ${relation} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `a number of ${relation} ${limit}`.replace('of more', 'more').replace('of less', 'less');
}

/** The values that a field may have, where there are only a few. */
function choicesOf(issue: Issue, document: unknown, schema: z.ZodType): readonly unknown[] | undefined {
  if (issue.code === 'invalid_value') return issue.values;
  if (issue.code !== 'invalid_union' || !issue.discriminator) return undefined;
  const key = issue.discriminator;
  const nodes = nodesAt(issue.path.slice(0, -1), document, schema, false);
  return [...new Set(nodes.flatMap((node) => node.properties?.[key]?.const ?? []))];
}

function inside(issue: Issue, path: readonly PropertyKey[]): Issue {
  return { ...issue, path: [...path, ...issue.path] } as Issue;
}

interface Node {
  properties?: Record<string, Node>;
  required?: string[];
  items?: Node;
  prefixItems?: Node[];
  anyOf?: Node[];
  oneOf?: Node[];
  const?: unknown;
}

/** What the schema says at a place of the document; several where it leaves a choice that the document does not make. */
function nodesAt(path: readonly PropertyKey[], document: unknown, schema: z.ZodType, chosen = true): Node[] {
  const leaves = (node: Node): Node[] => (node.anyOf ?? node.oneOf)?.flatMap(leaves) ?? [node];
  const alternatives = (node: Node, at: unknown): Node[] => {
    const choices = leaves(node);
    const given = (at ?? {}) as Record<string, unknown>;
    /** Whether the values that tell the choices apart are given, or left out where they may be. */
    const isMeant = ({ properties = {}, required = [] }: Node) => {
      const telling = Object.entries(properties).filter(([, { const: only }]) => only !== undefined);
      const fits = ([key, { const: only }]: [string, Node]) =>
        only === given[key] || (given[key] === undefined && !required.includes(key));
      return telling.length > 0 && telling.every(fits);
    };
    const meant = chosen ? choices.filter(isMeant) : [];
    return meant.length > 0 ? meant : choices;
  };
  let nodes = alternatives(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node, document);
  for (const [i, key] of path.entries()) {
    const inner = nodes.flatMap(
      ({ properties, items }) => (typeof key === 'number' ? items : properties?.[String(key)]) ?? [],
    );
    nodes = inner.flatMap((node) => alternatives(node, valueAt(document, path.slice(0, i + 1))));
  }
  return nodes;
}

const keysAt = (path: readonly PropertyKey[], document: unknown, schema: z.ZodType): string[] => [
  ...new Set(nodesAt(path, document, schema).flatMap(({ properties }) => Object.keys(properties ?? {}))),
];

const valueAt = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], document);

/** `finetuning.seeds[0]` */
function fieldName(path: readonly PropertyKey[]): string {
  const keys = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return keys.join('').replace(/^\./, '') || 'the document';
}

const oneOf = (choices: readonly unknown[]) =>
  choices.length === 1 ? String(choices[0]) : `one of: ${choices.join(', ')}`;

function guess(word: string, known: readonly string[]): string {
  const name = nearest(word, known);
  return name === undefined ? '' : ` Did you mean "${name}"?`;
}

function foundText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  try {
    const text = JSON.stringify(value);
    return text.length > 80 ? `${text.slice(0, 80)}...` : text;
  } catch {
    return 'something too deep or too long to show';
  }
}
