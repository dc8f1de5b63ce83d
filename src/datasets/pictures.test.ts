import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { decodeColor } from '../imaging/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { PICTURE_SPLITS } from './pictures.js';
import { openPictures, openRadiographs, pictureDatasets, radiographDatasets } from './registry.js';
import { openPictureSource } from './sources/open-source.js';

describe('a folder of pictures', () => {
  const files = { 'b.jpg': '', 'dog/2.png': '', 'dog/1.JPEG': '', 'cat/deep/3.png': '', 'notes.txt': '', '.x.png': '' };

  it('lists pictures at any depth in order, without labels', () => {
    const root = makeFolder(files);
    symlinkSync(root, join(root, 'cat', 'loop'));
    const { name, classes, pictures, notes } = openPictures('folder', { root });
    expect(name).toBe(basename(root));
    expect(classes).toEqual([]);
    expect(pictures.map(({ id }) => id)).toEqual(['b.jpg', 'cat/deep/3.png', 'dog/1.JPEG', 'dog/2.png']);
    expect(pictures[2]).toEqual({
      id: 'dog/1.JPEG',
      source: { kind: 'file', path: join(root, 'dog/1.JPEG') },
      label: -1,
    });
    expect(notes).toEqual(['1 files have no ending of an image and are left out: notes.txt']);
  });

  it('takes classes from folders', () => {
    const { classes, pictures, notes } = openPictures('folder', { root: makeFolder(files), labels: true });
    expect(classes).toEqual(['cat', 'dog']);
    expect(pictures.map(({ id, label }) => [id, label])).toEqual([
      ['cat/deep/3.png', 0],
      ['dog/1.JPEG', 1],
      ['dog/2.png', 1],
    ]);
    expect(notes[0]).toBe('1 pictures are in no class folder and are left out: b.jpg');
  });

  it('takes classes from labels.csv: numbers in their order, quoted names, equal names told apart', () => {
    const pngs = { 'a.png': '', 'b.png': '', 'sub/c.png': '', 'd.png': '' };
    const numbered = makeFolder({
      ...pngs,
      'labels.csv': 'file,label\na.png,10\nb.png,9\n./sub/c.png,10\ngone.png,9\n',
    });
    const { classes, pictures, notes } = openPictures('folder', { root: numbered, labels: true });
    expect(classes).toEqual(['9', '10']);
    expect(pictures.map(({ id, label }) => [id, label])).toEqual([
      ['a.png', 1],
      ['b.png', 0],
      ['sub/c.png', 1],
    ]);
    expect(notes).toEqual([
      '1 pictures have no row in labels.csv and are left out: d.png',
      '1 rows of labels.csv have no picture: gone.png',
    ]);
    const names = 'file,wnid,class_name\r\na.png,n2,crane\r\nb.png,n1,"crane"\r\nd.png,n3,"hook, claw"\r\n';
    const named = openPictures('folder', { root: makeFolder({ ...pngs, 'labels.csv': names }), labels: true });
    expect(named.classes).toEqual(['crane (n1)', 'crane (n2)', 'hook, claw']);
    expect(named.pictures.map(({ label }) => label)).toEqual([1, 0, 2]);
  });

  it('takes a limited number at even distances', () => {
    const root = makeFolder(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.png`, ''])));
    const ids = (limit: number) => openPictures('folder', { root, limit }).pictures.map(({ id }) => id);
    expect(ids(3)).toEqual(['0.png', '3.png', '6.png']);
    expect(ids(10)).toHaveLength(10);
    expect(ids(99)).toHaveLength(10);
    expect(() => ids(0)).toThrow('limit: found 0; expected a positive integer');
  });

  it('names what is wrong', () => {
    const open = (content: Record<string, string>) =>
      openPictures('folder', { root: makeFolder(content), labels: true });
    expect(() => open({ 'x.txt': '' })).toThrow('found no picture');
    expect(() => openPictures('folder', { root: '/no/such/folder' })).toThrow('/no/such/folder: found ENOENT');
    expect(() => open({ 'a.png': '' })).toThrow('neither labels.csv nor class folders');
    expect(() => open({ 'x/a.png': '' })).toThrow('found one class');
    expect(() => open({ 'a.png': '', 'labels.csv': 'name,label\n' })).toThrow('expected a column "file"');
    expect(() => open({ 'a.png': '', 'labels.csv': 'file,label\na.png,\n' })).toThrow(
      'labels.csv: row 2: found no class',
    );
    const twice = { 'a.png': '', 'labels.csv': 'file,label\na.png,1\na.png,2\n' };
    expect(() => open(twice)).toThrow('labels.csv: row 3: found a.png again');
    expect(() => open({ 'a.png': '', 'labels.csv': 'file,label\na.png,"1\n' })).toThrow(
      'a quotation mark that is never closed',
    );
  });

  const imagenet = sharedData('natural', 'imagenet-mini');
  it.skipIf(!imagenet)('reads ImageNet pictures with their usual class order', async () => {
    const { classes, pictures, notes } = openPictures('folder', { root: imagenet!, labels: true });
    expect(classes).toHaveLength(1000);
    expect(new Set(classes).size).toBe(1000);
    expect([classes[0], classes[1], classes[134]]).toEqual(['tench', 'goldfish', 'crane (n02012849)']);
    expect(pictures.map(({ label }) => label)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(notes).toEqual([]);
    const { width, height } = await decodeColor(pictures[0]!.source);
    expect(Math.min(width, height)).toBe(160);
  });
});

describe('CIFAR-10', () => {
  const record = (label: number, value: number) => Uint8Array.from([label, ...new Array(3072).fill(value)]);
  const batch = (...records: Uint8Array[]) => Buffer.concat(records);
  const meta = 'plane\ncar\n\n';

  it('reads the batches present, each record as pixels [3, 32, 32]', () => {
    const files = {
      'cifar-10-batches-bin/data_batch_1.bin': batch(record(1, 7), record(0, 8)),
      'cifar-10-batches-bin/test_batch.bin': batch(record(1, 9)),
      'cifar-10-batches-bin/batches.meta.txt': meta,
    };
    const root = makeFolder(files);
    const { classes, pictures } = openPictures('cifar10', { root, labels: true });
    expect(classes).toEqual(['plane', 'car']);
    expect(pictures.map(({ id, label }) => [id, label])).toEqual([
      ['data_batch_1.bin/0', 1],
      ['data_batch_1.bin/1', 0],
      ['test_batch.bin/0', 1],
    ]);
    const source = pictures[1]!.source;
    if (source.kind !== 'pixels') throw new Error('not pixels');
    expect(source).toMatchObject({ name: 'data_batch_1.bin/1', width: 32, height: 32, channels: 3 });
    const pixels = source.read();
    expect(pixels).toEqual(new Uint8Array(3072).fill(8));
    pixels.fill(0);
    expect(source.read()[0]).toBe(8);
    const unlabelled = openPictures('cifar10', { root, limit: 2 });
    expect(unlabelled.classes).toEqual([]);
    expect(unlabelled.pictures.map(({ label }) => label)).toEqual([-1, -1]);
  });

  it('gives the batches of one split alone, as a source of pictures does', async () => {
    const train = { 'data_batch_1.bin': record(1, 7), 'data_batch_2.bin': record(0, 8), 'batches.meta.txt': meta };
    const root = makeFolder({ ...train, 'test_batch.bin': record(1, 9) });
    const ids = { train: ['data_batch_1.bin/0', 'data_batch_2.bin/0'], test: ['test_batch.bin/0'] };
    for (const split of PICTURE_SPLITS) {
      expect(openPictures('cifar10', { root, split }).pictures.map(({ id }) => id)).toEqual(ids[split]);
      const list = await openPictureSource({ source: root, split });
      expect(Array.from({ length: list.length }, (_, i) => list.id(i))).toEqual(ids[split]);
    }
    expect(() => openPictures('cifar10', { root: makeFolder(train), split: 'test' })).toThrow(
      'found no batch; expected test_batch.bin',
    );
    expect(() => openPictures('folder', { root, split: 'test' })).toThrow('split: found test; expected no split');
  });

  it('names what is wrong', () => {
    const open = (files: Record<string, string | Uint8Array>) => openPictures('cifar10', { root: makeFolder(files) });
    const cut = batch(record(1, 7), record(0, 8)).subarray(0, 4000);
    const meta10 = { 'batches.meta.txt': meta };
    expect(() => open({ ...meta10, 'data_batch_1.bin': cut })).toThrow('found 4000 bytes; expected a multiple of 3073');
    expect(() => open({ ...meta10, 'data_batch_1.bin': '' })).toThrow('found 0 bytes');
    expect(() => open({ ...meta10, 'data_batch_1.bin': record(2, 0) })).toThrow(
      'record 0: found label 2; expected 0 to 1',
    );
    expect(() => open(meta10)).toThrow('found no batch');
    expect(() => open({ 'data_batch_1.bin': record(0, 0) })).toThrow('batches.meta.txt: found no such file');
  });

  const cifar10 = sharedData('natural', 'cifar10');
  it.skipIf(!cifar10)('reads the real batches', async () => {
    const { classes, pictures } = openPictures('cifar10', { root: cifar10!, labels: true });
    expect(classes).toEqual('airplane automobile bird cat deer dog frog horse ship truck'.split(' '));
    expect(pictures).toHaveLength(12_000);
    const counts = new Array(10).fill(0);
    for (const { label } of pictures) counts[label]++;
    expect(counts).toEqual(new Array(10).fill(1200));
    const file = readFileSync(join(cifar10!, 'data_batch_1.bin'));
    const { data } = await decodeColor(pictures[17]!.source);
    expect([...data]).toEqual([...file.subarray(17 * 3073 + 1, 18 * 3073)]);
  });
});

describe('the registry', () => {
  it('knows its sets by name, and the nearest to a wrong one', () => {
    expect(radiographDatasets).toMatchObject({ chestxray14: expect.stringContaining('Data_Entry_2017_v2020.csv') });
    expect(Object.keys(pictureDatasets)).toEqual(['folder', 'cifar10']);
    expect(() => openPictures('cifar', { root: '.' })).toThrow(
      'picture set: found "cifar"; expected one of: folder, cifar10. Did you mean "cifar10"?',
    );
    expect(() => openRadiographs('toString', { root: '.', seed: 1 })).toThrow('radiograph data set: found "toString"');
  });

  it('opens a root that is a file with a message', () => {
    const root = makeFolder({});
    writeFileSync(join(root, 'file'), '');
    expect(() => openPictures('folder', { root: join(root, 'file') })).toThrow(`${root}/file: found ENOTDIR`);
    expect(() => openRadiographs('chestxray14', { root: join(root, 'file'), seed: 1 })).toThrow('found no Data_Entry');
  });
});
