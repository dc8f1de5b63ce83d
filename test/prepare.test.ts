/** A cache of preprocessed images, from the command line to a training that reads it. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ImageCache } from '../src/imaging/index.js';
import { hilum } from './command-line.js';
import {
  type Document,
  experiment,
  fingerprints,
  numbersOf,
  type Outcome,
  phantoms,
  random,
  ssl,
  start,
  supervised,
  Workbench,
} from './tiny-experiment.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const bench = new Workbench(hilum);
beforeAll(() => bench.draw());
afterAll(() => bench.remove());

const radiographs = () => bench.path('radiographs');
const arguments_ = (out: string, ...more: string[]) => {
  return ['data', 'prepare', 'chestxray14', '--root', radiographs(), '--size', '32', '--out', bench.path(out), ...more];
};
const prepare = (out: string, ...more: string[]) => hilum(...arguments_(out, ...more));

/** What a cache holds of each image. */
async function pixelsOf(out: string): Promise<Record<string, string>> {
  const cache = ImageCache.open(bench.path(out));
  const { sizes, channels, fit, intensity } = cache.index.settings;
  const ids = readdirSync(join(radiographs(), 'images'));
  const held: Record<string, string> = {};
  for (const size of sizes) {
    const reader = cache.images(ids, { size, channels, fit, ...(intensity ?? { minMax: true, equalize: true }) });
    for (const [i, id] of ids.entries()) held[`${size} ${id}`] = Buffer.from(await reader.read(i)).toString('base64');
  }
  return held;
}

describe('hilum data prepare', () => {
  it('prints what it made, and one document with --json', async () => {
    const first = await prepare('plain');
    expect(first, first.err).toMatchObject({ code: 0 });
    expect(first.out).toMatch(/plain: 60 images of chestxray14, 32 px, 8 bits, min-max, equalized, stretch\n.*cache: /);
    const again = await prepare('plain', '--json');
    expect(again.err).toMatch(/60 images of 60 are there already/);
    expect(JSON.parse(again.out)).toMatchObject({
      source: { name: 'chestxray14', root: radiographs() },
      images: { ready: 60, unreadable: 0, absent: 0 },
      total: 60,
      done: 60,
      prepared: 0,
      bytes: 60 * 1024,
    });
  });

  it('says that other settings begin anew, and refuses those that contradict each other', async () => {
    await prepare('again');
    const other = await prepare('again', '--bits', '16');
    expect(other.err).toMatch(
      /prepared before as 32 px, 8 bits, min-max, equalized, stretch; now 32 px, 16 bits, stretch: every image is prepared again/,
    );
    expect(await prepare('again', '--bits', '16', '--no-equalize')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--bits 16 with --no-equalize: found'),
    });
    expect(await prepare('again', '--size', '32,big')).toMatchObject({ code: 2 });
  });

  it('lists images that cannot be read, and stops at one with --strict', async () => {
    const path = join(radiographs(), 'images', readdirSync(join(radiographs(), 'images'))[7]!);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, 100));
    try {
      const listing = await prepare('broken', '--json');
      expect(listing).toMatchObject({ code: 0, err: expect.stringMatching(/warning: 1 image cannot be read/) });
      expect(JSON.parse(listing.out)).toMatchObject({ images: { ready: 59, unreadable: 1 } });
      expect(await prepare('strict', '--strict')).toMatchObject({ code: 2, err: expect.stringContaining(path) });
    } finally {
      writeFileSync(path, bytes);
    }
    const repaired = await prepare('broken', '--json');
    expect(JSON.parse(repaired.out)).toMatchObject({ done: 59, prepared: 1, images: { ready: 60, unreadable: 0 } });
    expect(await pixelsOf('broken')).toEqual(await pixelsOf('plain'));
  });

  it('writes what is done on Ctrl-C, and ends with 130', async () => {
    const { child, outcome } = start(...arguments_('interrupted', '--size', '1024'));
    while (child.exitCode === null && !existsSync(join(bench.path('interrupted'), '1024-000.bin'))) {
      await new Promise((next) => setTimeout(next, 5));
    }
    child.kill('SIGINT');
    const stopped = await outcome;
    expect(stopped).toMatchObject({ code: 130, out: '', err: expect.stringContaining('run the same command again') });
    const last = await prepare('interrupted', '--size', '1024', '--json');
    const { done, prepared } = JSON.parse(last.out);
    expect(done + prepared).toBe(60);
    expect(done).toBeGreaterThan(0);
    rmSync(bench.path('interrupted'), { recursive: true });
  });
});

