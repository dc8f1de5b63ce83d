import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { studyResult } from './fixtures/study.js';
import { htmlReport } from './index.js';
import { leader } from './select.js';

const result = studyResult();
const html = htmlReport(result);
const { document } = parseHTML(html);
const textOf = (element: { textContent: string | null }) => (element.textContent ?? '').replace(/\s+/g, ' ').trim();
const tableOf = (title: RegExp) => {
  const caption = [...document.querySelectorAll('.caption')].find((it) => title.test(textOf(it)))!;
  return document.querySelector(`table[aria-labelledby=${caption.id}]`)!;
};
const cellsOf = (table: ReturnType<typeof tableOf>) =>
  [...table.querySelectorAll('tbody tr')].map((row) => [...row.querySelectorAll('th, td')].map(textOf));

describe('the report of a study of six data sets', () => {
  it('stays small, with nothing undefined', () => {
    expect(html.length).toBeLessThan(4e6);
    expect(html).not.toMatch(/NaN|undefined|Infinity|\u26a0|\[object/);
  });

  it('begins with a table of contents, whose links all lead somewhere', () => {
    const links = [...document.querySelectorAll('header + nav a')].map((it) => it.getAttribute('href')!.slice(1));
    expect(links).toEqual([...document.querySelectorAll('main > section')].map(({ id }) => id));
    expect(links).toEqual(expect.arrayContaining(['verdict', 'matrix', 'external', 'methods']));
  });

  it('folds long tables, and those alone; each keeps its number and title in sight', () => {
    for (const table of document.querySelectorAll('table')) {
      const rows = table.querySelectorAll('tbody tr:not(:has(.group))').length;
      const folded = table.closest('details.folded');
      expect(folded !== null, textOf(table).slice(0, 60)).toBe(rows > 100);
      expect(folded?.hasAttribute('open') ?? false).toBe(false);
      if (folded) expect(textOf(folded.querySelector('summary')!)).toMatch(/^Table \d+\. .* \d+ rows$/);
    }
    expect(document.querySelectorAll('details.folded').length).toBeGreaterThan(5);
  });

  it('gives every figure a number, a caption and what its axes are', () => {
    for (const figure of document.querySelectorAll('figure')) {
      expect(textOf(figure.querySelector('figcaption')!)).toMatch(/^Figure \d+\. \S.*\.$/);
    }
    for (const svg of document.querySelectorAll('#matrix svg.plot')) {
      const texts = [...svg.querySelectorAll('text')].map(textOf);
      expect(texts).toContain('Mean test AUROC');
      expect(texts).toContain(
        texts.includes('10 %') ? 'Share of the training patients with labels' : 'Image size in pixels',
      );
    }
    const heat = [...document.querySelector('#external svg.plot')!.querySelectorAll('text')].map(textOf);
    expect(heat).toEqual(expect.arrayContaining(['Trained on', 'Tested on']));
  });

  it('frames where a model is tested on its own data set', () => {
    const [first] = document.querySelectorAll('#external svg.plot');
    expect(first!.querySelectorAll('g[stroke="currentColor"] rect')).toHaveLength(6);
    expect(first!.querySelectorAll('g[fill="var(--series-0)"] rect')).toHaveLength(36);
  });

  it('counts leads and significant leads in every setting', () => {
    const rows = cellsOf(tableOf(/Leads in each setting/));
    const { settings } = result.matrix!;
    expect(rows).toHaveLength(settings.length);
    for (const [i, setting] of settings.entries()) {
      const leads = result.datasets.map(({ name }) => leader(setting, name, result)!);
      expect(rows[i]).toEqual([
        setting.name,
        ...result.initializations.map(({ name }) => {
          const own = leads.filter(({ initialization }) => initialization === name);
          return `${own.length} (${own.filter(({ clear }) => clear).length})`;
        }),
      ]);
    }
  });

  it('has one row per data set, as a first table of a paper has', () => {
    const [first] = cellsOf(tableOf(/^Table 1\. Data sets/));
    const { train, test } = result.datasets[0]!.splits;
    const count = (value: number) => value.toLocaleString('en-US');
    expect(first!.slice(0, 2)).toEqual(['VinDr-CXR', `${count(train.images)} ${count(train.patients)} patients`]);
    expect(first!.slice(3)).toEqual([
      `${count(test.images)} ${count(test.patients)} patients`,
      '49',
      '44.0 %',
      'AP 58.0 %, PA 42.0 %',
      '12',
    ]);
  });

  it('says once over which findings means are, for all that share them', () => {
    const notes = [...document.querySelectorAll('#external .notes li')].map(textOf);
    expect(notes.filter((note) => note.includes('mean over'))).toEqual([
      expect.stringMatching(
        /^VinDr-CXR on ChestX-ray14; .*; UKA-CXR on VinDr-CXR: mean over 12 findings \(Atelectasis, /,
      ),
      expect.stringMatching(/^All others: mean over 14 findings \(/),
    ]);
    expect(textOf(document.querySelector('#mean')!)).toMatch(
      /VinDr-CXR: mean over 12 of 12 findings .*All others: mean over 14 of 14/,
    );
  });

  it('names the correction and its family wherever p is corrected', () => {
    for (const table of document.querySelectorAll('table')) {
      const corrected = [...table.querySelectorAll('thead th')].some((it) => textOf(it) === 'p, corrected');
      const notes = table.closest('.scroll')!.nextElementSibling;
      if (corrected)
        expect(textOf(notes!), textOf(table).slice(0, 80)).toMatch(
          /Benjamini-Hochberg \(false discovery rate\), over /,
        );
    }
  });
});
