import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { datasetStatistics } from '../datasets/index.js';
import { drawContactSheet } from './contact-sheet.js';
import { exampleDataset, HOSTILE } from './fixtures/dataset.js';
import { statisticsPage } from './statistics-page.js';

describe('drawContactSheet', () => {
  it('shows each radiograph once, keeps the place of what cannot be read, and counts sizes and bits', async () => {
    const dataset = await exampleDataset();
    const { groups, leftOut, sample } = await drawContactSheet(dataset, { seed: 0 });
    const shots = groups.flatMap((group) => group.shots);
    expect(new Set(shots.map(({ radiograph }) => radiograph.id)).size).toBe(shots.length);
    expect(shots).toHaveLength(12);
    expect(leftOut).toBe(0);
    expect(sample.formats).toEqual([
      { width: 40, height: 30, bits: 8, images: 5 },
      { width: 40, height: 30, bits: 16, images: 5 },
    ]);
    expect(sample.unreadable.map(({ id }) => id).sort()).toEqual(['image 10', 'image 11']);
    for (const { radiograph, picture } of shots) {
      const readable = !['image 10', 'image 11'].includes(radiograph.id);
      expect(picture).toHaveProperty(readable ? 'src' : 'reason');
    }
  });

  it('leaves pictures out where they would be too large together, the first of a finding last', async () => {
    const dataset = await exampleDataset();
    const all = await drawContactSheet(dataset, { seed: 0 });
    const lengths = all.groups.flatMap(({ shots }) =>
      shots.map(({ picture }) => ('src' in picture ? picture.src.length : 0)),
    );
    const few = await drawContactSheet(dataset, { seed: 0, limit: 3 * Math.max(...lengths) });
    expect(few.leftOut).toBeGreaterThan(3);
    expect(few.groups.every(({ shots }) => shots.length > 0)).toBe(true);
  });

  it('draws 144 pixels of the preprocessed radiograph', async () => {
    const { groups } = await drawContactSheet(await exampleDataset(), { seed: 0, perFinding: 1 });
    const picture = groups.flatMap(({ shots }) => shots).find((shot) => 'src' in shot.picture)!.picture;
    const bytes = Buffer.from((picture as { src: string }).src.replace('data:image/webp;base64,', ''), 'base64');
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 144, height: 144 });
  });
});

describe('statisticsPage', () => {
  it('asks for nothing, runs nothing, escapes every name and tells no patient', async () => {
    const dataset = await exampleDataset();
    const html = statisticsPage(datasetStatistics(dataset), await drawContactSheet(dataset, { seed: 0 }));
    expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    expect(html).not.toMatch(/<script|onerror=y>|secret/);
    expect(html).not.toContain(dataset.root);
    const { document } = parseHTML(html);
    expect(document.querySelectorAll('script, [onerror], link, iframe')).toHaveLength(0);
    expect(document.querySelector('h1')!.textContent).toBe(HOSTILE);
    const sources = [...document.querySelectorAll('img')].map((image) => image.getAttribute('src')!);
    expect(sources).toHaveLength(10);
    expect(sources.every((src) => /^data:image\/webp;base64,[\w+/=]+$/.test(src))).toBe(true);
    expect([...document.querySelectorAll('.missing')]).toHaveLength(2);
    for (const link of document.querySelectorAll('nav a')) {
      expect(document.querySelector(link.getAttribute('href')!)).not.toBeNull();
    }
  });

  it('shows the counts of every split, and does without what is not known', async () => {
    const dataset = await exampleDataset();
    const rowsOf = (html: string) =>
      [...parseHTML(html).document.querySelectorAll('#counts tr')].map((row) =>
        [...row.querySelectorAll('th, td')].map((it) => it.textContent),
      );
    const rows = rowsOf(statisticsPage(datasetStatistics(dataset)));
    expect(rows).toContainEqual(['Radiographs', '6', '2', '4', '12']);
    expect(rows).toContainEqual([
      'Mass',
      '2 (50.0 %, 2 unknown)',
      '1 (50.0 %)',
      '1 (50.0 %, 2 unknown)',
      '4 (50.0 %, 4 unknown)',
    ]);
    const empty = { ...dataset, radiographs: [] };
    const page = statisticsPage(datasetStatistics(empty), await drawContactSheet(empty, { seed: 0 }));
    expect(rowsOf(page)).toContainEqual(['Radiographs', '0', '0', '0', '0']);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});