describe('an experiment with a cache', () => {
  const starts = [
    random,
    { ...ssl, pictures: undefined, radiographs: { ...phantoms, name: undefined } },
    { ...supervised, pictures: undefined, radiographs: { ...phantoms, name: undefined } },
  ];

  function document(cache?: string): Document {
    const made = experiment(structuredClone(starts), (it) => {
      it.datasets[0].cache = cache;
      for (const { radiographs } of it.initializations.slice(1)) radiographs.cache = cache;
      it.initializations[1].training.epochs = 1;
    });
    return JSON.parse(JSON.stringify(made));
  }

  /** What an experiment found, without what differs by promise: the configuration, and notes on where images came from. */
  function found(out: string): Document {
    const { configuration: _, datasets, ...rest } = numbersOf(bench.path(out));
    return { ...rest, datasets: datasets.map(({ notes: _, ...dataset }: Document) => dataset) };
  }

  const expectDone = (outcome: Outcome) => expect(outcome, outcome.err).toMatchObject({ code: 0 });

  it.each([
    ['8 bits', []],
    ['16 bits', ['--bits', '16']],
  ])('of %s has the same bits as without it, also where the images are gone', async (name, more) => {
    if (!existsSync(bench.path('without'))) expectDone(await bench.run(document(), 'without'));
    expectDone(await prepare(`cache ${name}`, '--size', '32,43', ...more)); // 43 is what SimCLR crops 32 from
    const images = join(radiographs(), 'images');
    renameSync(images, `${images} away`);
    try {
      expectDone(await bench.run(document(`cache ${name}`), `with ${name}`));
    } finally {
      renameSync(`${images} away`, images);
    }
    expect(fingerprints(bench.path(`with ${name}`))).toEqual(fingerprints(bench.path('without')));
    expect(found(`with ${name}`)).toEqual(found('without'));
  });

  const refused = async (cache: string, change: (it: Document) => void = () => {}) => {
    const made = document(cache);
    change(made);
    const { code, err } = await bench.run(made, 'refused');
    expect(code).toBe(2);
    return err;
  };

  it('that does not serve it says what to type', async () => {
    const command = `hilum data prepare chestxray14 --root ${radiographs()}`;
    const out = bench.path('plain');
    await prepare('plain');
    expect(await refused('nowhere')).toContain(
      `cache ${bench.path('nowhere')}: found no finished cache; expected one. Prepare it: ${command} --size 32 --out`,
    );
    const larger = await refused('plain', (it) => {
      it.model.imageSize = 48;
    });
    expect(larger).toContain(`found 32 px, 8 bits`);
    expect(larger).toContain(`${command} --size 32,48 --out ${out}`);
    const photographs = await refused('plain', (it) => {
      it.initializations[1].pictures = ssl.pictures;
    });
    expect(photographs).toContain("initialization 'ssl': radiographs.cache: found plain; expected no cache beside");
  });

  it('is refused where an image has changed or is missing in it', async () => {
    const images = readdirSync(join(radiographs(), 'images'));
    const path = join(radiographs(), 'images', images[3]!);
    utimesSync(path, 1e9, 1e9);
    await prepare('stale');
    utimesSync(path, 1e9, 1e9 + 1);
    expect(await refused('stale')).toContain(`found 1 images whose files have changed since (${images[3]})`);
    utimesSync(path, 1e9, 1e9);

    const table = join(radiographs(), 'Data_Entry_2017_v2020.csv');
    const [full, list] = [readFileSync(table, 'utf8'), join(radiographs(), 'train_val_list.txt')];
    const listed = readFileSync(list, 'utf8');
    const row = full.trim().split('\n').at(-1)!;
    writeFileSync(table, `${full.trim()}\n${row.replace(/^[^,]*/, 'new_000.png')}\n`);
    writeFileSync(list, `${listed}new_000.png\n`);
    try {
      expect(await refused('stale')).toContain('found 1 images that are not in the cache (new_000.png)');
    } finally {
      writeFileSync(table, full);
      writeFileSync(list, listed);
    }
  });
});
