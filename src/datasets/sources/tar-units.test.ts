import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { decode } from '../../imaging/index.js';
import { makeFolder } from '../fixtures/make-folder.js';
import { makeTar, paxRecord, type TarEntry } from '../fixtures/make-tar.js';
import { hashesOf } from '../fixtures/source-bytes.js';
import { openPictureSource } from './open-source.js';

const fixtures = join(import.meta.dirname, '../fixtures');
const shard = (name: string) => join(fixtures, 'shards', name);
const reference = JSON.parse(readFileSync(join(fixtures, 'shards.json'), 'utf8'));
const open = (source: string, more = {}) => openPictureSource({ source, indexFolder: null, ...more });
const idsOf = (list: Awaited<ReturnType<typeof open>>) => Array.from({ length: list.length }, (_, i) => list.id(i));

/** A list of one shard, and its remarks. */
async function listOf(entries: readonly TarEntry[], end?: number) {
  return open(join(makeFolder({ 'x.tar': makeTar(entries, end) }), 'x.tar'));
}

describe('tar shards', () => {
  it.each(['ustar.tar', 'gnu.tar', 'pax.tar'])('hold what Python reads from them: %s', async (name) => {
    const list = await open(shard(name));
    expect(hashesOf(list, (id) => id.slice(name.length + 1))).toEqual(reference[name]);
    expect(list.notes).toEqual(['1 members are links and are left out: '.concat(`${name}/link.png`)]);
    for (let i = 0; i < list.length; i++) expect((await decode(list.at(i)!)).height).toBe(6);
  });

  it('hold samples, as WebDataset writes them, with labels', async () => {
    const list = await open(shard('web-000000.tar'), { labels: true });
    expect(idsOf(list)).toEqual([0, 1, 2, 3].map((i) => `web-000000.tar/000${i}.jpg`));
    expect([0, 1, 2, 3].map((i) => list.label(i))).toEqual([0, 1, 2, 0]);
    expect(list.classes).toEqual(['0', '1', '2']);
    expect(list.notes[0]).toMatch(/^4 pictures belong to another one of the same key/);
  });

  it('take classes from folders in the shards where there are no labels, and archives within as folders', async () => {
    const inner = makeTar([{ name: '1.png', content: 'b1' }]);
    const root = makeFolder({
      'a.tar': makeTar([{ name: 'cat/1.png', content: 'a1' }]),
      'b.tar': makeTar([
        { name: 'dog.tar', content: inner },
        { name: 'cat/2.png', content: 'b2' },
      ]),
    });
    const list = await open(root, { labels: true });
    expect(idsOf(list)).toEqual(['a.tar/cat/1.png', 'b.tar/dog/1.png', 'b.tar/cat/2.png']);
    expect(list.classes).toEqual(['cat', 'dog']);
    expect([0, 1, 2].map((i) => list.label(i))).toEqual([0, 1, 0]);
    const source = list.at(1)!;
    expect(
      source.kind === 'part' && readFileSync(source.path).toString('latin1', source.offset, source.offset + 2),
    ).toBe('b1');
  });

  it('are named by braces, a star, or their folder', async () => {
    const tar = (name: string) => makeTar([{ name, content: 'x' }]);
    const root = makeFolder({
      't-008.tar': tar('a.jpg'),
      't-009.tar': tar('b.jpg'),
      't-010.tar': tar('c.jpg'),
      'deep/v.tar': tar('d.jpg'),
    });
    expect(idsOf(await open(join(root, 't-{008..010}.tar')))).toEqual([
      't-008.tar/a.jpg',
      't-009.tar/b.jpg',
      't-010.tar/c.jpg',
    ]);
    expect(idsOf(await open(join(root, '{t-009,deep/v}.tar')))).toEqual(['t-009.tar/b.jpg', 'deep/v.tar/d.jpg']);
    expect(idsOf(await open(join(root, 't-*.tar')))).toHaveLength(3);
    expect(idsOf(await open(root))).toHaveLength(4);
    await expect(open(join(root, 't-{008..012}.tar'))).rejects.toThrow(
      /t-011.tar, .*t-012.tar; expected shards that are there/,
    );
    await expect(open(join(root, 't-{9..1}.tar'))).rejects.toThrow('{9..1}');
    await expect(open(join(root, 't-{0..99999999999}.tar'))).rejects.toThrow('at most a million');
  });

  it('are refused compressed, with what to do', async () => {
    const root = makeFolder({ 'a.tar.gz': gzipSync(makeTar([{ name: 'a.png', content: 'x' }])) });
    await expect(open(join(root, 'a.tar.gz'))).rejects.toThrow('gunzip a.tar.gz');
    await expect(open(root, { kind: 'tar' })).rejects.toThrow('gunzip a.tar.gz');
  });
});

