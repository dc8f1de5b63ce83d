import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { decodeBytes } from '../decode.js';
import { ImageError } from '../image.js';
import { EXPLICIT, element, file, image, implicit, sequence, UNDEFINED } from './fixtures/bytes.js';

const synthetic = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures/synthetic', `${name}.dcm`));
const debian = '/usr/lib/python3/dist-packages/pydicom/data/test_files';

/** The pixels, or the reason of the ImageError; anything else that is thrown fails the test. */
async function outcome(bytes: Uint8Array): Promise<number[] | string> {
  try {
    return [...(await decodeBytes('broken.dcm', bytes)).data];
  } catch (error) {
    if (error instanceof ImageError) return error.reason;
    throw error;
  }
}

async function reason(...dataSet: Buffer[]): Promise<string> {
  const result = await outcome(file(EXPLICIT, ...dataSet));
  if (typeof result !== 'string') throw new Error('the file was read');
  return result;
}

const PIXELS = element('7fe00010', 'OW', [1, 2, 3, 4, 5, 6]);
const NAMES = [
  'unsigned-12',
  'implicit',
  'big-endian-lut',
  'deflated',
  'palette-8',
  'ybr-full-422',
  'window-of-two',
  'frames',
  'voi-lut-two',
];

describe('a DICOM file cut anywhere', () => {
  it.each(NAMES)('is an ImageError: %s', async (name) => {
    const bytes = synthetic(name);
    const whole = await outcome(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const result = await outcome(bytes.subarray(0, length));
      // The last byte may be padding.
      if (length < bytes.length - 1) expect(result, `${length} bytes`).toBeTypeOf('string');
      else if (typeof result !== 'string') expect(result).toEqual(whole);
    }
  });

  it.skipIf(!existsSync(debian))(
    'is an ImageError or, without its last delimiter, the image: encapsulated',
    async () => {
      const bytes = readFileSync(join(debian, 'SC_rgb_small_odd_jpeg.dcm'));
      const whole = await outcome(bytes);
      for (let length = 0; length < bytes.length; length++) {
        const result = await outcome(bytes.subarray(0, length));
        if (typeof result !== 'string') expect(result, `${length} bytes`).toEqual(whole);
        if (length < bytes.length - 8) expect(result, `${length} bytes`).toBeTypeOf('string');
      }
    },
  );
});

describe('a DICOM file with wrong bytes', () => {
  it.each(NAMES)('is an ImageError or an image, lengths of 4 GiB anywhere: %s', async (name) => {
    const bytes = synthetic(name);
    for (let at = 132; at + 4 <= bytes.length; at++) {
      const wrong = Buffer.from(bytes);
      wrong.fill(0xff, at, at + 4);
      await outcome(wrong);
    }
  });

  it('is an ImageError or an image, whatever the bytes', async () => {
    const random = new Random(1);
    const files = NAMES.map(synthetic);
    let images = 0;
    for (let i = 0; i < 4000; i++) {
      const wrong = Buffer.from(files[i % files.length]!);
      for (let n = random.integer(4); n >= 0; n--)
        wrong[132 + random.integer(wrong.length - 132)] = random.integer(256);
      if (typeof (await outcome(wrong)) !== 'string') images++;
    }
    expect(images).toBeGreaterThan(100);
    expect(images).toBeLessThan(3900);
  }, 20_000);
});

