import { describe, expect, it } from 'vitest';
import type { ExperimentResult } from '../result/index.js';
import { withAnalyses } from './fixtures/analyses.js';
import { exampleResult } from './fixtures/result.js';
import { studyResult } from './fixtures/study.js';
import { ranked } from './select.js';
import { verdict } from './verdict.js';

/** The sentence on a topic, of a result with all analyses. */
function said(topic: string, change: (own: Own, result: ExperimentResult) => void = () => {}): string | undefined {
  const result = withAnalyses(exampleResult());
  const dataset = result.datasets[0]!.name;
  change(ownOf(result, dataset), result);
  const sentences = verdict(result).filter((sentence) => sentence.startsWith(`${topic}: `));
  expect(sentences.length).toBeLessThanOrEqual(1);
  return sentences[0];
}

type Own = ReturnType<typeof ownOf>;

/** What the analyses say of the best model of a data set. */
function ownOf(result: ExperimentResult, dataset: string) {
  const cell = ranked(result, dataset)[0]!;
  const own = <T extends { dataset: string; initialization: string }>(items: T[] = []) =>
    items.filter((it) => it.dataset === dataset && it.initialization === cell.initialization);
  return {
    cell,
    name: cell.initialization,
    degraded: own(result.degraded),
    matched: own(result.matched)[0]!,
    subgroups: own(result.subgroups),
    confounding: result.confounding!.find((it) => it.dataset === dataset)!,
  };
}

const DATASET = 'chestxray14-mini';

