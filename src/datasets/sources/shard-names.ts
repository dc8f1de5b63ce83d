import { inputError } from '../../base/index.js';

const MOST_NAMES = 1_000_000;

/** Whether a text is in brace notation. */
export const hasBraces = (text: string) => /\{[^{}]*(?:\.\.|,)[^{}]*\}/.test(text);

/**
 * The names that a text in brace notation stands for, as shells and WebDataset write it: `train-{000000..000123}.tar`, `{a,b}/x.tar`.
 * A range keeps the width of its first number. Throws an InputError for a range that is none, or names without end.
 */
export function expandBraces(text: string): string[] {
  const match = /\{([^{}]*(?:\.\.|,)[^{}]*)\}/.exec(text);
  if (!match) return [text];
  const [braces, inner] = match as unknown as [string, string];
  const before = text.slice(0, match.index);
  const choices = choicesOf(text, inner);
  const after = expandBraces(text.slice(match.index + braces.length));
  if (choices.length * after.length > MOST_NAMES) throw wrong(text, `over ${MOST_NAMES} names`);
  return choices.flatMap((choice) => after.map((rest) => before + choice + rest));
}

function choicesOf(text: string, inner: string): string[] {
  if (!inner.includes('..')) return inner.split(',');
  const range = /^(\d{1,15})\.\.(\d{1,15})$/.exec(inner);
  if (!range) throw wrong(text, `{${inner}}`);
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (last < first || last - first >= MOST_NAMES) throw wrong(text, `{${inner}}`);
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i).padStart(range[1]!.length, '0'));
}

function wrong(text: string, found: string): Error {
  return inputError({ what: text, found, expected: 'shards as train-{000000..000123}.tar, at most a million' });
}
