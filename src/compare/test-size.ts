import { inputError, messageOf } from '../base/index.js';
import {
  designEffect,
  sampleSizeForAuroc,
  sampleSizeForDifference,
  sampleSizeForPower,
  type TestSetSize,
} from '../evaluation/index.js';
import { count, listed } from '../pages/index.js';

/** What a test set is to show. All are fractions 0..1 but for `imagesPerPatient`. */
export interface TestSetQuestion {
  /** AUROC that is expected, of the first model where there are two. */
  auroc: number;
  /** AUROC that is expected of a second model on the same test set: the question is about the difference. */
  against?: number;
  /** Correlation of the two AUROCs; 0.5 unless given. */
  correlation?: number;
  /** Of the interval, from its lower to its upper end. */
  width?: number;
  /** Probability of showing that the first model is better (with `margin`: non-inferior). */
  power?: number;
  /** Of non-inferiority. */
  margin?: number;
  prevalence: number;
  /** 0.95 unless given. */
  confidence?: number;
  /** Mean number, 1 unless given. */
  imagesPerPatient?: number;
  /** Intraclass correlation of the placements of one patient's images; 1 unless given: further images add nothing. */
  withinPatient?: number;
}

export interface RequiredTestSet {
  format: 'hilum-testsize/1';
  aim: 'interval' | 'interval of a difference' | 'superiority' | 'non-inferiority';
  required: TestSetSize;
  /** What was given or assumed; null where it plays no part. */
  assumed: Record<Exclude<keyof TestSetQuestion, 'auroc' | 'prevalence' | 'confidence'>, number | null> &
    Record<'auroc' | 'prevalence' | 'confidence', number>;
  /** Factor of the variance for several images per patient. */
  designEffect: number;
  /** In sentences, for people. */
  text: string;
}

/**
 * The test set that a question takes, with the variance of Hanley and McNeil. It holds the chance of drawing the test set alone, not the
 * variance between training seeds. Throws an InputError where the question is incomplete, contradicts itself, or has no answer.
 */
export function requiredTestSet(question: TestSetQuestion): RequiredTestSet {
  const { auroc, against, width, power, margin, prevalence, imagesPerPatient = 1, confidence = 0.95 } = question;
  check(question);
  const correlation = against === undefined ? undefined : (question.correlation ?? 0.5);
  const withinPatient = imagesPerPatient === 1 ? undefined : (question.withinPatient ?? 1);
  const expected = { prevalence, confidence, imagesPerPatient, withinPatient };
  const pair = { ...expected, first: auroc, second: against ?? auroc, correlation: correlation ?? 0 };
  const required = answered(() => {
    if (against === undefined) return sampleSizeForAuroc({ ...expected, auroc, width: width! });
    return width === undefined
      ? sampleSizeForPower({ ...pair, power: power!, margin })
      : sampleSizeForDifference({ ...pair, width });
  });
  const orNull = (value: number | undefined) => value ?? null;
  const answer: Omit<RequiredTestSet, 'text'> = {
    format: 'hilum-testsize/1',
    aim:
      power !== undefined
        ? margin === undefined
          ? 'superiority'
          : 'non-inferiority'
        : against === undefined
          ? 'interval'
          : 'interval of a difference',
    required,
    assumed: {
      auroc,
      against: orNull(against),
      correlation: orNull(correlation),
      width: orNull(width),
      power: orNull(power),
      margin: orNull(margin),
      prevalence,
      confidence,
      imagesPerPatient,
      withinPatient: orNull(withinPatient),
    },
    designEffect: designEffect(expected),
  };
  return { ...answer, text: inProse(answer) };
}

function check({ auroc, against, correlation, width, power, margin, imagesPerPatient = 1, ...rest }: TestSetQuestion) {
  const needs = (option: string, other: string, fix: string) =>
    inputError({ what: option, found: `no ${other}`, expected: `${other} with it`, fix });
  if (against === undefined) {
    const alone = Object.entries({ '--correlation': correlation, '--power': power, '--margin': margin });
    const [option] = alone.find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined)
      throw needs(option, '--against', 'Give the AUROC that is expected of the second model with --against.');
  }
  if ((width === undefined) === (power === undefined)) {
    throw inputError({
      what: 'the question',
      found: width === undefined ? 'no --width and no --power' : 'both --width and --power',
      expected: 'one of them',
      fix: 'Give --width for an interval, or --against and --power to show a difference.',
    });
  }
  if (margin !== undefined && power === undefined)
    throw needs('--margin', '--power', 'Give the probability of showing non-inferiority, e.g. --power 0.8.');
  if (rest.withinPatient !== undefined && imagesPerPatient === 1)
    throw needs('--within-patient', '--images-per-patient', 'With one image per patient there is no such correlation.');
  if (power !== undefined && auroc - against! + (margin ?? 0) <= 0) {
    throw inputError({
      what: margin === undefined ? '--against' : '--margin',
      found: `an AUROC of ${auroc} against ${against}${margin === undefined ? '' : ` with the margin ${margin}`}`,
      expected:
        margin === undefined ? 'a first model that is better' : 'a first model above the second less the margin',
      fix: 'No test set shows what is not so: give other AUROCs, or a (larger) --margin for non-inferiority.',
    });
  }
}

function answered(size: () => TestSetSize): TestSetSize {
  try {
    return size();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw inputError({ what: 'the test set', found: messageOf(error), expected: 'a question that has an answer' });
  }
}

function inProse({ aim, required, assumed, designEffect: effect }: Omit<RequiredTestSet, 'text'>): string {
  const { auroc, against, correlation, width, power, margin, prevalence, confidence, imagesPerPatient } = assumed;
  const { images, patients, positives, negatives } = required;
  const percent = (share: number) => `${Number((100 * share).toFixed(4))} %`;
  const interval = `${percent(confidence)} interval`;
  const wanted = {
    interval: `For a ${interval} of an AUROC of ${auroc} that is at most ${width} wide (\u00b1 ${Number((width! / 2).toFixed(6))})`,
    'interval of a difference': `For a ${interval} at most ${width} wide of the difference between AUROCs of ${auroc} and ${against}`,
    superiority: `To show with a probability of ${percent(power!)} that a model of AUROC ${auroc} is better than one of ${against} (${interval} above 0)`,
    'non-inferiority': `To show with a probability of ${percent(power!)} that a model of AUROC ${auroc} is non-inferior to one of ${against} (${interval} above \u2212${margin})`,
  }[aim];
  const clustered = imagesPerPatient === 1 ? '' : ` of ${count(patients)} patients`;
  const assumptions = [
    `a prevalence of ${percent(prevalence)}`,
    ...(correlation === null ? [] : [`a correlation of ${correlation} between the AUROCs of the two models`]),
    imagesPerPatient === 1
      ? 'one image per patient'
      : `${imagesPerPatient} images per patient with a correlation of ${assumed.withinPatient} (variance times ${Number(effect!.toFixed(4))})`,
    'the variance of Hanley and McNeil (1982)',
  ];
  return (
    `${wanted}: ${count(images)} images${clustered}, ${count(positives)} positive and ${count(negatives)} negative.\n` +
    `Assumed: ${listed(assumptions)}. Variance between training seeds comes on top.`
  );
}
