import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageLimits } from '../limits.js';
import { isDicom, readFirstElements } from './file.js';
import { EXPLICIT, element, file, image, implicit, item, sequence, UNDEFINED } from './fixtures/bytes.js';
import { decodeDicom } from './stages.js';

const fixture = (...path: string[]) => readFileSync(join(import.meta.dirname, 'fixtures', ...path));
const PIXELS = element('7fe00010', 'OW', [1, 2, 3, 4, 5, 6]);
const decoded = async (bytes: Uint8Array) => [...(await decodeDicom(bytes, 1e8)).data];
const plain = () => decoded(file(EXPLICIT, ...image(2, 3), PIXELS));

describe('what is DICOM', () => {
  it('is told by the preamble, or by the first element', () => {
    expect(isDicom(file(EXPLICIT))).toBe(true);
    expect(isDicom(fixture('synthetic', 'bare-explicit.dcm'))).toBe(true);
    expect(isDicom(fixture('synthetic', 'bare-implicit.dcm'))).toBe(true);
    expect(isDicom(file(EXPLICIT).subarray(132))).toBe(true); // meta information without preamble
  });

  it.each([
    ['text', Buffer.from('image,patient\n00000001_000.png,1\n'.repeat(9))],
    ['zeros', Buffer.alloc(1000)],
    ['nothing', Buffer.alloc(0)],
    ['a preamble alone', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])],
    ['the word elsewhere', Buffer.from('DICM'.padStart(200))],
    ['PNG', readFileSync(join(import.meta.dirname, '../fixtures/gray8.png'))],
    ['JPEG', readFileSync(join(import.meta.dirname, '../fixtures/gray.jpg'))],
  ])('is not %s', (_, bytes) => {
    expect(isDicom(bytes)).toBe(false);
  });
});

describe('reading a data set', () => {
  it('steps over sequences of either length, over what they hold, and over private elements', async () => {
    const inner = sequence('00081140', element('7fe00010', 'OW', [9, 9]));
    const known = element('00400275', 'SQ', implicit('fffee000', element('00280010', 'US', [99])));
    const unknown = element(
      '00191010',
      'UN',
      Buffer.concat([item(implicit('00280010', [7])), implicit('fffee0dd', [])]),
      UNDEFINED,
    );
    const [first, ...rest] = image(2, 3);
    const between = [sequence('00282222', inner, Buffer.alloc(0), element('00280011', 'US', [88])), known];
    const bytes = file(
      EXPLICIT,
      inner,
      unknown,
      element('00191011', 'OB', Buffer.alloc(70_000)),
      first!,
      ...between,
      ...rest,
      PIXELS,
    );
    expect(await decoded(bytes)).toEqual(await plain());
  });

  it('knows the VRs of 64-bit values, also within sequences', async () => {
    const values = element('00720082', 'SV', Buffer.alloc(24)); // of which another reader would make elements
    const bytes = file(EXPLICIT, values, sequence('00720400', values), ...image(2, 3), PIXELS);
    expect(await decoded(bytes)).toEqual(await plain());
  });

  it('takes a data set for explicit or implicit by what it is, and says so', async () => {
    const stated = file('1.2.840.10008.1.2', ...image(2, 3), PIXELS);
    expect((await decodeDicom(stated, 1e8)).notes).toEqual(['the data set has VRs, against its transfer syntax']);
    const unstated = file(undefined, ...image(2, 3), PIXELS);
    expect((await decodeDicom(unstated, 1e8)).notes).toEqual(['no transfer syntax stated: told from the data']);
    expect(await decoded(stated)).toEqual(await plain());
    expect(await decoded(unstated)).toEqual(await plain());
  });

  it('reads an element that was written without VR among others', async () => {
    const bytes = file(EXPLICIT, element('00080060', 'CS', 'DX'), implicit('00091001', 'none'), ...image(2, 3), PIXELS);
    expect(await decoded(bytes)).toEqual(await plain());
  });

  it('swaps samples of 8 bits within the words of big endian OW, not of OB', async () => {
    const bits = {
      '00280100': element('00280100', 'US', [8]),
      '00280101': element('00280101', 'US', [8]),
      '00280102': element('00280102', 'US', [7]),
    };
    const swapped = (vr: 'OB' | 'OW') => {
      const elements = [...image(1, 3, bits), element('7fe00010', vr, Buffer.of(1, 2, 3, 4))];
      return file('1.2.840.10008.1.2.2', ...elements.map(bigEndian));
    };
    expect(await decoded(swapped('OB'))).toEqual([1, 2, 3]);
    expect(await decoded(swapped('OW'))).toEqual([2, 1, 4]);
  });

  it('stops where it is told to, and says whether the bytes ended before', () => {
    const bytes = file(EXPLICIT, ...image(2, 3), PIXELS);
    const { dataSet, cut } = readFirstElements(bytes.subarray(0, bytes.length - 40), (tag) => tag > 'x00280011');
    expect([dataSet.integer('Rows'), dataSet.integer('Columns'), dataSet.integer('BitsAllocated'), cut]).toEqual([
      2,
      3,
      undefined,
      false,
    ]);
    expect(readFirstElements(bytes.subarray(0, 200), (tag) => tag > 'x00280011').cut).toBe(true);
  });

  it('refuses a deflated file that grows over the limit', async () => {
    const mebibyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
    const zeros = Array.from({ length: imageLimits.bytes / 2 ** 20 }, () => mebibyte);
    const bomb = file('1.2.840.10008.1.2.1.99', ...zeros, deflateRawSync(Buffer.of(0)));
    await expect(decodeDicom(bomb, 1e8)).rejects.toThrow(
      `a deflated DICOM file of more than ${imageLimits.bytes} bytes`,
    );
  }, 20_000);
});

/** An element of `bytes.ts` the other way round, but for the bytes of its value where that is no 16-bit number. */
function bigEndian(element: Buffer): Buffer {
  const bytes = Buffer.from(element);
  const vr = bytes.toString('latin1', 4, 6);
  bytes.subarray(0, 4).swap16();
  if (vr.startsWith('O')) bytes.subarray(8, 12).swap32();
  else bytes.subarray(6, 8).swap16();
  if (vr === 'US') bytes.subarray(8).swap16();
  return bytes;
}