describe('a DICOM file made to harm', () => {
  it.each([
    ['explicit', element('00081140', 'SQ', [], UNDEFINED)],
    ['implicit', implicit('00081140', [], UNDEFINED)],
  ])('is refused for sequences nested 10,000 deep: %s', async (_, header) => {
    const opening = Buffer.concat([header, implicit('fffee000', [], UNDEFINED)]);
    const nested = Buffer.concat([
      element('00081140', 'UN', [], UNDEFINED),
      Buffer.alloc(10_000 * opening.length, opening),
    ]);
    const first = header.length === 8 ? nested : nested.subarray(12);
    expect(await reason(first)).toBe('a DICOM file whose sequences never end');
  });

  it('is refused for lookup tables nested 10,000 deep or without end', async () => {
    const levels = Array.from({ length: 10_000 }, (_, depth) => {
      const inside = 20 * (9_999 - depth);
      return [element('00283010', 'SQ', [], 8 + inside), implicit('fffee000', [], inside)];
    });
    const lengths = Buffer.concat(levels.flat());
    expect(await reason(...image(2, 3, { '00283010': lengths }), PIXELS)).toMatch(
      /invalid VOILUTSequence|without LUTDescriptor/,
    );
    const items = element('00283010', 'SQ', Buffer.alloc(8 * 600_000, implicit('fffee000', [])));
    expect(await reason(...image(2, 3, { '00283010': items }), PIXELS)).toMatch(/invalid VOILUTSequence/);
  }, 20_000);

  it('is refused for a million elements', async () => {
    const empty = Buffer.alloc(8 * 1_000_001, element('00091001', 'CS', ''));
    expect(await reason(empty, ...image(2, 3), PIXELS)).toBe('a DICOM file of more than 1000000 elements');
  }, 20_000);

  it.each([
    ['60000 x 60000 pixels, over the limit of 100000000', image(60000, 60000)],
    ['a truncated DICOM file: 12 bytes of pixel data, where 9000 x 9000 pixels are 162000000', image(9000, 9000)],
    ['a DICOM file without Rows', image(2, 3, { '00280010': Buffer.alloc(0) })],
    ['a DICOM file with an invalid Columns (0)', image(2, 0)],
    [
      'a DICOM file of 1-bit pixels (a mask or overlay, not a radiograph)',
      image(2, 3, { '00280100': element('00280100', 'US', [1]) }),
    ],
    ['a DICOM file with an invalid BitsAllocated (12)', image(2, 3, { '00280100': element('00280100', 'US', [12]) })],
    ['a DICOM file with an invalid BitsStored (17)', image(2, 3, { '00280101': element('00280101', 'US', [17]) })],
    ['a DICOM file with an invalid HighBit (3)', image(2, 3, { '00280102': element('00280102', 'US', [3]) })],
    [
      'a DICOM file with an invalid PixelRepresentation (2)',
      image(2, 3, { '00280103': element('00280103', 'US', [2]) }),
    ],
    [
      'a DICOM file with an invalid PhotometricInterpretation (RGB of 1 samples)',
      image(2, 3, { '00280004': element('00280004', 'CS', 'RGB') }),
    ],
    ['a DICOM file with an invalid NumberOfFrames (0)', image(2, 3, { '00280008': element('00280008', 'IS', '0') })],
    [
      'a truncated DICOM file: 12 bytes of pixel data, where 2000000000 frames of 3 x 2 pixels are 24000000000',
      image(2, 3, { '00280008': element('00280008', 'IS', '2000000000') }),
    ],
    [
      'a DICOM file with an invalid RescaleSlope (0)',
      image(2, 3, { '00281052': element('00281052', 'DS', '0'), '00281053': element('00281053', 'DS', '0.0') }),
    ],
    [
      "a DICOM file with an invalid WindowCenter ('wide')",
      image(2, 3, { '00281050': element('00281050', 'DS', 'wide') }),
    ],
    [
      'a DICOM file with an invalid VOILUTFunction (LOG)',
      image(2, 3, {
        '00281050': element('00281050', 'DS', '1'),
        '00281051': element('00281051', 'DS', '1'),
        '00281056': element('00281056', 'CS', 'LOG'),
      }),
    ],
  ])('is refused: %s', async (expected, dataSet) => {
    expect(await reason(...dataSet, PIXELS)).toBe(expected);
  });

  it('is refused for a lookup table shorter than it says, and for one of no bits', async () => {
    const lut = (descriptor: number[], data: number[]) =>
      image(2, 3, {
        '00283010': sequence(
          '00283010',
          Buffer.concat([element('00283002', 'US', descriptor), element('00283006', 'US', data)]),
        ),
      });
    expect(await reason(...lut([9, 0, 12], [1, 2, 3]), PIXELS)).toBe(
      'a DICOM file with an invalid LUTData (3 entries where LUTDescriptor says 9)',
    );
    expect(await reason(...lut([3, 0, 0], [1, 2, 3]), PIXELS)).toBe(
      'a DICOM file with an invalid LUTDescriptor (0 bits per entry)',
    );
    expect(await reason(...lut([3], [1, 2, 3]), PIXELS)).toBe('a DICOM file without LUTDescriptor');
  });

  it('is refused for pixels that are none: reports, floating point, nothing', async () => {
    const of = (modality: string) => element('00080060', 'CS', modality);
    expect(await reason(of('SR'))).toBe('a DICOM file without pixel data (modality SR)');
    expect(await reason(of('Doe^Jane'))).toBe('a DICOM file without pixel data'); // whatever stands there is not repeated
    expect(await reason(...image(2, 3), element('7fe00008', 'OW', [0, 0]))).toBe(
      'a DICOM file of floating point pixels',
    );
    expect(await outcome(file('1.2.3.4', ...image(2, 3), PIXELS))).toBe(
      'a DICOM file of a transfer syntax that hilum does not read (1.2.3.4)',
    );
  });
});
