import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../../test/shared-data.js';
import { decode } from '../../imaging/index.js';
import { grayPng, makeFolder } from '../fixtures/make-folder.js';
import { makeTar } from '../fixtures/make-tar.js';
import { openPictures } from '../registry.js';
import { readIndex } from './index-file.js';
import { openPictureSource, type PictureSourceOptions } from './open-source.js';
import { SourceIndex } from './source-index.js';

const png = await grayPng();
const idsOf = (list: Awaited<ReturnType<typeof openPictureSource>>) =>
  Array.from({ length: list.length }, (_, i) => list.id(i));

/** Times of change some while ago, as those of files tend to be. */
function settle(root: string, at = Date.now() / 1000 - 100): void {
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    utimesSync(join(entry.parentPath, entry.name), at, at);
  }
  utimesSync(root, at, at);
}

/** A source with an index of its own, and how many units were looked at when it was opened last. */
function kept(source: string, more: Partial<PictureSourceOptions> = {}) {
  const indexFolder = makeFolder({});
  const open = (options: Partial<PictureSourceOptions> = {}) =>
    openPictureSource({ source, indexFolder, ...more, ...options });
  const path = () => join(indexFolder, readdirSync(indexFolder).find((name) => name.endsWith('.index'))!);
  const checked = () => {
    const index = readIndex(path()) as SourceIndex;
    return Object.fromEntries(
      Array.from(index.columns.units.checked, (time, unit) => [index.columns.units.names.at(unit), time]),
    );
  };
  return { open, path, checked, indexFolder };
}

describe('a folder as a source', () => {
  const files = {
    'b.jpg': png,
    'dog/2.png': png,
    'dog/1.JPEG': png,
    'cat/deep/3.png': png,
    'notes.txt': '',
    '.x.png': png,
    IM0001: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(50)]),
    '1.2.840.113': Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(50)]),
    DICOMDIR: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(50)]),
    README: 'text',
  };

  it('holds the pictures below it, each folder once, and what may be DICOM without an ending', async () => {
    const root = makeFolder(files);
    symlinkSync(root, join(root, 'cat', 'loop'));
    symlinkSync('self.png', join(root, 'self.png'));
    symlinkSync(join(root, 'b.jpg'), join(root, 'linked.png'));
    const list = await openPictureSource({ source: root, indexFolder: null });
    const ids = ['1.2.840.113', 'IM0001', 'b.jpg', 'linked.png', 'cat/deep/3.png', 'dog/1.JPEG', 'dog/2.png'];
    expect(idsOf(list)).toEqual(ids);
    expect(list.at(4)).toEqual({ kind: 'file', path: join(root, 'cat/deep/3.png') });
    expect([list.at(7), list.at(-1), list.name]).toEqual([undefined, undefined, basename(root)]);
    expect(list.notes).toEqual([
      '1 links lead nowhere: self.png',
      '3 files are no images by their names and are left out: DICOMDIR, README, notes.txt',
    ]);
  });

  it('has the classes and labels that openPictures gives', async () => {
    const table = 'file,label\na/1.png,10\nb/2.png,9\n3.png,10\ngone.png,9\n';
    const pictures = { 'a/1.png': png, 'b/2.png': png, '3.png': png, '4.png': png };
    for (const root of [makeFolder({ ...pictures, 'labels.csv': table }), makeFolder(pictures)]) {
      const set = openPictures('folder', { root, labels: true });
      const list = await openPictureSource({ source: root, labels: true, indexFolder: null });
      expect(list.classes).toEqual(set.classes);
      const labels = Object.fromEntries(idsOf(list).map((id, i) => [id, list.label(i)]));
      expect(labels).toEqual(Object.fromEntries(set.pictures.map(({ id, label }) => [id, label])));
    }
    await expect(
      openPictureSource({ source: makeFolder({ '1.png': png }), labels: true, indexFolder: null }),
    ).rejects.toThrow('neither labels.csv nor class folders');
  });

  it.skipIf(process.getuid?.() === 0)('names a folder that cannot be read', async () => {
    const root = makeFolder({ 'a/1.png': png, 'b/2.png': png });
    chmodSync(join(root, 'b'), 0);
    const list = await openPictureSource({ source: root, indexFolder: null });
    chmodSync(join(root, 'b'), 0o755);
    expect(idsOf(list)).toEqual(['a/1.png']);
    expect(list.notes).toEqual(['1 folders cannot be read and are left out: b']);
  });

  it('is refused where it is absent, empty, or several things', async () => {
    const open = (source: string) => openPictureSource({ source, indexFolder: null });
    const root = makeFolder({ 'a.txt': '', 'b/1.png': png, 'c/x.tar': makeTar([{ name: 'y.png', content: png }]) });
    await expect(open(join(root, 'gone'))).rejects.toThrow('no such file or folder');
    await expect(open(makeFolder({ 'a.txt': '' }))).rejects.toThrow('neither pictures nor shards');
    await expect(open(join(root, 'a.txt'))).rejects.toThrow('a.txt; expected a folder, .tar or .parquet');
    await expect(open(join(root, 'b/1.png'))).rejects.toThrow('A picture is not a source');
    await expect(open(root)).rejects.toThrow(/1\.png and .*x\.tar; .* Say which kind is meant/);
    await expect(openPictureSource({ source: root, kind: 'parquet', indexFolder: null })).rejects.toThrow('no picture');
    expect(idsOf(await openPictureSource({ source: root, kind: 'tar', indexFolder: null }))).toEqual(['c/x.tar/y.png']);
  });

  it.skipIf(!sharedData('natural/cifar10'))('may be CIFAR-10', async () => {
    const root = sharedData('natural/cifar10')!;
    const list = await openPictureSource({ source: root, labels: true, limit: 100 });
    const { pictures, classes } = openPictures('cifar10', { root, labels: true, limit: 100 });
    expect(list.classes).toEqual(classes);
    expect(idsOf(list)).toEqual(pictures.map(({ id }) => id));
    expect(await decode(list.at(99)!)).toEqual(await decode(pictures[99]!.source));
  });
});

