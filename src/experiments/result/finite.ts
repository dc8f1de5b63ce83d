import { HilumError } from '../../base/index.js';

/** `null` in place of NaN and the infinities, which JSON does not have. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Throws where a number is not finite: JSON would turn it into `null` without a word. Names the place. */
export function assertFinite(value: unknown, path = 'result'): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new HilumError(`${path}: ${value} cannot be stored; what is not estimable must be null`);
    }
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) assertFinite(item, `${path}[${i}]`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) assertFinite(item, `${path}.${key}`);
  }
}
