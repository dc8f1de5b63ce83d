import { describe, expect, it } from 'vitest';
import type { ExperimentResult, MatrixResult, SettingResult } from '../result/index.js';
import { exampleResult } from './fixtures/result.js';
import { type Loss, tested, withMatrix } from './fixtures/settings.js';
import { studyResult } from './fixtures/study.js';
import { verdict } from './verdict.js';

const FACTORS: MatrixResult['factors'] = [
  { factor: 'labelFraction', values: [1, 0.1] },
  { factor: 'tuning', values: ['full', 'frozen'] },
];

/** What is said of the settings where `ssl-natural`, then `random`, is on one data set. */
function said(loss: Loss, change: (result: ExperimentResult) => void = () => {}): string[] {
  const result = exampleResult();
  const { name } = result.datasets[0]!;
  const two = ['random', 'ssl-natural'];
  result.datasets = result.datasets.slice(0, 1);
  result.initializations = result.initializations.slice(0, 2);
  result.cells = result.cells.filter((it) => it.dataset === name && two.includes(it.initialization));
  result.comparisons = result.comparisons.filter(
    (it) => it.dataset === name && two.includes(it.first) && two.includes(it.second),
  );
  for (const [i, cell] of result.cells.entries()) {
    cell.meanAuroc = { estimate: [0.8, 0.85][i]!, low: [0.79, 0.84][i]!, high: [0.81, 0.86][i]! };
  }
  result.comparisons[0]!.mean = tested(-0.05, 0.01);
  const whole = withMatrix(result, { factors: FACTORS, loss, half: 0.01 });
  change(whole);
  return verdict(whole).filter((sentence) => /^(Settings|Image size|Labels|Tuning): /.test(sentence));
}

const only =
  (initialization: string, amount: number, key: keyof SettingResult['values'], value: number | string): Loss =>
  (name, values) =>
    name === initialization && values[key] === value ? amount : 0;

describe('verdict on settings', () => {
  it('says nothing where there is one', () => {
    expect(
      said(
        () => 0,
        (result) => delete result.matrix,
      ),
    ).toEqual([]);
    expect(
      said(
        () => 0,
        (result) => result.matrix!.settings.splice(1),
      ),
    ).toEqual([]);
  });

  it('says that the order holds, and that nothing changes it', () => {
    const sentences = said(() => 0);
    expect(sentences.slice(0, 2)).toEqual([
      'Settings: the initialization with the highest mean AUROC in the reference (100 % of the labels, full) is significantly above every ' +
        'other in 3 of 3 other settings, significantly below another in 0; in 0 neither is shown.',
      'Settings: in none is another initialization shown to be better than the best of the reference.',
    ]);
    expect(sentences[2]).toBe(
      'Labels: with 10 % instead of 100 % of the labels the mean AUROC is not shown to differ in 2 of 2 initializations ' +
        '(intervals within −0.010 to 0.010).',
    );
  });

  it('does not take what is not significant for a turn', () => {
    const sentences = said(only('ssl-natural', 0.055, 'labelFraction', 0.1));
    expect(sentences[0]).toMatch(
      /in 1 of 3 other settings, significantly below another in 0; in 2 neither is shown\.$/,
    );
    expect(sentences[1]).toMatch(/in none is another initialization shown to be better/);
  });

  it('names the factor by which the order turns, with interval and corrected p', () => {
    const sentences = said(only('ssl-natural', 0.08, 'labelFraction', 0.1));
    expect(sentences[0]).toMatch(/in 1 of 3 other settings, significantly below another in 2; in 0 neither/);
    expect(sentences[1]).toBe(
      'Settings: with everything else as in the reference another is significantly above that one with 10 % of the labels ' +
        '(random is above ssl-natural on chestxray14-mini by 0.030 (0.020 to 0.040; corrected p = 0.003)).',
    );
  });

  it('says where it turns only if several factors change', () => {
    const both: Loss = (name, { labelFraction, tuning }) =>
      name === 'ssl-natural' && labelFraction === 0.1 && tuning === 'frozen' ? 0.08 : 0;
    expect(said(both)[1]).toMatch(
      /above that one only where several factors change, most at 10 % of the labels, frozen, where random/,
    );
  });

  it('gives what a factor changes, whichever way round the pair is stored', () => {
    const wanted =
      /Labels: .* is significantly lower in 1 of 2 initializations, by 0\.060 \(0\.050 to 0\.070; corrected p = 0\.003\) for random on/;
    const loss = only('random', 0.06, 'labelFraction', 0.1);
    expect(said(loss).join('\n')).toMatch(wanted);
    const turned = said(loss, ({ matrix }) => {
      for (const pair of matrix!.comparisons) {
        const { estimate, low, high } = pair.mean.difference!;
        [pair.first, pair.second] = [pair.second, pair.first];
        pair.mean.difference = { estimate: -estimate, low: -high, high: -low };
      }
    });
    expect(turned.join('\n')).toMatch(wanted);
    expect(said(only('random', -0.06, 'tuning', 'frozen')).join('\n')).toMatch(
      /Tuning: with the tuning "frozen" instead of "full" .* significantly higher in 1 of 2 .*; not shown to differ in 1 of 2/,
    );
  });

  it('claims that a difference moved only where its intervals are apart', () => {
    const moved = (amount: number) =>
      said(only('random', amount, 'labelFraction', 0.1)).find((it) => it.includes('moves'));
    expect(moved(0.03)).toMatch(
      /in 1 of 1 comparisons, most for random − ssl-natural on chestxray14-mini, from −0\.050 \(−0\.060 to −0\.040\) to −0\.080 \(−0\.090 to −0\.070\); in 0 /,
    );
    expect(moved(0.015)).toMatch(
      /do not overlap in 0 of 1 comparisons; in 1 a change is not shown\. The change itself/,
    );
  });

  it('counts over data sets, at the size of the study', () => {
    const sentences = verdict(studyResult());
    const [count] = sentences.filter((it) => it.startsWith('Settings: the init'));
    const [, above, all, below, open] = /in (\d+) of (\d+) comb.* in (\d+); in (\d+)/.exec(count!)!.map(Number);
    expect(all).toBe(17 * 6);
    expect(above! + below! + open!).toBe(all);
    expect(sentences.filter((it) => it.startsWith('Image size: ')).at(-1)).toMatch(
      /images of 512 px instead of 224 px the difference/,
    );
    expect(sentences.at(-1)).toMatch(
      /, in each setting by itself; for findings over .*; between settings over the pairs of one initialization and data set; in ext/,
    );
  });
});
