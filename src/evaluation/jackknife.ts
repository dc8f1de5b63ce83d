import { Random } from '../base/index.js';

/** At most about so many replicates are made by leaving units out. */
const MOST_BLOCKS = 2000;

/** What each replicate of the jackknife leaves out. */
export interface JackknifeBlocks {
  /** The block of each unit `[units]`. */
  ofUnit: Int32Array;
  count: number;
  /** Blocks of each stratum, from and to: `[strata]`. */
  ofStratum: (readonly [number, number])[];
}

/**
 * Blocks of units to leave out, one after the other: each unit alone (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
 * section 11.2), or, of more than 2000 units, about 2000 blocks of equal size to within one, dealt at random within each stratum (the
 * grouped jackknife; Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3). The acceleration of a mean is the same either way, but
 * for chance.
 */
export function jackknifeBlocks(strata: readonly Int32Array[], seed: number): JackknifeBlocks {
  const units = strata.reduce((sum, own) => sum + own.length, 0);
  const ofUnit = new Int32Array(units);
  let count = 0;
  const ofStratum = strata.map((own, s) => {
    const first = count;
    const share = Math.max(2, Math.round((MOST_BLOCKS * own.length) / units));
    const blocks = units <= MOST_BLOCKS ? own.length : Math.min(own.length, share);
    const order = blocks === own.length ? own : Random.of(seed, 'jackknife', s).shuffle(own.slice());
    for (const [i, unit] of order.entries()) ofUnit[unit] = first + (i % blocks);
    count += blocks;
    return [first, count] as const;
  });
  return { ofUnit, count, ofStratum };
}

/**
 * The acceleration of BCa intervals from independent samples (strata of the test set, training seeds), each with its replicates: the
 * statistic without one unit of that sample (Efron and Tibshirani 1993, formula 14.15; for several samples Davison and Hinkley,
 * Bootstrap Methods and their Application, 1997, formula 5.24; `scipy.stats.bootstrap`). Replicates in which the statistic is undefined (NaN)
 * are left out. A sample of one unit does not vary. 0 where no unit changes the statistic.
 */
export function acceleration(samples: readonly Float64Array[]): number {
  let cubes = 0;
  let squares = 0;
  for (const sample of samples) {
    const defined = sample.filter((value) => !Number.isNaN(value));
    const n = defined.length;
    if (n < 2) continue;
    const mean = defined.reduce((sum, value) => sum + value, 0) / n;
    for (const value of defined) {
      const influence = ((n - 1) * (mean - value)) / n;
      cubes += influence ** 3;
      squares += influence ** 2;
    }
  }
  return squares === 0 ? 0 : cubes / squares ** 1.5 / 6;
}
