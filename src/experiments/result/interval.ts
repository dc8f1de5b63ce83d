import type { Estimate } from '../../evaluation/index.js';

/** A point estimate on the whole test set with the bootstrap's interval. */
export interface Interval {
  estimate: number;
  /** Mean and standard deviation over the redraws. */
  mean?: number;
  sd?: number;
  low: number;
  high: number;
}

/** An estimate as the result stores it: null where it could not be estimated, or where no redraw defines it. */
export function intervalOf({ estimate, mean, sd, low, high }: Estimate): Interval | null {
  if (![estimate, low, high].every(Number.isFinite)) return null;
  return { estimate, low, high, ...(Number.isFinite(mean) && { mean }), ...(Number.isFinite(sd) && { sd }) };
}
