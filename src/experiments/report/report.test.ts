import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import { OPERATING_METRICS } from '../../evaluation/index.js';
import { type ExperimentResult, readResult } from '../result/index.js';
import { HOSTILE, withHostileNames } from './fixtures/hostile.js';
import { exampleResult } from './fixtures/result.js';
import { comparisonCsv, htmlReport, markdownReport, writeReport } from './index.js';
import { methods } from './methods.js';

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

describe('methods', () => {
  it('name the network once where it is the same, and at each start where they differ', () => {
    expect(methods(result)[0]).toMatch(
      /^The same network \(vision transformer, .*\) was initialized in 3 ways: random \(/,
    );
    const mixed = structuredClone(result);
    mixed.initializations[0]!.network = 'ResNet-D, 3 + 4 + 6 + 3 bottleneck blocks';
    expect(methods(mixed)[0]).toMatch(
      /^3 starts of different networks were compared: random \(.*; ResNet-D, 3 \+ 4 \+ 6/,
    );
  });

  it.each<[string, object, RegExp]>([
    ['a frozen network', { freeze: 'backbone' }, /The network was frozen; the head alone was trained\. The weights/],
    [
      'frozen blocks and rates by layer',
      { freeze: 2, layerDecay: 0.75, dropPath: 0.1 },
      /The embedding and the first 2 blocks were frozen\. Each layer learned at 0\.75 times .* up to 0\.1\. The weights/,
    ],
    [
      'adapters',
      { freeze: 1, lora: { rank: 8, alpha: 16, targets: ['qkv', 'proj'] } },
      /adapters \(rank 8, alpha 16, beside qkv and proj\) and the head .* The embedding and the first block had no adapters\./,
    ],
  ])('say of what trained: %s', (_, finetuning, words) => {
    expect(methods({ ...result, configuration: { finetuning } })[1]).toMatch(words);
  });

  it.each<[string, object, RegExp]>([
    [
      'all epochs',
      { batchSize: 32, epochs: 30 },
      /for 30 epochs\. .* epoch with the lowest validation loss were tested/,
    ],
    [
      'patience',
      { batchSize: 32, epochs: 30, patience: 5 },
      /for at most 30 epochs, or until 5 epochs in a row were no/,
    ],
    ['what selects', { select: 'auroc' }, /epoch with the highest mean validation AUROC were tested/],
    ['a share of the labels', { labelFraction: 0.1 }, /The labels of 10 % of the training patients were used/],
    ['larger steps', { batchSize: 32, accumulate: 4, epochs: 2 }, /steps of 4 times 32 images/],
    ['averaged weights', { ema: 0.999 }, /exponential moving average, decay up to 0\.999/],
    ['mirror images', { testFlip: true }, /mean logit of each image and its mirror image/],
    ['clipping', { clip: 1 }, /clipped to a norm of 1\./],
    ['mixup', { mixup: 0.4 }, /mixup, alpha 0\.4/],
    ['sampling', { sampling: 'square-root' }, /drawn with replacement, with .* \(square root\)/],
    [
      'smoothing',
      { loss: { type: 'cross-entropy', posWeight: false, smoothing: 0.1 } },
      /without weights .* smoothed by 0\.1/,
    ],
    ['the focal loss', { loss: { type: 'focal', gamma: 2, alpha: null } }, /focal \(gamma 2, no alpha\)/],
    [
      'the asymmetric loss',
      { loss: { type: 'asymmetric', gammaNegative: 4, gammaPositive: 1, clip: 0.05 } },
      /gamma 1 for .* and 4 for .* at 0\.05/,
    ],
  ])('say how it trained: %s', (_, finetuning, words) => {
    expect(methods({ ...result, configuration: { finetuning } })[1]).toMatch(words);
  });

  it('say nothing of how it trained that the configuration does not say', () => {
    expect(methods({ ...result, configuration: {} })[1]).not.toMatch(
      /at most|mean validation AUROC|% of|AdamW|moving average|mirror image|clipped|mixup|replacement|The loss was/,
    );
  });

  it.each<[string, Partial<ExperimentResult['statistics']>, RegExp, RegExp]>([
    ['percentile', {}, /the 95 % percentile intervals of/, /BCa|apart/],
    [
      'BCa',
      { interval: 'bca' },
      /the 95 % intervals of .* accelerated \(BCa\), all others percentile/,
      /95 % percentile/,
    ],
    ['another level', { confidence: 0.99 }, /the 99 % percentile/, /95 %/],
    ['strata', { stratified: true }, /patients with and without a positive finding redrawn apart/, /images with/],
    ['images', { unit: 'image', stratified: true }, /by image .* images with and without/, /by patient/],
    ['a correction', { correction: 'holm' }, /corrected by Holm/, /not corrected|Benjamini/],
    ['no correction', { correction: 'none' }, /so never 0, not corrected for the number/, /corrected by/],
    [
      'the threshold',
      { threshold: 'the largest F1 on the validation split' },
      /finding and run: the largest F1/,
      /Youden/,
    ],
  ])('say how it was tested: %s', (_, statistics, words, absent) => {
    const text = methods({ ...result, statistics: { ...result.statistics, ...statistics } })[2];
    expect(text).toMatch(words);
    expect(text).not.toMatch(absent);
  });

  it('say nothing of what trained where everything did', () => {
    const finetuning = { lora: null, freeze: 0, layerDecay: 1, dropPath: 0 };
    expect(methods({ ...result, configuration: { finetuning } })).toEqual(methods(result));
    expect(methods(result)[1]).not.toMatch(/frozen|adapters|the one after|dropped/);
  });
});

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

describe('comparison.csv', () => {
  const read = (text: string) => parse(text, { columns: true }) as Record<string, string>[];

  it('holds every number with full precision', () => {
    const rows = read(comparisonCsv(result));
    const find = (wanted: Record<string, string>) =>
      rows.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
    for (const { dataset, initialization, meanAuroc, findings } of result.cells) {
      const of = { dataset, kind: 'model', name: initialization };
      const [mean, ...more] = find({ ...of, finding: '' });
      expect(more).toEqual([]);
      expect([mean!.estimate, mean!.low, mean!.high].map(Number)).toEqual([
        meanAuroc!.estimate,
        meanAuroc!.low,
        meanAuroc!.high,
      ]);
      const [f1] = find({ ...of, finding: 'Effusion', metric: 'f1' });
      expect(Number(f1!.estimate)).toBe(findings.find(({ finding }) => finding === 'Effusion')!.f1!.estimate);
    }
    for (const { dataset, first, second, mean } of result.comparisons) {
      const [row] = find({ dataset, kind: 'difference', name: first, comparedWith: second, finding: '' });
      expect([row!.estimate, row!.p, row!.pAdjusted, row!.pGreater].map(Number)).toEqual([
        mean.difference!.estimate,
        mean.p,
        mean.pAdjusted,
        mean.pGreater,
      ]);
    }
    expect(find({ kind: 'shortcut', finding: '' })).toHaveLength(10);
  });

  it('leaves the cells of what is not estimable empty and says why', () => {
    const rows = read(comparisonCsv(result)).filter((row) => row.finding === 'Hernia' && row.kind === 'model');
    expect(rows).toHaveLength(6 * (1 + OPERATING_METRICS.length));
    for (const row of rows) {
      expect([row.estimate, row.low, row.high]).toEqual(['', '', '']);
      expect(row.note).toBe('no positive in the test split');
    }
  });

  it('leaves out metrics that an older result does not have', () => {
    const older = structuredClone(result);
    for (const item of older.cells.flatMap(({ findings }) => findings)) {
      delete item.balancedAccuracy;
      delete item.mcc;
    }
    expect(markdownReport(result)).toContain('| MCC |');
    expect(markdownReport(older)).not.toContain('MCC');
    expect(new Set(read(comparisonCsv(older)).map(({ metric }) => metric))).not.toContain('mcc');
  });

  it('quotes what must be quoted', () => {
    const text = comparisonCsv(withHostileNames(result));
    const rows = read(text);
    expect(rows).toHaveLength(read(comparisonCsv(result)).length);
    expect(rows[0]!.dataset).toBe(`${HOSTILE} chestxray14-mini`);
    expect(text.endsWith('\r\n')).toBe(true);
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
