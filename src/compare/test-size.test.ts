import { describe, expect, it } from 'vitest';
import { sampleSizeForAuroc, sampleSizeForDifference, sampleSizeForPower } from '../evaluation/index.js';
import { requiredTestSet, type TestSetQuestion } from './test-size.js';

const one = { auroc: 0.85, prevalence: 0.1, width: 0.05 };
const pair = { auroc: 0.85, against: 0.83, prevalence: 0.1 };

describe('requiredTestSet', () => {
  it('answers for the interval of an AUROC', () => {
    const { required, aim, text } = requiredTestSet(one);
    expect(required).toEqual(sampleSizeForAuroc(one));
    expect(aim).toBe('interval');
    const { images, positives, negatives } = required;
    const counts = [images, positives, negatives].map((it) => it.toLocaleString('en'));
    expect(text).toMatch(
      `For a 95 % interval of an AUROC of 0.85 that is at most 0.05 wide (\u00b1 0.025): ${counts[0]} images, ${counts[1]} positive and ${counts[2]} negative.`,
    );
    expect(text).toMatch('Assumed: a prevalence of 10 %, one image per patient and the variance of Hanley');
  });

  it('answers for a difference, its power and non-inferiority', () => {
    const expected = { first: 0.85, second: 0.83, prevalence: 0.1, correlation: 0.7 };
    const question = { ...pair, correlation: 0.7 };
    expect(requiredTestSet({ ...question, width: 0.04 })).toMatchObject({
      aim: 'interval of a difference',
      required: sampleSizeForDifference({ ...expected, width: 0.04 }),
    });
    expect(requiredTestSet({ ...question, power: 0.8 })).toMatchObject({
      aim: 'superiority',
      required: sampleSizeForPower({ ...expected, power: 0.8 }),
    });
    const { aim, required, text } = requiredTestSet({ ...question, against: 0.85, power: 0.9, margin: 0.02 });
    expect(aim).toBe('non-inferiority');
    expect(required).toEqual(sampleSizeForPower({ ...expected, second: 0.85, power: 0.9, margin: 0.02 }));
    expect(text).toMatch(
      'with a probability of 90 % that a model of AUROC 0.85 is non-inferior to one of 0.85 (95 % interval above \u22120.02)',
    );
    expect(requiredTestSet({ ...pair, power: 0.8 }).assumed).toMatchObject({ correlation: 0.5, margin: null });
  });

  it('takes more images where a patient has several, no fewer patients where they add nothing', () => {
    const alone = requiredTestSet(one).required;
    const of = (withinPatient?: number) => requiredTestSet({ ...one, imagesPerPatient: 3, withinPatient });
    expect(of().designEffect).toBe(3);
    expect(Math.abs(of().required.patients - alone.images)).toBeLessThanOrEqual(1);
    expect(of(0).required.images).toBe(alone.images);
    expect(of(0.5).required.images / alone.images).toBeCloseTo(2, 2);
    expect(of(0.5).text).toMatch(
      /images of \d,\d{3} patients.*3 images per patient with a correlation of 0.5 \(variance times 2\)/s,
    );
  });

  it.each<[Partial<TestSetQuestion> & { against?: number }, RegExp]>([
    [{ ...one, width: undefined }, /no --width and no --power.*Give --width for an interval/],
    [{ ...one, ...pair, power: 0.8 }, /both --width and --power/],
    [{ ...one, width: undefined, power: 0.8 }, /--power: found no --against/],
    [{ ...one, correlation: 0.8 }, /--correlation: found no --against/],
    [{ ...one, ...pair, margin: 0.01 }, /--margin: found no --power/],
    [{ ...one, withinPatient: 0.5 }, /--within-patient: found no --images-per-patient/],
    [
      { ...pair, against: 0.86, power: 0.8 },
      /--against: found an AUROC of 0.85 against 0.86; expected a first model that/,
    ],
    [{ ...pair, against: 0.9, power: 0.8, margin: 0.05 }, /--margin: .*with the margin 0.05.*larger/],
    [{ ...one, width: 1e-7 }, /no test set of up to a billion images is enough/],
  ])('refuses %j', (question, message) => {
    expect(() => requiredTestSet(question as TestSetQuestion)).toThrow(message);
  });
});
