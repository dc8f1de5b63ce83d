import { forecastRows } from './calibration.js';
import type { Numbers } from './scores.js';

/** Recalibrated log-odds are slope x log-odds + intercept. Temperature scaling has the slope 1 / temperature and no intercept. */
export interface LogitScaling {
  slope: number;
  intercept: number;
}

/**
 * Temperature scaling of one finding (Guo et al., ICML 2017): the temperature > 0 that makes labels `[N]` (1, 0, NaN: left out) likeliest when
 * the log-odds of probabilities `[N]` are divided by it. It makes all probabilities more or less extreme, and keeps their order.
 *
 * NaN without a positive or without a negative; where 0.5 separates the classes (the colder the likelier); and where no temperature does
 * better than 0.5 for every row. Throws as `forecastRows`.
 */
export function fitTemperature(probabilities: Numbers, labels: Numbers): number {
  const rows = logitRows(probabilities, labels);
  const byClass = extremesByClass(rows);
  const separated = byClass.lowestPositive >= 0 && byClass.highestNegative <= 0;
  if (!byClass.both || separated) return NaN;
  const { slope } = mostLikely(rows, false);
  return slope > 0 ? 1 / slope : NaN;
}

/**
 * Platt scaling of one finding (Platt, Advances in Large Margin Classifiers, 1999): logistic regression of labels `[N]` on the log-odds of
 * probabilities `[N]`, without penalty and without Platt's smoothing of the labels. Its intercept also mends a wrong prevalence, as
 * weights of the classes in the training loss leave it. The slope is negative, and reverses the order, where the scores are worse
 * than chance.
 *
 * Both NaN where there is no finite best: without a positive or without a negative, and where some threshold separates the classes
 * (ties at it included). Throws as `forecastRows`.
 */
export function fitPlatt(probabilities: Numbers, labels: Numbers): LogitScaling {
  const rows = logitRows(probabilities, labels);
  const { both, lowestPositive, highestPositive, lowestNegative, highestNegative } = extremesByClass(rows);
  const separated = lowestPositive >= highestNegative || lowestNegative >= highestPositive;
  if (!both || separated) return { slope: NaN, intercept: NaN };
  return mostLikely(rows, true);
}

/** Probabilities `[N]` after a scaling. */
export function rescale(probabilities: Numbers, { slope, intercept }: LogitScaling): Float64Array {
  return Float64Array.from(probabilities, (p) => 1 / (1 + Math.exp(-(slope * logit(p) + intercept))));
}

/**
 * Log-odds. Networks compute probabilities in 32 bits, where large log-odds become exactly 0 or 1: these stand for the middle between them
 * and the number next to them, log-odds of -104 and 17.3, and so do numbers closer to them.
 */
function logit(probability: number): number {
  const p = Math.min(Math.max(probability, 2 ** -150), 1 - 2 ** -25);
  return Math.log(p) - Math.log1p(-p);
}

interface LogitRows {
  logits: Float64Array;
  labels: Float64Array;
}

function logitRows(probabilities: Numbers, labels: Numbers): LogitRows {
  const rows = forecastRows(probabilities, labels);
  return { logits: rows.probabilities.map(logit), labels: rows.labels };
}

function extremesByClass({ logits, labels }: LogitRows) {
  const lowest = [Infinity, Infinity];
  const highest = [-Infinity, -Infinity];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    lowest[label] = Math.min(lowest[label]!, logits[i]!);
    highest[label] = Math.max(highest[label]!, logits[i]!);
  }
  return {
    both: lowest.every(Number.isFinite),
    lowestPositive: lowest[1]!,
    highestPositive: highest[1]!,
    lowestNegative: lowest[0]!,
    highestNegative: highest[0]!,
  };
}

/** Squared Newton decrement at which the next step would be lost in rounding. */
const DECREMENT = 1e-20;

/** The likeliest scaling by Newton's method with halved steps (Boyd and Vandenberghe, Convex Optimization, 2004, algorithm 9.5). */
function mostLikely(rows: LogitRows, withIntercept: boolean): LogitScaling {
  let at: LogitScaling = { slope: 0, intercept: 0 };
  let here = derivatives(rows, at);
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = newtonStep(here, withIntercept);
    const decrement = step.slope * here.bySlope + step.intercept * here.byIntercept;
    let size = 1;
    let next = here;
    let target = at;
    for (; size > 1e-9; size /= 2) {
      target = { slope: at.slope - size * step.slope, intercept: at.intercept - size * step.intercept };
      next = derivatives(rows, target);
      if (next.loss <= here.loss - 0.1 * size * decrement + 1e-12 * here.loss) break;
    }
    at = target;
    here = next;
    if (!(decrement > DECREMENT)) return at;
  }
  return at;
}

/** The negative log-likelihood and its derivatives. */
interface Derivatives {
  loss: number;
  bySlope: number;
  byIntercept: number;
  bySlopeTwice: number;
  byBoth: number;
  byInterceptTwice: number;
}

function derivatives({ logits, labels }: LogitRows, { slope, intercept }: LogitScaling): Derivatives {
  const sums = { loss: 0, bySlope: 0, byIntercept: 0, bySlopeTwice: 0, byBoth: 0, byInterceptTwice: 0 };
  for (let i = 0; i < labels.length; i++) {
    const x = logits[i]!;
    const z = slope * x + intercept;
    const small = Math.exp(-Math.abs(z));
    const probability = z >= 0 ? 1 / (1 + small) : small / (1 + small);
    const residual = probability - labels[i]!;
    const curvature = small / (1 + small) ** 2;
    sums.loss += Math.max(z, 0) - labels[i]! * z + Math.log1p(small);
    sums.bySlope += residual * x;
    sums.byIntercept += residual;
    sums.bySlopeTwice += curvature * x * x;
    sums.byBoth += curvature * x;
    sums.byInterceptTwice += curvature;
  }
  return sums;
}

function newtonStep(at: Derivatives, withIntercept: boolean): LogitScaling {
  if (!withIntercept) return { slope: at.bySlope / at.bySlopeTwice, intercept: 0 };
  const determinant = at.bySlopeTwice * at.byInterceptTwice - at.byBoth ** 2;
  return {
    slope: (at.bySlope * at.byInterceptTwice - at.byIntercept * at.byBoth) / determinant,
    intercept: (at.byIntercept * at.bySlopeTwice - at.bySlope * at.byBoth) / determinant,
  };
}
