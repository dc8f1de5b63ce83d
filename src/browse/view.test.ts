import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { Random } from '../base/index.js';
import { indexRadiographs, type RadiographDataset } from '../datasets/index.js';
import {
  augmentRadiographs,
  ImageStore,
  radiographPreprocessing,
  smallDataAugmentation,
  studyAugmentation,
  toUnit,
} from '../imaging/index.js';
import { toFloat32Array } from '../torch/index.js';
import { exampleDataset, HOSTILE } from './fixtures/dataset.js';
import { augmentedVersions, describeSeen, histogramOf, seeRadiographs } from './view.js';
import { viewPage } from './view-page.js';

const preprocessing = { ...radiographPreprocessing, size: 32 };
const settings = { preprocessing, augmentation: studyAugmentation, seed: 3 };

async function pageOf(dataset: RadiographDataset, more: object = {}) {
  const seen = await seeRadiographs(dataset.radiographs, preprocessing);
  const findings = dataset.findings.map(({ name }) => name);
  const html = await viewPage(seen, { name: dataset.name, findings, ...settings, ...more });
  return { seen, findings, html, document: parseHTML(html).document };
}

async function pixelsOf(src: string): Promise<Uint8Array> {
  const bytes = Buffer.from(src.slice(src.indexOf(',') + 1), 'base64');
  return sharp(bytes).toColourspace('b-w').raw().toBuffer();
}

describe('seeRadiographs', () => {
  it('shows the very pixels that training reads, and the original over its whole gray range', async () => {
    const { radiographs } = await exampleDataset();
    const [first, second] = await seeRadiographs(radiographs, preprocessing);
    const store = new ImageStore(
      radiographs.map(({ path }) => ({ kind: 'file', path })),
      preprocessing,
    );
    if (!first || !second || 'reason' in first.seen || 'reason' in second.seen) throw new Error('unreadable');
    expect(first.seen.preprocessed.pixels).toEqual(await store.read(0));
    expect(second.seen.original).toMatchObject({
      width: 40,
      height: 30,
      bits: 16,
      range: { minimum: 0, maximum: 3920 },
    });
    const original = await pixelsOf(second.seen.original.picture.src);
    expect(Math.min(...original)).toBeLessThan(16);
    expect(Math.max(...original)).toBeGreaterThan(239);
  });

  it('keeps the place of what cannot be read', async () => {
    const dataset = await exampleDataset();
    const { seen, findings } = await pageOf(dataset);
    expect(seen.map(({ radiograph }) => radiograph.id)).toEqual(dataset.radiographs.map(({ id }) => id));
    expect(seen.map((it) => 'reason' in it.seen).lastIndexOf(false)).toBe(9);
    expect(describeSeen(seen[11]!, findings, 32)).toMatchObject({ id: 'image 11', unreadable: 'no such file' });
    expect(describeSeen(seen[1]!, findings, 32)).toMatchObject({
      ageYears: 25,
      labels: { [HOSTILE]: 1, Mass: 0 },
      original: { width: 40, height: 30, bits: 16, minimum: 0, maximum: 3920 },
      preprocessed: { width: 32, height: 32 },
    });
    expect(describeSeen(seen[8]!, findings, 32)).toMatchObject({ ageYears: null, labels: { Mass: null } });
  });
});

describe('histogramOf', () => {
  it('has 64 bins between the darkest and the lightest level', () => {
    const shares = histogramOf(Uint16Array.of(100, 100, 163, 130), { minimum: 100, maximum: 163 });
    expect([shares[0], shares[30], shares[63]]).toEqual([0.5, 0.25, 0.25]);
    expect(histogramOf(Uint8Array.of(7, 7), { minimum: 7, maximum: 7 })[0]).toBe(1);
  });
});

