import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bytes,
  dict,
  integer,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  writeBytes,
  zipOf,
} from '../../../test/pickles.js';
import { toFloat32Array } from '../memory.js';
import type { Tensor } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { readCheckpoint } from './index.js';
import { zipArchive } from './zip-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-zip-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'checkpoint.pth');

/** What the tensor 'x' holds, or the message of the refusal. */
function read(content: Uint8Array): number[] | string {
  writeBytes(path, content);
  try {
    return scope(() => [...toFloat32Array(readCheckpoint(path).root.x as Tensor)]);
  } catch (error) {
    return (error as Error).message;
  }
}

const four = pickle(dict(text('x'), tensor(integer(0), tuple(integer(4)), tuple(integer(1)))));

/** The archive with fields of an entry's record in the directory (offsets from its start) set to other values. */
function patched(archive: Buffer, name: string, fields: Record<number, number>): Buffer {
  const copy = Buffer.from(archive);
  const at = copy.lastIndexOf(name) - 46;
  for (const [offset, value] of Object.entries(fields)) {
    if (Number(offset) < 16) copy.writeUInt16LE(value, at + Number(offset));
    else copy.writeUInt32LE(value, at + Number(offset));
  }
  return copy;
}
const FLAGS = 8;
const METHOD = 10;
const PACKED = 20;
const SIZE = 24;
const PLACE = 42;

describe('an archive', () => {
  it('is read where nothing is wrong with it', () => {
    expect(read(zipOf(four))).toEqual([1, 2, 3, 4]);
    expect(read(zipOf(four, { 'a/byteorder': bytes('little') }))).toEqual([1, 2, 3, 4]);
    expect(read(Buffer.concat([zipOf(four).subarray(0, -2), bytes(3, 0, 'abc')]))).toEqual([1, 2, 3, 4]); // a comment
  });

  it('is read where a storage does not lie at a multiple of its elements, and where others are packed', () => {
    const archive = zipOf(four);
    const at = archive.indexOf('a/data/0') - 30;
    const odd = Buffer.concat([archive.subarray(0, at), bytes('z'), archive.subarray(at)]);
    const end = odd.length - 22;
    odd.writeUInt32LE(odd.readUInt32LE(end + 16) + 1, end + 16);
    const record = odd.lastIndexOf('a/data/0') - 46;
    odd.writeUInt32LE(odd.readUInt32LE(record + PLACE) + 1, record + PLACE);
    expect(read(odd)).toEqual([1, 2, 3, 4]);

    const packed = deflateRawSync(Float32Array.of(5, 6, 7, 8));
    const fields = { [METHOD]: 8, [SIZE]: 16 };
    expect(read(patched(zipOf(four, { 'a/data/0': packed }), 'a/data/0', fields))).toEqual([5, 6, 7, 8]);
  });

  const archive = zipOf(four);
  const place = archive.readUInt32LE(archive.lastIndexOf('a/data/0') - 46 + PLACE);
  const records = (names: string[]) =>
    Buffer.concat([
      ...zipArchive(names.map((name) => ({ name, content: () => (name.endsWith('.pkl') ? four : Buffer.alloc(16)) }))),
    ]);
  const zeros = deflateRawSync(Buffer.alloc(50_000_000));

  it.each<[string, () => Uint8Array, string]>([
    [
      'encrypted',
      () => patched(archive, 'a/data/0', { [FLAGS]: 1 }),
      "entry 'a/data/0' is encrypted; expected one without a password",
    ],
    [
      'compressed by bzip2',
      () => patched(archive, 'a/data/0', { [METHOD]: 12 }),
      "entry 'a/data/0' is compressed by method 12",
    ],
    ['of two sizes', () => patched(archive, 'a/data/0', { [SIZE]: 17 }), "entry 'a/data/0' has two sizes"],
    [
      'with an entry beyond the end',
      () => patched(archive, 'a/data/0', { [PACKED]: 2 ** 30, [SIZE]: 2 ** 30 }),
      "entry 'a/data/0' ends after the end of the file",
    ],
    [
      'with an entry elsewhere',
      () => patched(archive, 'a/data/0', { [PLACE]: 7 }),
      "entry 'a/data/0' is not where it should be",
    ],
    ['with an entry outside', () => patched(archive, 'a/data/0', { [PLACE]: 2 ** 31 }), 'a file cut off at'],
    [
      'with entries that overlap',
      () => patched(archive, 'a/data.pkl', { [PACKED]: place + 20, [SIZE]: place + 20 }),
      'a ZIP whose entries overlap',
    ],
    [
      'with two entries in one place',
      () => patched(archive, 'a/data.pkl', { [PLACE]: place, [PACKED]: 16, [SIZE]: 16 }),
      'a ZIP whose entries overlap',
    ],
    ['with an entry given twice', () => records(['a/data.pkl', 'a/data/0', 'a/data/0']), "two entries 'a/data/0'"],
    [
      'with a full size without ZIP64',
      () => patched(archive, 'a/data/0', { [PACKED]: 0xffffffff, [SIZE]: 0xffffffff }),
      "entry 'a/data/0' ends after",
    ],
    ['with a directory that is none', () => patched(archive, 'a/data/0', { 0: 0 }), 'a ZIP with a broken directory'],
    [
      'with a huge directory',
      () => {
        const copy = Buffer.from(archive);
        copy.writeUInt32LE(0xfffffff0, copy.length - 10);
        return copy;
      },
      'a ZIP with a directory of 4294967280 bytes',
    ],
    ['without its end', () => archive.subarray(0, -1), 'a ZIP without its directory'],
    ['packed wrongly', () => patched(archive, 'a/data/0', { [METHOD]: 8 }), "entry 'a/data/0' cannot be unpacked"],
    [
      'packed to another size',
      () =>
        patched(zipOf(four, { 'a/data/0': deflateRawSync(Buffer.alloc(12)) }), 'a/data/0', { [METHOD]: 8, [SIZE]: 16 }),
      "entry 'a/data/0' cannot be unpacked",
    ],
    [
      'packed beyond what deflate can',
      () =>
        patched(zipOf(four, { 'a/data.pkl': deflateRawSync(four) }), 'a/data.pkl', { [METHOD]: 8, [SIZE]: 2 ** 28 }),
      "entry 'a/data.pkl' cannot be unpacked",
    ],
    [
      'packed to a bomb',
      () => patched(zipOf(four, { 'a/data/0': zeros }), 'a/data/0', { [METHOD]: 8, [SIZE]: 50_000_000 }),
      'compressed storages of more than 20 times the size of the file',
    ],
    [
      'with a pickle over the limit',
      () =>
        patched(zipOf(four, { 'a/data.pkl': Buffer.alloc(300_000) }), 'a/data.pkl', {
          [METHOD]: 8,
          [SIZE]: 2 ** 28 + 1,
        }),
      'a pickle of 268435457 bytes',
    ],
    ['of a big-endian machine', () => zipOf(four, { 'a/byteorder': bytes('big') }), 'numbers of a big-endian machine'],
    ['of TorchScript', () => zipOf(four, { 'a/constants.pkl': pickle(')') }), 'found a TorchScript program'],
    ['of NumPy', () => records(['a.npy', 'b.npy']), 'found a NumPy archive (.npz)'],
    [
      'of something else',
      () => records(['word/document.xml', '_rels/.rels']),
      'a ZIP without the data.pkl of torch.save ("word/document.xml", "_rels/.rels")',
    ],
    ['of nothing', () => records([]), 'a ZIP without the data.pkl of torch.save (no entries)'],
  ])('%s is refused', (_, make, found) => {
    const message = read(make());
    expect(message).toContain(`${path}: found `);
    expect(message).toContain(found);
  });
});

