/** A pass that is killed, by a signal that no process can answer, goes on where it was. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compiledUrl } from '../../base/index.js';
import { ImagePool } from '../pool/pool.js';
import { radiographPreprocessing } from '../preprocess.js';
import { ImageStore } from '../store.js';
import { type PrepareOptions, prepareCache } from './prepare.js';
import { ImageCache } from './reader.js';

const IMAGES = 1500;
const SIZES = [16, 24];
const FIXTURES = join(import.meta.dirname, '../fixtures');
const NAMES = ['detail.png', 'radiograph16.png', 'gray16.png'];

const work = mkdtempSync(join(tmpdir(), 'hilum-kill-'));
afterAll(() => rmSync(work, { recursive: true }));
const root = join(work, 'data');
mkdirSync(root);
for (const name of NAMES) copyFileSync(join(FIXTURES, name), join(root, name));

const options: PrepareOptions = {
  folder: join(work, 'cache'),
  source: { name: 'fixtures', root, options: {} },
  images: Array.from({ length: IMAGES }, (_, i) => ({ id: `image ${i}`, path: join(root, NAMES[i % NAMES.length]!) })),
  absent: [],
  settings: {
    sizes: SIZES,
    channels: 1,
    fit: 'stretch',
    bits: 8,
    intensity: { minMax: true, equalize: true },
  },
  shardBytes: 200_000,
};

/** Starts a pass in a process of its own and kills it as soon as `moment` has come; false where it came to its end. */
async function kill(moment: () => boolean): Promise<boolean> {
  const module = JSON.stringify(compiledUrl('./prepare.js', import.meta.url).href);
  const file = join(work, 'options.json');
  writeFileSync(file, JSON.stringify(options));
  const code = `
    const { readFileSync } = await import('node:fs');
    const { prepareCache } = await import(${module});
    await prepareCache(JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8')));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' });
  const ended = new Promise((end) => child.once('close', end));
  while (child.exitCode === null && child.signalCode === null) {
    if (moment() && child.kill('SIGKILL')) break;
    await new Promise((next) => setTimeout(next, 1));
  }
  await ended;
  return child.signalCode === 'SIGKILL';
}

const bytesOf = (name: string) => statSync(join(options.folder, name), { throwIfNoEntry: false })?.size ?? -1;

it('at any moment, and has the pixels of an undisturbed one', { timeout: 120_000 }, async () => {
  const moments: [string, () => boolean][] = [
    ['before the first pixel', () => bytesOf('journal.tsv') >= 0],
    ['before anything is journaled', () => bytesOf('16-000.bin') > 0],
    ['after the first entries', () => bytesOf('journal.tsv') > 0],
    ['a little later', () => bytesOf('24-002.bin') > 0],
    ['after more entries', () => bytesOf('journal.tsv') > 35_000],
    ['near the end', () => bytesOf('journal.tsv') > 70_000],
  ];
  for (const [name, moment] of moments) {
    expect(await kill(moment), name).toBe(true);
    expect(existsSync(join(options.folder, 'index.json')), name).toBe(false);
  }
  const pool = new ImagePool({ size: 2 });
  const result = await prepareCache({ ...options, pool });
  await pool.close();
  expect(result.done).toBeGreaterThan(700);
  expect(result.index.images.ready).toBe(IMAGES);
  expect(result.index.slots).toBe(IMAGES);
  const cache = ImageCache.open(options.folder);
  for (const size of SIZES) {
    const preprocessing = { ...radiographPreprocessing, size };
    const cached = cache.images(
      options.images.map(({ id }) => id),
      preprocessing,
    );
    const sources = NAMES.map((name) => ({ kind: 'file' as const, path: join(root, name) }));
    const store = new ImageStore(sources, preprocessing);
    const expected = await Promise.all(NAMES.map(async (_, i) => Buffer.from(await store.read(i))));
    for (let i = 0; i < IMAGES; i++) {
      if (Buffer.compare(await cached.read(i), expected[i % NAMES.length]!) !== 0) expect.fail(`image ${i} differs`);
    }
  }
});