describe('the index that is kept', () => {
  it('is made once, and brought up to date by what has changed alone', async () => {
    const root = makeFolder({ 'a/1.png': png, 'a/sub/2.png': png, 'b/3.png': png });
    settle(root);
    const { open, checked, path } = kept(root);
    expect(idsOf(await open())).toEqual(['a/1.png', 'a/sub/2.png', 'b/3.png']);
    const [first, written] = [checked(), statSync(path()).mtimeMs];
    expect(idsOf(await open())).toHaveLength(3);
    expect(statSync(path()).mtimeMs).toBe(written);
    writeFileSync(join(root, 'a/sub/0.png'), png);
    mkdirSync(join(root, 'b/new'));
    writeFileSync(join(root, 'b/new/4.png'), png);
    rmSync(join(root, 'b/3.png'));
    const list = await open();
    expect(idsOf(list)).toEqual(['a/1.png', 'a/sub/0.png', 'a/sub/2.png', 'b/new/4.png']);
    const second = checked();
    const looked = Object.keys(second).filter((unit) => second[unit] !== first[unit]);
    expect(looked).toEqual(['a/sub', 'b', 'b/new']);
    const afresh = await openPictureSource({ source: root, indexFolder: null });
    expect(list.fingerprint()).toBe(afresh.fingerprint());
    expect(idsOf(afresh).map((_, i) => afresh.stamp(i))).toEqual(idsOf(list).map((_, i) => list.stamp(i)));
  });

  it('does not trust a folder that changed right before it was looked at', async () => {
    const root = makeFolder({ '1.png': png });
    const { open } = kept(root);
    await open();
    const { mtime } = statSync(root);
    writeFileSync(join(root, '2.png'), png);
    utimesSync(root, mtime, mtime); // as where the clock has not moved on
    expect(idsOf(await open())).toEqual(['1.png', '2.png']);
  });

  it('looks at everything anew where asked: a file overwritten in place leaves no trace in its folder', async () => {
    const root = makeFolder({ '1.png': png });
    settle(root);
    const { open } = kept(root);
    const before = (await open()).stamp(0);
    writeFileSync(join(root, '1.png'), Buffer.concat([png, png]));
    const at = Date.now() / 1000 - 100;
    utimesSync(root, at, at);
    await open();
    expect((await open({ refresh: true })).stamp(0)).not.toBe(before);
  });

  it('reads shards again that have changed, and those that were damaged but have been replaced', async () => {
    const tar = (content: string) => makeTar([{ name: 'a.png', content }]);
    const root = makeFolder({ 'x.tar': tar('1'), 'y.tar': tar('2').subarray(0, 512), 'z.tar': tar('3') });
    settle(root);
    const { open, checked } = kept(root);
    const list = await open();
    expect(idsOf(list)).toEqual(['x.tar/a.png', 'z.tar/a.png']);
    expect(list.notes[0]).toContain('y.tar/a member of 1 bytes, cut off');
    const first = checked();
    writeFileSync(join(root, 'y.tar'), tar('4'));
    settle(root, Date.now() / 1000 - 50);
    utimesSync(join(root, 'x.tar'), statSync(join(root, 'x.tar')).atime, new Date(Date.now() - 100_000));
    expect(idsOf(await open())).toHaveLength(3);
    expect(checked()['y.tar']).not.toBe(first['y.tar']);
    rmSync(join(root, 'x.tar'));
    expect(idsOf(await open())).toEqual(['y.tar/a.png', 'z.tar/a.png']);
  });

  it('is made anew where it is damaged, and missed by nobody where it cannot be kept', async () => {
    const root = makeFolder({ '1.png': png });
    settle(root);
    const { open, path, indexFolder } = kept(root);
    await open();
    writeFileSync(path(), 'something else');
    expect((await open()).length).toBe(1);
    expect(readIndex(path())).toBeInstanceOf(SourceIndex);
    rmSync(indexFolder, { recursive: true });
    writeFileSync(indexFolder, 'a file');
    const list = await open();
    expect(list.length).toBe(1);
    expect(list.notes).toEqual([expect.stringMatching(/^the index of .* cannot be kept: /)]);
    rmSync(indexFolder);
    mkdirSync(indexFolder);
  });

  it('goes on where it was stopped', async () => {
    const files = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i % 300}/${i}.png`, '']));
    const root = makeFolder(files);
    settle(root);
    const { open, path } = kept(root);
    const stop = new AbortController();
    const stopped = open({ signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toThrow('run the same command again');
    const part = readIndex(path()) as SourceIndex;
    expect(part.complete).toBe(false);
    expect(part.unitCount).toBeGreaterThan(0);
    expect(part.unitCount).toBeLessThan(301);
    const list = await open();
    expect(list.fingerprint()).toBe((await openPictureSource({ source: root, indexFolder: null })).fingerprint());
    const index = readIndex(path()) as SourceIndex;
    expect([index.complete, index.length]).toEqual([true, 3000]);
    const units = part.unitCount;
    expect(index.columns.units.checked.slice(0, units)).toEqual(part.columns.units.checked.slice(0, units));
  });
});

describe('a selection of a source', () => {
  const pictures = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`set/${i}.png`, png]));

  it('leaves out what lists say of it, and takes a limit of the rest', async () => {
    const root = makeFolder(pictures);
    const list = join(root, 'list.csv');
    const rows = ['group,source,id,action', '1,set,3.png,drop', '1,set,4.png,keep', '2,other,5.png,drop'];
    writeFileSync(list, `${[...rows, `2,${basename(root)}/set,7.png,drop`, '3,set,gone.png,drop'].join('\n')}\n`);
    const options = { source: join(root, 'set'), indexFolder: null, exclude: [list] };
    const all = await openPictureSource(options);
    expect(idsOf(all)).toEqual([0, 1, 2, 4, 5, 6, 8, 9].map((i) => `${i}.png`));
    expect(all.notes).toEqual([`2 pictures are left out by ${list}`, `1 pictures of ${list} are not there`]);
    const few = await openPictureSource({ ...options, limit: 4 });
    expect(idsOf(few)).toEqual([0, 2, 5, 8].map((i) => `${i}.png`));
    expect(few.at(3)).toEqual({ kind: 'file', path: join(root, 'set/8.png') });
    expect(few.fingerprint()).not.toBe(all.fingerprint());
    await expect(openPictureSource({ ...options, limit: 0 })).rejects.toThrow('limit');
  });

  it('refuses a list that is none', async () => {
    const root = makeFolder({ ...pictures, 'list.csv': 'source,id,action\nset,1.png,delete\n', 'other.csv': 'a,b\n' });
    const open = (name: string) =>
      openPictureSource({ source: join(root, 'set'), indexFolder: null, exclude: [join(root, name)] });
    await expect(open('list.csv')).rejects.toThrow('"delete"; expected keep, drop, reference');
    await expect(open('other.csv')).rejects.toThrow('a column "source"');
  });
});

describe.skipIf(!sharedData('natural/imagenet-mini'))('real photographs', () => {
  const root = sharedData('natural/imagenet-mini') ?? '';

  it('are the same from their folder and from tar shards that tar makes of it', async () => {
    const folder = await openPictureSource({ source: root, indexFolder: null });
    const names = idsOf(folder);
    const shards = makeFolder({});
    for (const [shard, from] of [0, 500].entries()) {
      const some = names.slice(from, from + 500);
      const { status } = spawnSync('tar', ['-cf', join(shards, `s-00${shard}.tar`), '-C', root, '-T', '-'], {
        input: some.join('\n'),
      });
      expect(status).toBe(0);
    }
    const packed = await openPictureSource({ source: join(shards, 's-{000..001}.tar'), indexFolder: null });
    expect(idsOf(packed).map((id) => id.slice('s-000.tar/'.length))).toEqual(names);
    for (const i of [0, 499, 500, names.length - 1]) {
      expect(await decode(packed.at(i)!)).toEqual(await decode(folder.at(i)!));
    }
  });
});
