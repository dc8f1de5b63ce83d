import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { InputError, inputError, messageOf, readText } from '../base/index.js';
import { type ExperimentConfig, experimentSchema } from './schema.js';

export interface LoadedExperiment {
  config: ExperimentConfig;
  /** Folder that the data sets' and weights' paths start from. */
  dataRoot: string;
}

/**
 * Reads an experiment file. Relative paths in it start from `dataRoot`, or from the file's own folder.
 * Throws an InputError that lists every fault with file, field, what was found and what was expected.
 */
export function loadExperiment(path: string, dataRoot?: string): LoadedExperiment {
  const text = readText(path);
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw inputError({ what: path, found: `invalid YAML (${messageOf(error)})`, expected: 'an experiment in YAML' });
  }
  return { config: checkExperiment(value, path), dataRoot: resolve(dataRoot ?? dirname(path)) };
}

/** Checks an experiment that is an object already and fills in the defaults. Throws as `loadExperiment`. */
export function checkExperiment(value: unknown, source: string): ExperimentConfig {
  const parsed = experimentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => describe(issue, value));
  throw new InputError([...new Set(faults)].map((fault) => `${source}: ${fault}`).join('\n'));
}

function describe(issue: z.core.$ZodIssue, value: unknown): string[] {
  const field = issue.path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  const at = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  if (issue.code === 'unrecognized_keys') {
    const where = field ? `${field}.` : '';
    return issue.keys.map((key) => `${where}${key}: unknown key. Check its spelling, or take it out.`);
  }
  if (issue.code === 'invalid_union' && issue.errors.some((inner) => inner.length > 0)) {
    const nested = issue.errors[0]!.map(
      (inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as z.core.$ZodIssue,
    );
    return nested.flatMap((inner) => describe(inner, value));
  }
  const expected = issue.message
    .replace(/^Invalid (input|option|string): /, '')
    .replace(/^expected /, '')
    .replace(/, received .*$/, '');
  return [`${field || 'the document'}: found ${shown(at)}; expected ${expected}.`];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
