import { describe, expect, it } from 'vitest';
import type { ExperimentResult } from '../result/index.js';
import { exampleResult } from './fixtures/result.js';
import { tested, withExternal } from './fixtures/settings.js';
import { ranked } from './select.js';
import { verdict } from './verdict.js';

const [HOME, ABROAD] = ['chestxray14-mini', 'vindr-cxr'];

/** What is said of external validation; models lose `loss` on the other data set. */
function said(
  loss: (initialization: string) => number,
  change: (result: ExperimentResult) => void = () => {},
): string[] {
  const result = withExternal(exampleResult(), loss, 0.012);
  change(result);
  return verdict(result).filter((sentence) => sentence.startsWith('External validation: '));
}

/** The models of the first data set on the second alone. */
function oneWay(result: ExperimentResult): void {
  const kept = (it: { trainedOn: string; testedOn: string }) => it.trainedOn === HOME || it.testedOn === it.trainedOn;
  result.externalValidation = result.externalValidation!.filter(kept);
  result.externalComparisons = result.externalComparisons!.filter(kept);
}

describe('verdict on external validation', () => {
  it('says nothing where there is none', () => {
    expect(verdict(exampleResult()).join('\n')).not.toContain('External');
    const own = said(
      () => 0,
      (result) => {
        result.externalValidation = result.externalValidation!.filter((it) => it.trainedOn === it.testedOn);
        result.externalComparisons = [];
      },
    );
    expect(own).toEqual([]);
  });

  it('gives the AUROC of one pair of data sets with its interval, beside that of the own model there', () => {
    const [first] = said(() => 0.1, oneWay);
    const result = withExternal(exampleResult(), () => 0.1);
    const [best] = ranked(result, HOME);
    const { meanAuroc } = result.externalValidation!.find(
      (it) => it.trainedOn === HOME && it.testedOn === ABROAD && it.initialization === best!.initialization,
    )!;
    const [value, low, high] = [meanAuroc!.estimate, meanAuroc!.low, meanAuroc!.high].map((it) => it.toFixed(3));
    expect(first).toBe(
      `External validation: ${best!.initialization} reaches a mean AUROC of ${value} (${low} to ${high}; trained on ${HOME}, tested on ${ABROAD}) ` +
        'over 4 findings that both data sets have. Its interval lies below that of the same initialization trained on vindr-cxr itself.',
    );
    expect(said(() => 0, oneWay)[0]).toMatch(/Its interval does not lie below/);
  });

  it('compares with the own model there over the same findings alone', () => {
    const [first] = said(
      () => 0.1,
      (result) => {
        oneWay(result);
        for (const it of result.externalValidation!)
          if (it.trainedOn === HOME && it.testedOn === ABROAD) it.meanOver.pop();
      },
    );
    expect(first).toMatch(/over 3 findings that both data sets have\.$/);
  });

  it('says of each rival whether the best of the training data set is above it there', () => {
    const of = (first: number, second: number) =>
      said(
        () => 0,
        (result) => {
          oneWay(result);
          const pairs = result.externalComparisons!.map((it) => ({ ...it }));
          const find = (name: string) =>
            pairs.find((it) => [it.first, it.second].includes(name) && [it.first, it.second].includes('ssl-natural'))!;
          const read = (name: string, by: number) => {
            find(name).mean = tested(find(name).first === 'ssl-natural' ? by : -by, 0.012);
          };
          read('random', first);
          read('supervised-natural', second);
          result.externalComparisons = pairs;
        },
      )[1];
    expect(of(0.05, 0.03)).toBe(
      'External validation: there ssl-natural, the best of its training data set, is significantly above random (0.050; 0.038 to 0.062; ' +
        'corrected p = 0.003) and significantly above supervised-natural (0.030; 0.018 to 0.042; corrected p = 0.003).',
    );
    expect(of(0.05, -0.03)).toMatch(
      /and significantly below supervised-natural \(−0\.030; −0\.042 to −0\.018; corrected/,
    );
    expect(of(0.05, 0.003)).toMatch(
      /and not shown to differ from supervised-natural \(0\.003; −0\.009 to 0\.015; corrected/,
    );
  });

  it('counts pairs of data sets, and names the largest reversal', () => {
    const sentences = said((name) => (name === 'ssl-natural' ? 0.12 : 0));
    expect(sentences[0]).toMatch(
      /^External validation: in 2 pairs of .* from 0\.\d{3} \(.*; trained on .*\) to 0\.\d{3} \(/,
    );
    expect(sentences[1]).toMatch(
      /above every other in 0 of 2 pairs of data sets, significantly below another in 2 \(most: ssl-natural against [\w-]+, trained on [\w-]+, tested on [\w-]+: −0\.\d{3}; −.*\); in 0 neither is shown\.$/,
    );
    expect(said((name) => (name === 'ssl-natural' ? 0 : 0.1))[1]).toMatch(
      /above every other in 2 of 2 .* another in 0; in 0 /,
    );
  });

  it('counts what becomes of the differences that are significant at home', () => {
    const significant = exampleResult().comparisons.filter(({ mean }) => mean.pAdjusted! < 0.05).length;
    const total = (loss: (name: string) => number) => {
      const sentence = said(loss).at(-1)!;
      const [, same, all, opposite, open] = /in (\d+) of (\d+) tests, .* in (\d+), and not shown in (\d+)/
        .exec(sentence)!
        .map(Number);
      expect(all).toBe(significant);
      expect(same! + opposite! + open!).toBe(all);
      return { same, opposite, open };
    };
    expect(total(() => 0).same).toBeGreaterThan(0);
    expect(total((name) => (name === 'random' ? -0.3 : 0)).opposite).toBeGreaterThan(0);
  });
});
