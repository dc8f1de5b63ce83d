import type { Estimate } from '../evaluation/index.js';
import type { Interval } from './result.js';

/** An estimate as the result stores it: null where it could not be estimated, or where no redraw defines it. */
export function intervalOf({ estimate, mean, sd, low, high }: Estimate): Interval | null {
  if (![estimate, low, high].every(Number.isFinite)) return null;
  return { estimate, low, high, ...(Number.isFinite(mean) && { mean }), ...(Number.isFinite(sd) && { sd }) };
}