describe('augmentedVersions', () => {
  it('draws what training draws for the batch of this step in each epoch', async () => {
    const random = new Random(1);
    const batch = Array.from({ length: 3 }, () => Uint8Array.from({ length: 32 * 32 }, () => random.integer(256)));
    const options = { augmentation: smallDataAugmentation, size: 32, seed: 5, step: 2 };
    const versions = augmentedVersions(batch, { ...options, versions: 2 });
    const x = toUnit(Buffer.concat(batch), [3, 1, 32, 32]);
    const trained = toFloat32Array(augmentRadiographs(x, smallDataAugmentation, Random.of(5, 'augment', 1, 2)));
    expect([...versions[1]![2]!]).toEqual([...trained.subarray(2 * 32 * 32)].map((value) => Math.round(255 * value)));
    expect(versions[0]).not.toEqual(versions[1]);
    const still = { ...options, augmentation: { flip: 0, rotation: 0 } };
    expect(augmentedVersions(batch, { ...still, versions: 1 })[0]).toEqual(batch);
  });
});

describe('viewPage', () => {
  it('asks for nothing, runs nothing, escapes every name and tells no patient', async () => {
    const dataset = await exampleDataset();
    const { html, document } = await pageOf(dataset);
    expect(html).not.toMatch(/<script|onerror=y>|secret|NaN|undefined/);
    expect(html).not.toContain(dataset.root);
    expect(document.querySelectorAll('script, [onerror], link, iframe')).toHaveLength(0);
    expect(document.querySelector('h2')!.textContent).toBe(HOSTILE);
    expect([...document.querySelectorAll('.missing')].map((it) => it.textContent)).toEqual([
      expect.stringContaining('not an image'),
      expect.stringContaining('no such file'),
    ]);
    expect(document.querySelectorAll('article')).toHaveLength(12);
  });

  it('draws original, exact pixels, four augmented versions and the boxes of each radiograph', async () => {
    const { seen, document } = await pageOf(await exampleDataset());
    const article = document.querySelectorAll('article')[1]!;
    const sources = [...article.querySelectorAll('img')].map((image) => image.getAttribute('src')!);
    expect(sources).toHaveLength(6);
    if ('reason' in seen[1]!.seen) throw new Error('unreadable');
    expect([...(await pixelsOf(sources[1]!))]).toEqual([...seen[1]!.seen.preprocessed.pixels]);
    const box = article.querySelector('rect')!;
    expect(['x', 'y', 'width', 'height'].map((name) => box.getAttribute(name))).toEqual(['4', '3', '10', '9']);
    expect(box.parentElement!.getAttribute('viewBox')).toBe('0 0 40 30');
    expect(article.querySelector('.labels')!.textContent).toBe(HOSTILE);
  });

  it('draws the three channels after the mean and standard deviation of the model', async () => {
    const statistics = { mean: [0.5, 0.4, 0], std: [0.25, 0.2, 1] };
    const dataset = await exampleDataset();
    const { document } = await pageOf(
      { ...dataset, radiographs: dataset.radiographs.slice(0, 1) },
      { channels: { statistics } },
    );
    const captions = [...document.querySelectorAll('.augmented figcaption')].map((it) => it.textContent);
    expect(captions).toEqual(['\u22122.00 to 2.00', '\u22122.00 to 3.00', '0.00 to 1.00']);
    const plain = await pageOf(
      { ...dataset, radiographs: dataset.radiographs.slice(0, 1) },
      { channels: { statistics: null } },
    );
    expect(plain.html.match(/0\.00 to 1\.00/g)).toHaveLength(3);
  });

  const mini = sharedData('chestxray14-mini');
  it.skipIf(!mini)('stays small with real radiographs', async () => {
    const dataset = indexRadiographs('chestxray14', { root: mini!, seed: 0 });
    const radiographs = dataset.radiographs.slice(0, 12);
    const { html, document } = await pageOf({ ...dataset, radiographs }, {});
    expect(document.querySelectorAll('img')).toHaveLength(12 * 6);
    expect(html.length).toBeLessThan(3e6);
  });
});
