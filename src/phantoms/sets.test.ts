import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError, readJson } from '../base/index.js';
import { type PhantomRecord, writePhantomSet } from './phantom-set.js';
import { writePictureSet } from './picture-set.js';
import { textureNames } from './textures.js';

const root = mkdtempSync(join(tmpdir(), 'hilum-phantoms-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .sort(byPath)) {
    hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
  }
  return hash.digest('hex');
}

function byPath(a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number {
  return join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;
}

describe('writePhantomSet', () => {
  const options = { images: 60, size: 32, seed: 5 };

  it('writes the published layout, split by patient, the same bytes each time', async () => {
    const folder = join(root, 'a');
    const progress: number[] = [];
    await writePhantomSet(folder, { ...options, onProgress: (done) => progress.push(done) });
    expect(progress).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));

    const table = readFileSync(join(folder, 'Data_Entry_2017_v2020.csv'), 'utf8');
    expect(table.split('\n')[0]).toBe(
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]',
    );
    const rows = parse(table, { columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(60);
    expect(readdirSync(join(folder, 'images')).sort()).toEqual(rows.map((row) => row['Image Index']).sort());
    const lists = ['train_val_list.txt', 'test_list.txt'].map((name) =>
      readFileSync(join(folder, name), 'utf8').trim().split('\n'),
    );
    const [trainVal, test] = lists as [string[], string[]];
    expect([...trainVal, ...test].sort()).toEqual(rows.map((row) => row['Image Index']!).sort());
    const patients = (names: string[]) => new Set(names.map((name) => name.slice(0, 8)));
    for (const patient of patients(test)) expect(patients(trainVal)).not.toContain(patient);
    expect(patients(test).size / (patients(test).size + patients(trainVal).size)).toBeCloseTo(0.3, 1);
    expect(patients([...trainVal, ...test]).size).toBeLessThan(60);

    const { images } = readJson<{ images: PhantomRecord[] }>(join(folder, 'phantoms.json'));
    for (const [i, row] of rows.entries()) {
      const { image, labels, phantom } = images[i]!;
      expect(row['Image Index']).toBe(image);
      expect(row['Finding Labels']).toBe(labels.join('|') || 'No Finding');
      expect(labels.includes('Cardiomegaly')).toBe(phantom.findings.cardiothoracicRatio > 0.5);
      expect(row['View Position']).toBe(phantom.acquisition.view);
      expect(Number(row['Patient ID'])).toBe(Number(image.slice(0, 8)));
    }
    const { width, height, channels, depth, format } = await sharp(join(folder, 'images', images[0]!.image)).metadata();
    expect({ width, height, channels, depth, format }).toEqual({
      width: 32,
      height: 32,
      channels: 1,
      depth: 'uchar',
      format: 'png',
    });

    await writePhantomSet(join(root, 'b'), options);
    await writePhantomSet(join(root, 'c'), { ...options, seed: 6 });
    expect(hashOf(join(root, 'b'))).toBe(hashOf(folder));
    expect(hashOf(join(root, 'c'))).not.toBe(hashOf(folder));
  });

  it('refuses impossible options', async () => {
    await expect(writePhantomSet(root, { ...options, images: 0 })).rejects.toThrow(
      /images: found 0; expected a whole number/,
    );
    await expect(writePhantomSet(root, { ...options, size: 8 })).rejects.toThrow(InputError);
  });
});

describe('writePictureSet', () => {
  const options = { images: 30, size: 32, seed: 1 };

  it('writes colour pictures into one folder per class, the same bytes each time', async () => {
    const folder = join(root, 'pictures');
    const paths = await writePictureSet(folder, options);
    expect(readdirSync(folder).sort()).toEqual([...textureNames].sort());
    expect(new Set(paths).size).toBe(30);
    for (const name of textureNames) expect(readdirSync(join(folder, name))).toHaveLength(3);
    for (const path of paths) {
      const { channels } = await sharp(join(folder, path)).metadata();
      expect(channels).toBe(3);
      const { channels: statistics } = await sharp(join(folder, path)).stats();
      expect(Math.max(...statistics.map(({ stdev }) => stdev))).toBeGreaterThan(2);
    }
    await writePictureSet(join(root, 'again'), options);
    expect(hashOf(join(root, 'again'))).toBe(hashOf(folder));
  });
});
