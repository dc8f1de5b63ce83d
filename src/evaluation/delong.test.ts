import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc } from './auroc.js';
import { delongInterval, delongTest, unpairedDelongTest } from './delong.js';
import { fixture } from './fixtures/load.js';
import { meanPlacements, placements } from './placements.js';

interface Case {
  name: string;
  labels: number[];
  first: number[];
  second: number[];
  aurocs: { auroc: number; variance: number; interval95: number[]; interval80: number[] }[];
  paired: { z: number; pTwoSided: number; pGreater: number; interval95: number[] };
  unpaired: { t: number; degreesOfFreedom: number; pTwoSided: number };
}

const cases = fixture<Case[]>('delong');
const close = (found: number, expected: number) => expect(Math.abs(found - expected)).toBeLessThan(1e-10);

describe("DeLong's interval and test equal R's pROC", () => {
  it.each(cases)('$name', ({ labels, first, second, aurocs, paired, unpaired }) => {
    const models = [first, second].map((scores) => placements(scores, labels)) as [
      ReturnType<typeof placements>,
      ReturnType<typeof placements>,
    ];
    for (const [i, expected] of aurocs.entries()) {
      const found = delongInterval(models[i]!);
      close(found.auroc, expected.auroc);
      close(found.standardError ** 2, expected.variance);
      for (const [{ low, high }, [a, b]] of [
        [found, expected.interval95],
        [delongInterval(models[i]!, 0.8), expected.interval80],
      ] as [typeof found, number[]][]) {
        close(low, a!);
        close(high, b!);
      }
    }
    const test = delongTest(...models);
    close(test.z, paired.z);
    close(test.pTwoSided, paired.pTwoSided);
    close(test.pGreater, paired.pGreater);
    close(test.low, paired.interval95[0]!);
    close(test.high, paired.interval95[1]!);
    expect(test.reason).toBeUndefined();
    // pROC has NaN where both variances are 0.
    if (Number.isNaN(unpaired.t)) return;
    const apart = unpairedDelongTest(...models);
    close(apart.t, unpaired.t);
    expect(Math.abs(apart.degreesOfFreedom / unpaired.degreesOfFreedom - 1)).toBeLessThan(1e-10);
    close(apart.pTwoSided, unpaired.pTwoSided);
  });
});

describe('where the variance is undefined', () => {
  const labels = [1, 0, 0, 0];

  it('says that one positive is not enough, and keeps the AUROC', () => {
    const model = placements([0.7, 0.1, 0.8, 0.2], labels);
    expect(delongInterval(model)).toEqual({
      auroc: 2 / 3,
      positives: 1,
      negatives: 3,
      standardError: NaN,
      low: NaN,
      high: NaN,
      reason: 'one positive row: no variance can be estimated',
    });
    expect(delongTest(model, model)).toMatchObject({ difference: 0, pTwoSided: NaN, reason: /one positive/ });
    expect(unpairedDelongTest(model, model)).toMatchObject({ pTwoSided: NaN, reason: /one positive/ });
  });

  it('says that a class is missing, or that no label is known', () => {
    expect(delongInterval(placements([1, 2], [1, 1]))).toMatchObject({ auroc: NaN, low: NaN, reason: /no negative/ });
    expect(delongInterval(placements([1, 2], [NaN, NaN]))).toMatchObject({ auroc: NaN, reason: /no positive/ });
  });

  it('gives no p-value to a difference that is the same for every row', () => {
    const perfect = placements([3, 4, 1, 2], [1, 1, 0, 0]);
    const constant = placements([1, 1, 1, 1], [1, 1, 0, 0]);
    expect(delongTest(perfect, constant)).toMatchObject({
      difference: 0.5,
      z: NaN,
      pTwoSided: NaN,
      reason: /estimated as 0/,
    });
    expect(delongInterval(perfect)).toMatchObject({ low: 1, high: 1, reason: /no width/ });
  });
});

const labelledScores = fc.array(
  fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, 1, NaN)),
  { maxLength: 40 },
);

it('the AUROC is the mean of the placements of either class, and that of auroc()', () => {
  fc.assert(
    fc.property(labelledScores, (rows) => {
      const [scores, labels] = [rows.map(([score]) => score), rows.map(([, , label]) => label)];
      const { auroc: found, ofPositives, ofNegatives } = placements(scores, labels);
      const expected = auroc(scores, labels).auroc;
      expect(Number.isNaN(found)).toBe(Number.isNaN(expected));
      fc.pre(!Number.isNaN(expected));
      close(found, expected);
      for (const values of [ofPositives, ofNegatives])
        close(values.reduce((a, b) => a + b, 0) / values.length, expected);
    }),
  );
});

it('exchanging the models turns the sign of the difference and keeps the two-sided p', () => {
  fc.assert(
    fc.property(labelledScores, (rows) => {
      const labels = rows.map(([, , label]) => label);
      const [a, b] = [0, 1].map((i) =>
        placements(
          rows.map((row) => row[i]!),
          labels,
        ),
      );
      const [there, back] = [delongTest(a!, b!), delongTest(b!, a!)];
      expect(Number.isNaN(back.z)).toBe(Number.isNaN(there.z));
      fc.pre(!Number.isNaN(there.z));
      expect(back.z).toBeCloseTo(-there.z, 12);
      expect(back.pTwoSided).toBeCloseTo(there.pTwoSided, 12);
      expect(there.pGreater + back.pGreater).toBeCloseTo(1, 12);
    }),
  );
});

it('the mean over seeds has the mean AUROC, and a smaller error than one seed', () => {
  const random = new Random(3);
  const labels = Array.from({ length: 300 }, () => (random.uniform() < 0.3 ? 1 : 0));
  const seeds = [1, 2, 3].map(() =>
    placements(
      labels.map((label) => label + 2 * random.normal()),
      labels,
    ),
  );
  const all = delongInterval(meanPlacements(seeds));
  expect(all.auroc).toBeCloseTo(
    seeds.reduce((sum, { auroc: value }) => sum + value / 3, 0),
    12,
  );
  expect(all.standardError).toBeLessThan(Math.min(...seeds.map((seed) => delongInterval(seed).standardError)));
  expect(() => meanPlacements([seeds[0]!, placements([1, 2], [1, 0])])).toThrow('positive and negative rows');
});

it('refuses NaN scores of labelled rows and other lengths', () => {
  expect(() => placements([NaN, 1], [1, 0])).toThrow('score 0: found NaN');
  expect(() => placements([1], [1, 0])).toThrow('1 scores for 2 labels');
});

it('takes a million rows in seconds', () => {
  const random = new Random(4);
  const labels = Float32Array.from({ length: 1e6 }, () => (random.uniform() < 0.1 ? 1 : 0));
  const model = (shift: number) =>
    placements(
      labels.map((label) => Math.fround(shift * label + random.uniform())),
      labels,
    );
  const start = process.cpuUsage();
  const { pTwoSided, standardError } = delongTest(model(0.3), model(0.301));
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(8);
  expect(standardError).toBeLessThan(0.01);
  expect(pTwoSided).toBeGreaterThan(0);
});
