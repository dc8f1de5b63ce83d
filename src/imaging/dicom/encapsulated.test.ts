import { describe, expect, it } from 'vitest';
import { firstFrame, RLE } from './encapsulated.js';
import { readDataSet } from './file.js';
import { element, file, implicit, longs, UNDEFINED } from './fixtures/bytes.js';

const JPEG = '1.2.840.10008.1.2.4.50';
const SOI = [0xff, 0xd8];

/** The first of `frames` frames, hexadecimal. */
async function firstOf(
  fragments: number[][],
  frames: number,
  offsets: number[] = [],
  before: Buffer[] = [],
  uid = JPEG,
) {
  const table = Buffer.from(Uint32Array.from(offsets).buffer);
  const items = [table, ...fragments.map((bytes) => Buffer.from(bytes))].map((bytes) => implicit('fffee000', bytes));
  const content = Buffer.concat([...items, implicit('fffee0dd', [])]);
  const { dataSet } = await readDataSet(file(uid, ...before, element('7fe00010', 'OB', content, UNDEFINED)));
  return Buffer.from(firstFrame(dataSet, dataSet.element('PixelData')!, frames, uid)).toString('hex');
}

describe('the first encapsulated frame', () => {
  it('is everything where there is one frame, in however many fragments', async () => {
    expect(await firstOf([[1, 2, 3, 4]], 1)).toBe('01020304');
    expect(await firstOf([[1, 2], [], [3, 4], [...SOI]], 1, [0])).toBe('01020304ffd8');
  });

  it('ends where the basic offset table says', async () => {
    // Offsets count from the first fragment's item: 8 bytes of header and 2 of data each.
    expect(
      await firstOf(
        [
          [1, 2],
          [3, 4],
          [5, 6],
          [7, 8],
        ],
        2,
        [0, 20],
      ),
    ).toBe('01020304');
    expect(
      await firstOf(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        3,
        [0, 10, 20],
      ),
    ).toBe('0102');
  });

  it('ends where the extended offset table says, without the padding', async () => {
    const tables = [element('7fe00001', 'OV', longs(0, 12)), element('7fe00002', 'OV', longs(3, 4))];
    expect(
      await firstOf(
        [
          [1, 2, 3, 0],
          [4, 5, 6, 7],
        ],
        2,
        [],
        tables,
      ),
    ).toBe('010203');
  });

  it('without a table ends before the next codestream, of RLE after one fragment', async () => {
    expect(
      await firstOf(
        [
          [...SOI, 1, 2],
          [3, 4],
          [...SOI, 5, 6],
        ],
        2,
      ),
    ).toBe('ffd801020304');
    expect(
      await firstOf(
        [
          [0xff, 0x4f, 0xff, 0x51],
          [3, 4],
          [0xff, 0x4f, 0xff, 0x51],
        ],
        2,
      ),
    ).toBe('ff4fff510304');
    expect(
      await firstOf(
        [
          [1, 2],
          [3, 4],
        ],
        2,
        [],
        [],
        RLE,
      ),
    ).toBe('0102');
  });

  it('is refused where there is none, or no item', async () => {
    await expect(firstOf([], 1)).rejects.toThrow('whose pixel data is empty');
    const { dataSet } = await readDataSet(file(JPEG, element('7fe00010', 'OB', [1, 2, 3, 4, 5], UNDEFINED)));
    const pixels = dataSet.element('PixelData')!;
    expect(() => firstFrame(dataSet, pixels, 1, JPEG)).toThrow('whose encapsulated pixel data is damaged');
  });
});