describe('hostile tar shards', () => {
  const good: TarEntry = { name: 'good.png', content: 'picture' };

  it.each<[string, TarEntry[], string]>([
    ['leads out', [{ name: '../../etc/x.png', content: 'x' }], '1 names lead out of the archive'],
    ['is absolute', [{ name: '/etc/x.png', content: 'x' }], '1 names lead out of the archive'],
    ['appears twice', [good, { ...good, content: 'other' }], '1 names appear again'],
    ['is a hard link', [{ name: 'l.png', type: '1' }], '1 members are links'],
    ['is a device', [{ name: 'l.png', type: '3' }], '1 members are no files'],
    ['is sparse (GNU)', [{ name: 's.png', type: 'S', content: 'x' }], '1 members are sparse files'],
    [
      'is sparse (pax)',
      [
        { name: 'p', type: 'x', content: paxRecord('GNU.sparse.major', '1') },
        { name: 's.png', content: 'x' },
      ],
      '1 members are sparse files',
    ],
    ['is empty', [{ name: 'e.png' }], '1 members are empty'],
    ['is a metadata file of macOS', [{ name: '__MACOSX/._a.png', content: 'x' }], ''],
    [
      'has a name without end',
      [
        { name: 'p', type: 'x', content: paxRecord('path', `${'x'.repeat(9000)}.png`) },
        { name: 's.png', content: 'x' },
      ],
      '1 names are too long',
    ],
    [
      'lies in an archive in an archive in the archive',
      [{ name: 'i.tar', content: makeTar([{ name: 'j.tar', content: makeTar([good]) }]) }],
      '1 archives lie within',
    ],
  ])('leaves out a member that %s', async (_, entries, remark) => {
    const list = await listOf([...entries, { name: 'z.png', content: 'last' }]);
    expect(idsOf(list).filter((id) => id !== 'x.tar/good.png')).toEqual(['x.tar/z.png']);
    expect(list.notes.join()).toMatch(remark === '' ? /^$/ : new RegExp(`^${remark}.* left out: x.tar/`));
  });

  it.each<[string, TarEntry, string]>([
    [
      'reaches beyond the end',
      { name: 'b.png', content: 'x', size: 9999 },
      'a member of 9999 bytes, cut off, at byte 1024',
    ],
    ['is larger than any disk', { name: 'b.png', size: 2 ** 53 }, 'an impossible size at byte 1024'],
    ['has a negative size', { name: 'b.png', patch: [[124, Buffer.alloc(12, 0xff)]] }, 'an impossible size'],
    ['has a size of letters', { name: 'b.png', patch: [[124, 'what a size ']] }, 'an impossible size'],
    ['has a wrong sum', { name: 'b.png', content: 'x', broken: true }, 'a damaged header at byte 1024'],
    [
      'has an extended header of megabytes',
      { name: 'p', type: 'x', content: Buffer.alloc(2 ** 21) },
      'a name of 2097152 bytes',
    ],
    [
      'has an extended header of nothing',
      { name: 'p', type: 'x', content: '99 path=x\n' },
      'an extended header that cannot be read',
    ],
    [
      'has a size of its own that is none',
      { name: 'p', type: 'x', content: paxRecord('size', '-5') },
      'an impossible size',
    ],
  ])('stops at a member that %s, and says so', async (_, entry, reason) => {
    const list = await listOf([good, entry, { name: 'z.png', content: 'last' }]);
    expect(idsOf(list)).toEqual(['x.tar/good.png']);
    expect(list.notes).toEqual([
      expect.stringContaining(`1 shards are damaged, and used up to there: x.tar/${reason}`),
    ]);
  });

  it('reads sizes to base 256, and of extended headers, global ones too', async () => {
    const content = 'picture';
    const base256 = Buffer.alloc(12);
    base256[0] = 0x80;
    base256[11] = content.length;
    const list = await listOf([
      { name: 'g', type: 'g', content: paxRecord('comment', 'x') },
      { name: 'a.png', content, patch: [[124, base256]] },
      { name: 'p', type: 'x', content: paxRecord('size', '7') },
      { name: 'b.png', content, patch: [[124, '00000000000\0']] },
      { name: 'c.png', content },
    ]);
    expect(new Set(Object.values(hashesOf(list))).size).toBe(1);
    expect(idsOf(list)).toEqual(['a', 'b', 'c'].map((name) => `x.tar/${name}.png`));
  });

  it('ends where an archive ends, and says that there is more', async () => {
    const root = makeFolder({
      'bare.tar': makeTar([good], 0),
      'two.tar': Buffer.concat([makeTar([good]), makeTar([{ name: 'b.png', content: 'x' }])]),
      'padded.tar': makeTar([good], 20),
      'empty.tar': '',
      'text.tar': 'this is no archive',
    });
    mkdirSync(join(root, 'folder.tar'));
    const list = await open(root);
    expect(idsOf(list)).toEqual(['bare', 'padded', 'two'].map((name) => `${name}.tar/good.png`));
    expect(list.notes.join()).toContain('2 shards are damaged');
    expect(list.notes.join()).toContain('two.tar/more data behind an end at byte 1024');
    expect(list.notes.join()).toContain('text.tar/an archive cut off at byte 0');
  });

  it('gives what stands before a cut, wherever it is', async () => {
    const whole = readFileSync(shard('gnu.tar'));
    const root = makeFolder({ 'cut.tar': whole });
    const path = join(root, 'cut.tar');
    let before = 0;
    for (let length = 2000; length < whole.length; length += 173) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const list = await open(path);
      for (let i = 0; i < list.length; i++) await decode(list.at(i)!);
      expect(list.length).toBeGreaterThanOrEqual(before);
      before = list.length;
    }
    expect(before).toBe(4);
  });

  it('never fails otherwise, or takes long, on 1000 changed archives', async () => {
    const random = Random.of(1, 'changed tar');
    const wholes = ['gnu.tar', 'pax.tar', 'web-000000.tar'].map((name) => readFileSync(shard(name)));
    const path = join(makeFolder({}), 'changed.tar');
    let damaged = 0;
    for (let round = 0; round < 1000; round++) {
      const bytes = Buffer.from(wholes[round % wholes.length]!);
      // Changed headers whose sums are right reach further.
      const header = 512 * random.integer(Math.floor(bytes.length / 512));
      for (let i = 0; i < 3; i++) bytes[header + random.integer(345)] = random.integer(256);
      bytes.fill(0x20, header + 148, header + 156);
      const sum = bytes.subarray(header, header + 512).reduce((total, byte) => total + byte, 0);
      bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, header + 148);
      writeFileSync(path, bytes);
      const start = performance.now();
      try {
        const list = await open(path);
        if (list.notes.join().includes('damaged')) damaged++;
      } catch (error) {
        expect((error as Error).message).toContain('no picture');
      }
      expect(performance.now() - start).toBeLessThan(2000);
    }
    expect(damaged).toBeGreaterThan(100);
  });
});