describe('verdict on analyses', () => {
  it('says nothing where none was made', () => {
    const topics = /^(Degraded images|Matched pairs|Subgroups|Confounding|External validation|Calibration): /;
    expect(verdict(exampleResult()).filter((sentence) => topics.test(sentence))).toEqual([]);
    const sentences = verdict(withAnalyses(exampleResult())).map((sentence) => topics.exec(sentence)?.[1]);
    const present = sentences.filter((topic) => topic !== undefined);
    expect(present).toEqual([
      'External validation',
      'Degraded images',
      'Matched pairs',
      'Subgroups',
      'Confounding',
      'Calibration',
    ]);
  });

  it('names the degradation without anatomy that keeps most', () => {
    const keeps = (shares: Record<string, [number, number, number]>) =>
      said('Degraded images', ({ degraded }, result) => {
        result.degraded = degraded;
        for (const { degradation, mean } of degraded) {
          const [estimate, low, high] = shares[degradation] ?? [0.99, 0.9, 1.1];
          mean!.share = { estimate, low, high };
        }
      });
    expect(keeps({ border: [0.3, 0.1, 0.5], shuffled: [0.62, 0.5, 0.74] })).toMatch(
      /^Degraded images: of its AUROC above chance, [\w-]+ on chestxray14-mini keeps 62 % \(50 % to 74 %\) with shuffled patches\. .* no evidence/,
    );
    expect(keeps({ border: [0.1, -0.1, 0.3], shuffled: [0.1, -0.2, 0.4] })).toBeUndefined();
  });

  it('says how far a matched AUROC falls, where its interval says that it does', () => {
    const { mean } = withAnalyses(exampleResult()).matched![0]!;
    expect(mean!.difference!.low).toBeGreaterThan(0);
    const fallen = said('Matched pairs', ({ matched }, result) => {
      result.matched = [matched];
      matched.mean = {
        plain: { estimate: 0.8, low: 0.78, high: 0.82 },
        matched: { estimate: 0.7, low: 0.66, high: 0.74 },
        difference: { estimate: 0.1, low: 0.05, high: 0.15 },
        p: 0.002,
      };
    });
    expect(fallen).toContain(
      'on chestxray14-mini from 0.800 to 0.700 with the same view, age and sex (by 0.100; 0.050 to 0.150; p = 0.002)',
    );
    const unclear = said('Matched pairs', ({ matched }, result) => {
      result.matched = [matched];
      matched.mean!.difference!.low = -0.001;
    });
    expect(unclear).toBeUndefined();
  });

  it('names groups that differ significantly and groups that are too small', () => {
    const gap = { highest: 'F', lowest: 'M', difference: { estimate: 0.05, low: 0.02, high: 0.08 }, p: 0.003 };
    const differing = (pAdjusted: number | null) =>
      said('Subgroups', ({ subgroups }, result) => {
        result.subgroups = subgroups;
        subgroups.find(({ factor }) => factor === 'sex')!.gap = { ...gap, pAdjusted };
      });
    expect(differing(0.012)).toContain('of F is above that of M by 0.050 (sex; 0.020 to 0.080; corrected p = 0.012)');
    expect(differing(null)).toContain('(sex; 0.020 to 0.080; p = 0.003)');
    expect(differing(0.05)).toBe(
      `Subgroups: no gap between groups is shown for the best model on ${DATASET}; too small to be compared: 80+ (age) on ${DATASET}.`,
    );
    const ofFinding = said('Subgroups', ({ subgroups }, result) => {
      result.subgroups = subgroups.slice(0, 1);
      subgroups[0]!.findings = [
        { ...gap, finding: 'Effusion', pAdjusted: 0.01 },
        { ...gap, finding: 'Mass', pAdjusted: 0.2 },
      ];
    });
    expect(ofFinding).toMatch(/differ significantly for Effusion \(sex\) with/);
    expect(ofFinding).not.toContain('Mass');
  });

  it('names findings that go with a group, the strongest first, by the training split where it was counted', () => {
    const found = said('Confounding', ({ confounding }, result) => {
      const [first, second, third] = confounding.findings;
      const findings = [first!, { ...second!, cramersV: 0.4 }, { ...third!, pAdjusted: 0.3 }];
      const test = { ...confounding, split: 'test' as const, factor: 'sex' as const };
      result.confounding = [{ ...confounding, findings }, test];
    });
    const { findings } = withAnalyses(exampleResult()).confounding![0]!;
    const [first, second] = findings.map(({ finding }) => finding);
    expect(found).toContain(
      `on the training split of ${DATASET} view with ${second} and ${first} (Cramér's V up to 0.400).`,
    );
    expect(found).not.toContain('sex');
  });

  it('says of many data sets the two that weigh most, and how many more there are', () => {
    const sentences = verdict(studyResult());
    expect(sentences.find((it) => it.startsWith('Degraded images: '))).toMatch(
      /keeps 85 % .*keeps 84 % .*; and, less than these, on 4 more data sets \(see the tables\)\. That share/,
    );
    expect(sentences.find((it) => it.startsWith('Subgroups: '))).toMatch(
      /no gap between groups is shown for the best model on VinDr-CXR, .* and UKA-CXR; too small .*: 80\+ \(age\) on VinDr/,
    );
  });

  it('gives the calibration error before and after scaling over the same findings', () => {
    const error = (equalMass: number) => ({ ece: { equalWidth: 0, equalMass } }) as never;
    const scaled = (finding: string, raw: number, temperature: number, platt: number | null) => ({
      finding,
      raw: error(raw),
      temperature: error(temperature),
      platt: platt === null ? null : error(platt),
    });
    const calibrated = (rows: ReturnType<typeof scaled>[]) =>
      said('Calibration', ({ cell }, result) => {
        for (const it of result.cells) delete it.calibration;
        cell.calibration = rows;
      });
    expect(
      calibrated([scaled('A', 0.2, 0.1, 0.02), scaled('B', 0.1, 0.06, 0.04), scaled('C', 0.9, 0.9, null)]),
    ).toMatch(
      /error is 0\.150 for [\w-]+ on chestxray14-mini, 0\.080 after temperature and 0\.030 after Platt .* over 2 findings\)\.$/,
    );
    expect(calibrated([scaled('A', 0.2, 0.1, null)])).toMatch(
      /is 0\.200 for [\w-]+ on chestxray14-mini \(mean over 1 finding\)\.$/,
    );
  });
});
