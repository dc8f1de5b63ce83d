/** `hilum probe` on drawn radiographs and pictures. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Random } from '../src/base/index.js';
import { writePhantomSet } from '../src/phantoms/index.js';
import { hilum } from './command-line.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-probe-'));
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  await writePhantomSet(at('radiographs'), { images: 120, size: 32, seed: 1 });
  await writeColours();
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  process.exitCode = undefined;
});

/** Noisy pictures of three colours, a folder for each. */
async function writeColours(): Promise<void> {
  for (const [c, name] of ['blue', 'green', 'red'].entries()) {
    mkdirSync(at('pictures', name), { recursive: true });
    for (let i = 0; i < 30; i++) {
      const random = Random.of(1, name, i);
      const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => random.integer(at % 3 === 2 - c ? 256 : 160));
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).toFile(at('pictures', name, `${i}.png`));
    }
  }
}

const network = ['--weights', 'random:tiny/8', '--size', '32', '--cache', at('cache'), '--redraws', '100'];
const radiographs = ['probe', 'chestxray14', '--root', at('radiographs'), ...network];
const pictures = ['probe', 'folder', '--root', at('pictures'), ...network];

describe('hilum probe', () => {
  it('judges weights by findings, with intervals, differences and paths; a second run reads its features', async () => {
    const args = [...radiographs, '--weights', 'random:tiny/16', '--findings', 'Cardiomegaly,Effusion,No Finding'];
    const first = await hilum(...args, '--out', at('page.html'), '--json');
    expect(first, first.err).toMatchObject({ code: 0 });
    const result = JSON.parse(first.out);
    expect(result.images.train + result.images.validate + result.images.test).toBe(120);
    const [small, large] = result.weights;
    expect([small.weights, large.weights]).toEqual(['random:tiny/8', 'random:tiny/16']);
    for (const { linear, neighbors, features } of [small, large]) {
      expect(features.cached).toBe(false);
      expect(linear.path).toHaveLength(45);
      expect(linear.c).toHaveLength(3);
      for (const { score } of [linear, neighbors]) {
        expect(score.low).toBeLessThanOrEqual(score.estimate);
        expect(score.high).toBeGreaterThanOrEqual(score.estimate);
      }
      const known = linear.findings.map((it: { estimate: number }) => it.estimate);
      expect(linear.score.estimate).toBeCloseTo((known[0] + known[1] + known[2]) / 3, 6);
    }
    const linear = result.differences.find((it: { method: string }) => it.method === 'linear');
    expect(linear).toMatchObject({ first: 'random:tiny/8', second: 'random:tiny/16' });
    expect(linear.difference.estimate).toBeCloseTo(small.linear.score.estimate - large.linear.score.estimate, 12);

    const second = JSON.parse((await hilum(...args, '--json')).out);
    expect(second.weights.map((it: { features: { cached: boolean } }) => it.features.cached)).toEqual([true, true]);
    expect(second.weights[0].linear).toEqual(small.linear);
    expect(second.weights[1].neighbors).toEqual(large.neighbors);
    const page = readFileSync(at('page.html'), 'utf8');
    expect(page).toContain('Regularization paths');
    expect(page.match(/<svg role="img"/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script|https?:/);
  });

  it('judges pictures by accuracy, better than by chance', async () => {
    const outcome = await hilum(...pictures, '--knn', '1,3', '--json');
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    const { data, weights, units, images } = JSON.parse(outcome.out);
    expect(data.kind).toBe('classes');
    expect(units).toBe(images.test);
    const [{ linear, neighbors, network: own }] = weights;
    expect(own.preprocessing).toMatchObject({ fit: 'crop', channels: 3, interpolation: 'bicubic' });
    expect(data.names).toEqual(['blue', 'green', 'red']);
    expect(linear.score.low).toBeGreaterThan(0.5);
    expect(neighbors.score.low).toBeGreaterThan(0.5);
    expect(neighbors.validation.map((it: { k: number }) => it.k)).toEqual([1, 3]);
    expect([1, 3]).toContain(neighbors.k);
  });

  it('prints tables for people', async () => {
    const { code, out, err } = await hilum(...radiographs, '--limit', '40', '--weights', 'random:tiny/16');
    expect([code, err]).toEqual([0, expect.stringContaining('linear probe of random:tiny/8')]);
    expect(out).toMatch(/chestxray14: 40 images to train, \d+ to validate, \d+ to test/);
    expect(out).toMatch(/random:tiny\/8 +0\.\d{3} \(0\.\d{3}, [01]\.\d{3}\)/);
    expect(out).toContain('Differences of mean AUROC, paired');
  });

  it('leaves out images that cannot be read', async () => {
    writeFileSync(at('pictures', 'green', '1.png'), 'broken');
    const outcome = await hilum(...pictures, '--json', '--no-cache');
    expect(JSON.parse(outcome.out).unreadable).toEqual(['green/1.png']);
    expect(outcome.err).toContain('left out: 1 image that cannot be read: green/1.png');
    expect(await hilum(...pictures, '--no-cache', '--strict')).toMatchObject({ code: 2, out: '' });
  });

  it.each([
    [['--knn', '10,500'], 'k: found 500; expected 1 to'],
    [['--knn', 'many'], 'numbers of neighbours'],
    [['--weights', 'random:tiny/8'], 'weights: found random:tiny/8 twice'],
    [['--weights', 'no such name'], 'no such name'],
    [['--layers', '13'], 'layers: found 13; expected blocks of the network, 1 to 12'],
  ])('refuses %j', async (args, message) => {
    const outcome = await hilum(...radiographs, '--limit', '30', ...args);
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err).toContain(message);
  });

  it('refuses options of radiographs for pictures', async () => {
    const outcome = await hilum(...pictures, '--findings', 'Edema');
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err).toContain('folder: findings: found Edema; expected no such option');
  });

  it('refuses an unknown data set', async () => {
    const outcome = await hilum('probe', 'chestxray15', ...radiographs.slice(2));
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.err).toContain('Did you mean "chestxray14"?');
  });
});
