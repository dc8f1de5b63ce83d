/** What stands in the cells of the published tables: sexes, ages, labels with an "uncertain". */
import { inputError } from '../base/index.js';

/** What an "uncertain" label counts as: negative (the study's choice), positive, or unknown (left out of loss and test). */
export type UncertainPolicy = 'zeros' | 'ones' | 'ignore';
export const UNCERTAIN_POLICIES: readonly UncertainPolicy[] = ['zeros', 'ones', 'ignore'];

/** What an error calls the cell; asked only where there is one to report. */
type Where = () => string;

const SEXES: Record<string, 'M' | 'F' | null> = {
  M: 'M',
  F: 'F',
  Male: 'M',
  Female: 'F',
  male: 'M',
  female: 'F',
  O: null,
  U: null,
  Other: null,
  Unknown: null,
  '': null,
};

/** `M`, `F`, `Male`, `Female`; other and unknown are null. Throws an InputError. */
export function parseSex(cell: string, where: Where): 'M' | 'F' | null {
  const sex = SEXES[cell];
  if (sex !== undefined) return sex;
  throw inputError({ what: where(), found: `"${cell}"`, expected: 'M, F, Male, Female or nothing' });
}

const PER_YEAR = { Y: 1, M: 12, W: 365.25 / 7, D: 365.25 };

/**
 * Whole or decimal years, or DICOM's age string (`058Y`, `013M`, `021D`; PS3.5, section 6.2, AS), in years; NaN for nothing.
 * Throws an InputError.
 */
export function parseAge(cell: string, where: Where): number {
  if (cell === '') return Number.NaN;
  const [, number, unit] = /^(\d+(?:\.\d+)?)([YMWD]?)$/.exec(cell) ?? [];
  if (number === undefined) {
    throw inputError({ what: where(), found: `"${cell}"`, expected: 'years, such as 58 or 058Y' });
  }
  return Number(number) / PER_YEAR[(unit || 'Y') as keyof typeof PER_YEAR];
}

const UNCERTAIN_VALUE = { zeros: 0, ones: 1, ignore: Number.NaN } as const;

/**
 * A label of the CheXpert labeller: 1 positive, 0 or nothing negative, -1 by the policy. Throws an InputError.
 */
export function parseLabel(cell: string, policy: UncertainPolicy, where: Where): number {
  switch (cell) {
    case '':
    case '0':
    case '0.0':
      return 0;
    case '1':
    case '1.0':
      return 1;
    case '-1':
    case '-1.0':
      return UNCERTAIN_VALUE[policy];
    default:
      throw inputError({ what: where(), found: `"${cell}"`, expected: '1 (positive), 0, -1 (uncertain) or nothing' });
  }
}

/** A number. Throws an InputError. */
export function parseNumber(cell: string, where: Where): number {
  const value = cell.trim() === '' ? Number.NaN : Number(cell);
  if (Number.isFinite(value)) return value;
  throw inputError({ what: where(), found: `"${cell}"`, expected: 'a number' });
}
