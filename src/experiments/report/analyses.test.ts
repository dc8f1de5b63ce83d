import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { withAnalyses } from './fixtures/analyses.js';
import { withHostileNames } from './fixtures/hostile.js';
import { exampleResult } from './fixtures/result.js';
import { comparisonCsv, htmlReport } from './index.js';

const result = withAnalyses(exampleResult());
const html = htmlReport(result);
const { document } = parseHTML(html);
const textOf = (element: { textContent: string | null }) => (element.textContent ?? '').replace(/\s+/g, ' ').trim();

/** The rows of a section's tables beneath the heading of a group. */
function rowsOf(section: string, group: string, table = 0): string[][] {
  const bodies = [...document.querySelectorAll(`#${section} table`)][table]!.querySelectorAll('tbody');
  const body = [...bodies].find((it) => it.querySelector('.group')?.textContent === group);
  return [...body!.querySelectorAll('tr')].slice(1).map((row) => [...row.querySelectorAll('th, td')].map(textOf));
}

describe('report of all analyses', () => {
  it('has every section in order, and every figure', () => {
    expect([...document.querySelectorAll('h2')].map(textOf)).toEqual([
      'Verdict',
      'Data',
      'Mean AUROC',
      'Pairs',
      'Seeds',
      'Shortcuts',
      'Degraded images',
      'Matched comparison',
      'Subgroups',
      'External validation',
      'Findings',
      'Pairs per finding',
      'Operating point',
      'Calibration',
      'Training',
      'Learning rates',
      'Pretraining',
      'Settings',
      'Checklists',
      'Methods',
      'Configuration',
    ]);
    for (const [section, figures] of Object.entries({
      degraded: 1,
      subgroups: 1,
      external: 1,
      findings: 4,
      calibration: 2,
    })) {
      expect(document.querySelectorAll(`#${section} figure`), section).toHaveLength(figures);
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity|\u26a0|\[object/);
  });

  it('shows every group with its difference from the largest, and why one is left out', () => {
    const { initialization, meanAuroc } = result.cells[0]!;
    const rows = rowsOf('subgroups', `chestxray14-mini: ${initialization}`);
    expect(rows.map(([name]) => name)).toEqual([
      'Sex: F',
      'Sex: M',
      'Age: 0-39',
      'Age: 40-59',
      'Age: 60-79',
      'Age: 80+',
    ]);
    expect(rows[0]!.slice(1)).toEqual([
      '600',
      '380',
      `${meanAuroc!.estimate.toFixed(3)} [${meanAuroc!.low.toFixed(3)}, ${meanAuroc!.high.toFixed(3)}]`,
      'reference',
      '\u2013',
      '\u2013',
    ]);
    expect(rows[1]!.slice(4)).toEqual(['\u22120.020 [\u22120.050, +0.010]'.replace('+', ''), '0.200', '0.400']);
    expect(rows[5]!.slice(3)).toEqual(['\u2013', '\u2013', '\u2013', '\u2013']);
    expect(textOf(document.querySelector('#subgroups .notes')!)).toContain(
      'chestxray14-mini, Age: 80+ is left out: fewer than 10 positives of every finding.',
    );
    expect(rowsOf('subgroups', 'chestxray14-mini, training split, view', 2)[0]).toEqual([
      'Atelectasis',
      'AP 13.0 %, PA 3.2 %',
      '0.210',
      '< 0.001',
      '< 0.001',
    ]);
  });

  it('shows the matrix of external validation as numbers and as a heat map', () => {
    const rows = rowsOf('external', 'random');
    const of = (trainedOn: string, testedOn: string) =>
      result.externalValidation!.find(
        (it) => it.initialization === 'random' && it.trainedOn === trainedOn && it.testedOn === testedOn,
      )!.meanAuroc!.estimate;
    const names = result.datasets.map(({ name }) => name);
    expect(rows.map(([, ...values]) => values.map((value) => Number.parseFloat(value)))).toEqual(
      names.map((trainedOn) => names.map((testedOn) => Number(of(trainedOn, testedOn).toFixed(3)))),
    );
    const opacities = [...document.querySelectorAll('#external svg')].flatMap((svg) =>
      [...svg.querySelectorAll('rect[fill-opacity]')].map((rect) => Number(rect.getAttribute('fill-opacity'))),
    );
    expect(opacities).toHaveLength(3 * 4);
    expect([Math.min(...opacities), Math.max(...opacities)]).toEqual([0.06, 0.5]);
  });

  it('shows calibration before and after scaling, and what could not be scaled', () => {
    const [row] = [...document.querySelectorAll('#calibration tbody tr:not(:has(.group))')];
    const { raw, temperature } = result.cells[0]!.calibration![0]!;
    expect([...row!.querySelectorAll('th, td')].map(textOf)).toEqual([
      'Atelectasis',
      'random',
      raw.brier.toFixed(3),
      raw.miscalibration.toFixed(3),
      raw.discrimination.toFixed(3),
      raw.ece.equalMass.toFixed(3),
      temperature!.ece.equalMass.toFixed(3),
      '\u2013',
      '1.4 to 1.6',
    ]);
  });

  it('fills the checklists in where the result has the answer, and leaves the rest to the authors', () => {
    const items = (page: typeof document, table: number) => {
      const rows = [...page.querySelectorAll('#checklists table')][table]!.querySelectorAll(
        'tbody tr:not(:has(.group))',
      );
      return new Map(
        [...rows].map((row) => [...row.querySelectorAll('th, td')].map(textOf)).map(([n, , answer]) => [n!, answer!]),
      );
    };
    const claim = items(document, 0);
    expect([...claim.keys()]).toEqual(Array.from({ length: 44 }, (_, i) => String(i + 1)));
    expect(items(document, 1).size).toBe(52);
    expect(claim.get('44')).toBe('To be filled in by the authors.');
    expect(claim.get('33')).toContain('every other data set');
    const { document: plain } = parseHTML(htmlReport(exampleResult()));
    expect(items(plain, 0).get('33')).toBe('To be filled in by the authors.');
    expect(items(plain, 1).get('14')).toBe('To be filled in by the authors.');
    expect(items(document, 1).get('14')).toContain('AUROC by sex and age');
  });

  it('shows names from the configuration as text only', () => {
    const page = htmlReport(withHostileNames(result));
    expect(parseHTML(page).document.querySelectorAll('script')).toHaveLength(0);
    expect(page).not.toMatch(/<script/i);
  });
});

describe('comparison.csv of all analyses', () => {
  it('has a row per number', () => {
    const rows = parse(comparisonCsv(result), { columns: true }) as Record<string, string>[];
    const of = (kind: string) => rows.filter((row) => row.kind === kind);
    const [group] = of('subgroup');
    expect(group).toMatchObject({ dataset: 'chestxray14-mini', name: 'random', group: 'sex F', metric: 'meanAuroc' });
    expect(Number(group!.estimate)).toBe(result.subgroups![0]!.groups[0]!.meanAuroc!.estimate);
    expect(of('degraded')).toHaveLength(2 * result.degraded!.length);
    expect(of('external')).toEqual([]);
    expect(of('matched')[0]).toMatchObject({ metric: 'matchedMeanAuroc', p: '' });
    expect(of('matched')[1]).toMatchObject({ metric: 'plainMinusMatchedMeanAuroc', p: '0.004' });
    const [brier] = of('calibration').filter(({ metric }) => metric === 'brier');
    expect(Number(brier!.estimate)).toBe(0.14);
  });
});
