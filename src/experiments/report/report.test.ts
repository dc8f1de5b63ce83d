import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import { type ExperimentResult, readResult } from '../result/index.js';
import { HOSTILE, withHostileNames } from './fixtures/hostile.js';
import { exampleResult } from './fixtures/result.js';
import { comparisonCsv, htmlReport, markdownReport, writeReport } from './index.js';

const result = exampleResult();
const html = htmlReport(result);
const { document } = parseHTML(html);

const textOf = (element: { textContent: string | null }) => (element.textContent ?? '').replace(/\s+/g, ' ').trim();

/** The rows of a section's table, one array of texts each, beneath the heading of a group. */
function rowsOf(section: string, group?: string): string[][] {
  const bodies = [...document.querySelectorAll(`#${section} tbody`)];
  const body = group ? bodies.find((it) => it.querySelector('.group')?.textContent === group) : bodies[0];
  return [...body!.querySelectorAll('tr')].map((row) => [...row.querySelectorAll('th, td')].map(textOf));
}

describe('html report', () => {
  it('asks the network for nothing and runs nothing', () => {
    expect(html).not.toMatch(/https?:|["'(=\s]\/\/|<script|<link|<iframe|<img|<object|@import|url\(|\son\w+=/i);
    expect(html).toContain("default-src 'none'");
  });

  it('begins with the verdict', () => {
    expect(textOf(document.querySelector('h2')!)).toBe('Verdict');
    const said: string[] = [];
    let topic = '';
    for (const item of document.querySelectorAll('.verdict > *')) {
      if (item.tagName === 'DT') topic = textOf(item);
      else said.push(`${topic}: ${textOf(item)}`);
    }
    expect(said).toEqual(result.verdict);
  });

  it('shows the mean AUROC of every cell', () => {
    const rows = rowsOf('mean');
    expect(rows.map(([name]) => name)).toEqual(['random', 'ssl-natural', 'supervised-natural']);
    for (const [name, ...values] of rows) {
      for (const [i, { name: dataset }] of result.datasets.entries()) {
        const { meanAuroc } = result.cells.find((it) => it.dataset === dataset && it.initialization === name)!;
        const { estimate, low, high } = meanAuroc!;
        expect(values[i]).toBe(`${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`);
      }
    }
  });

  it('ranks the initializations of a data set against its highest', () => {
    for (const { name } of result.datasets) {
      const [best, ...others] = rowsOf('mean', name).slice(1);
      expect(best!.slice(2)).toEqual(['reference', '', '']);
      for (const [other, , difference, p, corrected] of others) {
        const pair = result.comparisons.find(
          (it) => it.dataset === name && [it.first, it.second].sort().join() === [best![0], other].sort().join(),
        )!;
        const lead = Math.abs(pair.mean.difference!.estimate);
        expect(difference).toMatch(new RegExp(`^\u2212${lead.toFixed(3)} \\[.*\\]$`));
        expect([p, corrected]).toEqual([pair.mean.p, pair.mean.pAdjusted].map((it) => it!.toFixed(3)));
      }
    }
  });

  it('shows raw, corrected and one-sided p of every pair', () => {
    for (const { name } of result.datasets) {
      const pairs = result.comparisons.filter(({ dataset }) => dataset === name);
      expect(
        rowsOf('pairs', name)
          .slice(1)
          .map((row) => row.slice(2)),
      ).toEqual(pairs.map(({ mean }) => [mean.p, mean.pAdjusted, mean.pGreater].map((p) => p!.toFixed(3))));
    }
  });

  it('prints a tiny p as < 0.001 and a minus as a minus', () => {
    const changed = exampleResult();
    changed.comparisons[0]!.mean = {
      difference: { estimate: -0.05, low: -0.06, high: -0.04 },
      p: 0.00099,
      pAdjusted: 0.0009,
      pGreater: 1,
    };
    const page = htmlReport(changed);
    expect(page).toContain('&#60; 0.001');
    expect(page).toContain('\u22120.050');
  });

  it('lists a finding that is not estimable with its counts, without numbers', () => {
    const row = rowsOf('findings', 'chestxray14-mini').find(([finding]) => finding === 'Hernia');
    expect(row).toEqual(['Hernia', '0 / 1,200', '\u2013', '\u2013', '\u2013']);
    expect(textOf(document.querySelector('#findings .notes')!)).toContain(
      'not estimable and left out of the mean: Hernia (0 positive, 1,200 negative: no positive in the test split)',
    );
  });

  it('marks the shortcuts that reach the best model', () => {
    const [, mean] = rowsOf('shortcuts', 'chestxray14-mini (best model: ssl-natural)');
    const best = result.cells.find((it) => it.dataset === 'chestxray14-mini' && it.initialization === 'ssl-natural')!;
    const marked = result.shortcuts
      .filter((it) => it.dataset === 'chestxray14-mini')
      .map((it) => it.meanAuroc!.estimate >= best.meanAuroc!.low);
    expect(marked).toContain(true);
    expect(marked).toContain(false);
    expect(mean!.slice(1, -1).map((text) => text.includes('\u2020'))).toEqual(marked);
  });

  it('draws every figure with a label, without warnings and without NaN', () => {
    const drawings = [...document.querySelectorAll('.panel svg')];
    const findings = 2 * 4;
    expect(drawings).toHaveLength(2 + 2 + findings + 4 + 2);
    for (const svg of drawings) {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')!.length).toBeGreaterThan(20);
      expect(svg.outerHTML).not.toMatch(/NaN|undefined|Infinity|\u26a0/);
    }
    const roc = document.querySelector('#findings .panel svg')!;
    expect(roc.getAttribute('aria-label')).toBe(
      `ROC curves for Atelectasis, chestxray14-mini: ${[0, 1, 2]
        .map(
          (i) => `${result.cells[i]!.initialization} AUROC ${result.cells[i]!.findings[0]!.auroc!.estimate.toFixed(3)}`,
        )
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' and ')}`,
    );
    expect(roc.querySelectorAll('path[stroke^="var(--series"], g[stroke^="var(--series"]')).toHaveLength(3);
  });

  it('numbers tables and figures without gaps', () => {
    for (const kind of ['Table', 'Figure']) {
      const numbers = [...html.matchAll(new RegExp(`<strong>${kind} (\\d+)\\.`, 'g'))].map(([, n]) => Number(n));
      expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      expect(numbers.length).toBeGreaterThan(5);
    }
  });

  it('shows names from the configuration as text only', () => {
    const page = htmlReport(withHostileNames(result));
    const { document: hostile } = parseHTML(page);
    expect(page.match(/<script.{40}/i)).toBeNull();
    expect(hostile.querySelectorAll('script')).toHaveLength(0);
    expect(textOf(hostile.querySelector('h1')!)).toBe(`${HOSTILE} ${result.name}`.replace(/\s+/g, ' '));
    expect(hostile.querySelectorAll('.panel svg')).toHaveLength(18);
  });

  it('leaves out what an experiment does not have', () => {
    const page = htmlReport(bare());
    const { document: small } = parseHTML(page);
    expect([...small.querySelectorAll('h2')].map(textOf)).toEqual([
      'Verdict',
      'Data',
      'Mean AUROC',
      'Shortcuts',
      'Findings',
      'Training',
      'Settings',
      'Checklists',
      'Methods',
      'Configuration',
    ]);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\u26a0/);
  });
});

/** One initialization, nothing estimable, no pretraining, no shortcuts. */
function bare(): ExperimentResult {
  const all = exampleResult();
  const [cell] = all.cells;
  return {
    ...all,
    description: undefined,
    datasets: all.datasets.slice(0, 1),
    initializations: all.initializations.slice(0, 1),
    cells: [
      {
        ...cell!,
        meanAuroc: null,
        meanOver: [],
        roc: [],
        learningRateSearch: undefined,
        findings: cell!.findings.map((it) => ({ ...it, auroc: null, sensitivity: null, thresholds: [] })),
        runs: cell!.runs.map((run) => ({
          ...run,
          testMeanAuroc: null,
          curve: run.curve.map((at) => ({ ...at, validationAuroc: null })),
        })),
      },
    ],
    comparisons: [],
    shortcuts: [],
    verdict: ['nothing'],
  };
}

describe('markdown report', () => {
  const markdown = markdownReport(result);

  it('has the same tables under the same numbers as the page', () => {
    const captions = [...markdown.matchAll(/^\*\*(Table \d+)\.\*\* (.+)$/gm)].map(
      ([, number, title]) => `${number}. ${title}`,
    );
    expect(captions).toEqual(
      [...document.querySelectorAll('.caption')].map((it) => textOf(it).replaceAll('<', '&lt;')),
    );
  });

  it('gives every row of a table as many cells as its header', () => {
    for (const text of [markdown, markdownReport(withHostileNames(result))]) {
      const tables = text.match(/(?:^\|.*\n)+/gm)!;
      expect(tables).toHaveLength(17);
      for (const table of tables) {
        const widths = table
          .trimEnd()
          .split('\n')
          .map((line) => line.match(/(?<!\\)\|/g)!.length);
        expect(new Set(widths).size).toBe(1);
      }
    }
  });

  it('shows names from the configuration as text only', () => {
    const [prose] = markdownReport(withHostileNames(result)).split('## Configuration');
    expect(prose).not.toMatch(/<script|(?<!\\)\[x(?!\\)\]\(/i);
    expect(prose!.match(/^# /gm)).toHaveLength(1);
  });

  it('does not let the configuration out of its code block', () => {
    const text = markdownReport({ ...result, configuration: { note: '```\n# loose\n````' } });
    expect(text).toMatch(/\n`{5}yaml\n[\s\S]*\n`{5}\n/);
  });
});

describe('writeReport', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-report-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes three files and nothing else, equal after a trip through JSON', () => {
    const paths = writeReport(folder, JSON.parse(JSON.stringify(result)));
    expect(readdirSync(folder).sort()).toEqual(['comparison.csv', 'report.html', 'report.md']);
    expect(readFileSync(paths.html, 'utf8')).toBe(html);
    expect(readFileSync(paths.markdown, 'utf8')).toBe(markdownReport(result));
    expect(readFileSync(paths.csv, 'utf8')).toBe(comparisonCsv(result));
  });

  it('refuses NaN and names its place', () => {
    const broken = exampleResult();
    broken.cells[1]!.findings[2]!.auroc!.low = Number.NaN;
    expect(() => writeReport(folder, broken)).toThrow('result.cells[1].findings[2].auroc.low: NaN cannot be stored');
  });

  it("reads a result of format 1, with one pretraining of the experiment's seed", () => {
    const { statistics, initializations, ...rest } = exampleResult();
    const first = {
      ...rest,
      format: 'hilum-experiment-result/1',
      statistics: { ...statistics, seed: 1, seedsRedrawn: true },
      initializations: initializations.map(({ pretrainings, ...start }) => {
        const [{ seed: _, ...pretraining } = { seed: 1 }] = pretrainings ?? [];
        return pretrainings ? { ...start, pretraining } : start;
      }),
    };
    const path = join(folder, 'first.json');
    writeFileSync(path, JSON.stringify(first));
    expect(readResult(path)).toEqual({ ...result, statistics: { ...result.statistics, seed: 1 } });
    rmSync(path);
  });

  it('refuses to read what is not a result', () => {
    const { csv } = writeReport(folder, result);
    expect(() => readResult(csv)).toThrow('invalid JSON');
    expect(() => readResult(join(folder, 'result.json'))).toThrow('no such file');
  });
});