describe('what is no checkpoint is refused by what it is', () => {
  it.each<[string, Uint8Array, string]>([
    ['empty', Buffer.alloc(0), 'an empty file'],
    ['zeros', Buffer.alloc(1000), 'zeros'],
    [
      'git-lfs',
      bytes('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n'),
      "a git-lfs pointer, which only stands for the file; expected a safetensors file, or one of PyTorch (torch.save). Fetch the file itself: 'git lfs pull'.",
    ],
    ['html', bytes('\n<!DOCTYPE html><html><body>Log in</body></html>'), 'a web page'],
    [
      'xml',
      bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
      'an XML text, as servers answer with an error',
    ],
    ['HDF5', bytes(0x89, 'HDF\r\n\x1a\n', Buffer.alloc(20)), 'an HDF5 file (.h5), as Keras and TensorFlow write'],
    ['npy', bytes(0x93, 'NUMPY', 1, 0), 'a NumPy array (.npy)'],
    ['ONNX', bytes(8, 7, 0x12, 7, 'pytorch'), 'what looks like an ONNX model'],
    ['GGUF', bytes('GGUF', 3, 0, 0, 0), 'a GGUF file'],
    ['gzip', bytes(0x1f, 0x8b, 8, 0), 'a compressed file'],
    ['tar', bytes('sys_info', Buffer.alloc(249), 'ustar', Buffer.alloc(300)), 'a tar archive'],
    ['JSON', bytes('{"error": "Access to model is restricted"}'), 'JSON without a weight_map'],
    ['broken JSON', bytes('{"weight_map": '), 'invalid JSON'],
    ['a picture', bytes(0x89, 'PNG\r\n\x1a\n'), 'a file that begins with the bytes 89504e470d0a1a0a'],
    ['a plain pickle', pickle(dict(text('x'), 'K\x01')), 'a pickle that torch.save did not write'],
    ['a pickled number', pickle(storage()), 'refers to something outside it where nothing is'],
  ])('%s', (_, content, found) => {
    const message = read(content);
    expect(message).toContain(`${path}: found `);
    expect(message).toContain(found);
  });

  it('a folder, and nothing', () => {
    const messages = [folder, join(folder, 'nowhere.pth')].map((place) => {
      try {
        return readCheckpoint(place).format;
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages[0]).toContain('found a folder, no regular file');
    expect(messages[1]).toContain('found no such file');
  });

  it('a pipe, without waiting for its writer', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => readCheckpoint(pipe)).toThrow('found no regular file');
  });

  it('whatever its name says', () => {
    const stored = join(import.meta.dirname, 'fixtures/expected.safetensors');
    writeBytes(join(folder, 'weights.bin'), readFileSync(stored));
    expect(scope(() => readCheckpoint(join(folder, 'weights.bin')).format)).toBe('safetensors');
  });
});
