import type { Radiograph } from '../datasets/index.js';
import { escapeHtml } from '../pages/index.js';

/** `PA, F, 36 years, test`: what the table says of a radiograph, in plain text, without who it is. */
export function factsOf({ view, sex, ageYears, split }: Radiograph): string {
  const age = Number.isNaN(ageYears) ? 'age unknown' : `${Number(ageYears.toFixed(1))} years`;
  return [view ?? 'view unknown', sex ?? 'sex unknown', age, split].join(', ');
}

/** Stands where a picture should be. */
export function missingHtml(reason: string): string {
  return `<div class="missing">cannot be read: ${escapeHtml(reason)}</div>`;
}
