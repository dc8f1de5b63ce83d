import { bootstrapPValues, type Estimate, type PValues, summarize } from './estimate.js';
import { acceleration } from './jackknife.js';
import { type MarginPValues, marginPValues } from './margin.js';

/** A statistic on the whole test set and in its replicates; NaN where undefined. */
export interface Sampled {
  estimate: number;
  /** `[redraws]` */
  redraws: Float64Array;
  /** For BCa intervals, independent samples: without each block of units, per stratum, then without each training seed, per model. */
  jackknife?: { units: Float64Array[]; seeds: Float64Array[] };
}

/** A difference first - second. */
export interface Difference extends Estimate, PValues, Partial<MarginPValues> {}

export function estimateOf({ estimate, redraws, jackknife }: Sampled, confidence: number): Estimate {
  const samples = jackknife && [...jackknife.units, ...jackknife.seeds];
  return summarize(estimate, redraws, confidence, samples && acceleration(samples));
}

/** Of two models on the same redraws; with a margin, its p-values too. */
export function differenceOf(first: Sampled, second: Sampled, confidence: number, margin?: number): Difference {
  const difference: Sampled = {
    estimate: first.estimate - second.estimate,
    redraws: minus(first.redraws, second.redraws),
    jackknife: first.jackknife && {
      units: first.jackknife.units.map((values, stratum) => minus(values, second.jackknife!.units[stratum]!)),
      seeds: [...first.jackknife.seeds, ...second.jackknife!.seeds.map((values) => values.map((value) => -value))],
    },
  };
  return {
    ...estimateOf(difference, confidence),
    ...bootstrapPValues(difference.redraws),
    ...(margin !== undefined && marginPValues(difference.redraws, margin)),
  };
}

function minus(first: Float64Array, second: Float64Array): Float64Array {
  return first.map((value, i) => value - second[i]!);
}

/** The mean over statistics of one model, in each replicate over those that are defined in it. NaN where none is. */
export function meanOf(statistics: readonly Sampled[], redraws: number): Sampled {
  if (statistics.length === 0) return { estimate: NaN, redraws: new Float64Array(redraws).fill(NaN) };
  const mean = (of: (statistic: Sampled) => Float64Array) => means(statistics.map(of));
  const [first] = statistics;
  return {
    estimate: mean(({ estimate }) => Float64Array.of(estimate))[0]!,
    redraws: mean((statistic) => statistic.redraws),
    jackknife: first!.jackknife && {
      units: first!.jackknife.units.map((_, stratum) => mean(({ jackknife }) => jackknife!.units[stratum]!)),
      seeds: first!.jackknife.seeds.map((_, i) => mean(({ jackknife }) => jackknife!.seeds[i]!)),
    },
  };
}

function means(columns: readonly Float64Array[]): Float64Array {
  return columns[0]!.map((_, i) => {
    let sum = 0;
    let defined = 0;
    for (const column of columns) {
      const value = column[i]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      defined++;
    }
    return sum / defined;
  });
}
