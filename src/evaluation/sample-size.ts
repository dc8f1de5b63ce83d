import { normalQuantile } from './distributions.js';

/** A test set: images by label, and patients. */
export interface TestSetSize {
  images: number;
  /** As many as images, where each has one. */
  patients: number;
  positives: number;
  negatives: number;
}

interface Expected {
  /** Share of positives, 0..1 exclusive. */
  prevalence: number;
  /** Of the interval, 0.95 unless given. */
  confidence?: number;
  /** Mean number, 1 unless given. */
  imagesPerPatient?: number;
  /**
   * Intraclass correlation of the placements of one patient's images, 0..1; 1 unless given: then a patient's further images add
   * nothing. For normal scores it lies below the correlation of the scores themselves.
   */
  withinPatient?: number;
}

/**
 * Variance of an AUROC estimated from so many positives and negatives (Hanley and McNeil, Radiology 143:29, 1982, for scores of
 * exponential distribution; conservative for others).
 */
export function hanleyMcNeilVariance(auroc: number, positives: number, negatives: number): number {
  const twoPositives = auroc / (2 - auroc);
  const twoNegatives = (2 * auroc ** 2) / (1 + auroc);
  return (
    (auroc * (1 - auroc) +
      (positives - 1) * (twoPositives - auroc ** 2) +
      (negatives - 1) * (twoNegatives - auroc ** 2)) /
    (positives * negatives)
  );
}

/**
 * The smallest test set on which the interval of an AUROC is expected to be at most so wide, from its lower to its upper end.
 * Throws a RangeError for an AUROC, prevalence or width outside 0..1, and where no test set of up to a billion images is enough.
 */
export function sampleSizeForAuroc(expected: Expected & { auroc: number; width: number }): TestSetSize {
  const { auroc, width, confidence = 0.95 } = expected;
  requireExpected(expected);
  requireFractions({ auroc, width });
  const largest = width / 2 / normalQuantile((1 + confidence) / 2);
  return smallest(expected, (p, n) => Math.sqrt(hanleyMcNeilVariance(auroc, p, n)) <= largest);
}

/**
 * By what factor the variance is larger than that of as many images of different patients: 1 + (images per patient - 1) x correlation
 * (Kish, Survey Sampling, 1965, section 5.4). It holds where a patient's images share their label, and is cautious where they do not.
 */
export function designEffect({ imagesPerPatient = 1, withinPatient = 1 }: Partial<Expected>): number {
  return 1 + (imagesPerPatient - 1) * withinPatient;
}

export interface ExpectedDifference extends Expected {
  /** The AUROCs that are expected of the two models. */
  first: number;
  second: number;
  /**
   * Correlation of the two estimates, -1..1: 0 for two test sets; about 0.5 to 0.9 for two models on one (Hanley and McNeil, Radiology
   * 148:839, 1983).
   */
  correlation: number;
}

/** The smallest test set on which the interval of the difference of two AUROCs is expected to be at most so wide. Throws as above. */
export function sampleSizeForDifference(expected: ExpectedDifference & { width: number }): TestSetSize {
  const { width, confidence = 0.95 } = expected;
  requireDifference(expected);
  requireFractions({ width });
  const largest = width / 2 / normalQuantile((1 + confidence) / 2);
  return smallest(expected, (p, n) => errorOfDifference(expected, p, n) <= largest);
}

/**
 * The smallest test set on which first is found better than second with the probability `power`, where the interval must lie above 0
 * (superiority), or above -margin (non-inferiority). Throws as above, and where the difference that is expected is not above -margin.
 */
export function sampleSizeForPower(expected: ExpectedDifference & { power: number; margin?: number }): TestSetSize {
  const { first, second, confidence = 0.95, power, margin = 0 } = expected;
  requireDifference(expected);
  requireFractions({ power });
  const distance = first - second + margin;
  if (!(distance > 0)) throw new RangeError(`first ${first} is not expected above second ${second} - margin ${margin}`);
  const quantiles = normalQuantile((1 + confidence) / 2) + normalQuantile(power);
  return smallest(expected, (p, n) => quantiles * errorOfDifference(expected, p, n) <= distance);
}

function errorOfDifference({ first, second, correlation }: ExpectedDifference, positives: number, negatives: number) {
  const [a, b] = [first, second].map((auroc) => hanleyMcNeilVariance(auroc, positives, negatives)) as [number, number];
  return Math.sqrt(Math.max(0, a + b - 2 * correlation * Math.sqrt(a * b)));
}

/**
 * Of the test sets with the prevalence, by bisection: what is enough stays enough with more images. So many images as independent ones
 * would have to be, times the design effect.
 */
function smallest(expected: Expected, isEnough: (positives: number, negatives: number) => boolean): TestSetSize {
  const { prevalence, imagesPerPatient = 1 } = expected;
  const effect = designEffect(expected);
  const enough = (images: number) => {
    const [positives, negatives] = [(images * prevalence) / effect, (images * (1 - prevalence)) / effect];
    return positives >= 1 && negatives >= 1 && isEnough(positives, negatives);
  };
  let high = 2;
  while (!enough(high)) {
    high *= 2;
    if (high > 2e9) throw new RangeError('no test set of up to a billion images is enough');
  }
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  const positives = Math.round(high * prevalence);
  return { images: high, patients: Math.ceil(high / imagesPerPatient), positives, negatives: high - positives };
}

function requireDifference(expected: ExpectedDifference): void {
  const { first, second, correlation } = expected;
  requireExpected(expected);
  requireFractions({ first, second });
  if (!(correlation >= -1 && correlation < 1)) throw new RangeError(`correlation ${correlation} is outside -1..1`);
}

function requireExpected({ prevalence, confidence = 0.95, imagesPerPatient = 1, withinPatient = 1 }: Expected): void {
  requireFractions({ prevalence, confidence });
  if (!(imagesPerPatient >= 1)) throw new RangeError(`imagesPerPatient ${imagesPerPatient} is not at least 1`);
  if (!(withinPatient >= 0 && withinPatient <= 1))
    throw new RangeError(`withinPatient ${withinPatient} is outside 0..1`);
}

function requireFractions(values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0 && value < 1)) throw new RangeError(`${name} ${value} is not between 0 and 1`);
  }
}
