import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { resize } from '../resize.js';
import { show } from './display.js';
import { EXPLICIT, element, file, image, sequence } from './fixtures/bytes.js';
import { readDicom } from './image.js';
import { lookUpAll, valuesIn } from './passes.js';
import { decodeDicom } from './stages.js';

// What pydicom can say of the pipeline is in references.test.ts; here is the rest.

const ds = (tag: string, value: string) => ({ [tag]: element(tag, 'DS', value) });
const cs = (tag: string, value: string) => ({ [tag]: element(tag, 'CS', value) });
const us = (tag: string, ...value: number[]) => ({ [tag]: element(tag, 'US', value) });

async function shown(values: number[], changes: Record<string, Buffer>, view?: number) {
  const bytes = file(EXPLICIT, ...image(1, values.length, changes), element('7fe00010', 'OW', values));
  return show(await readDicom(bytes, 1e8), view);
}

describe('windows', () => {
  it('are taken by their number, with their explanation', async () => {
    const two = { ...ds('00281050', '100\\1000'), ...ds('00281051', '201\\2001'), ...cs('00281055', 'BONE\\LUNG ') };
    const first = await shown([0, 100, 200, 4000], two);
    expect([first.voi, first.views]).toEqual([
      { kind: 'window', center: 100, width: 201, function: 'LINEAR', explanation: 'BONE' },
      2,
    ]);
    // (x - 99.5) / 200 + 0.5
    expect([...first.image.data]).toEqual([164, 32931, 65535, 65535]);
    const second = await shown([0, 1000], two, 1);
    expect(second.voi).toMatchObject({ center: 1000, explanation: 'LUNG' });
    expect([...second.image.data]).toEqual([16, 32784]); // (x - 999.5) / 2000 + 0.5
    await expect(shown([0], two, 2)).rejects.toThrow('a DICOM file of 2 VOI LUTs or windows');
  });

  it('that cannot be used are left out, and this is said', async () => {
    const { voi, notes, image: pixels } = await shown([10, 20, 30], { ...ds('00281050', '0'), ...ds('00281051', '0') });
    expect(voi).toEqual({ kind: 'range', minimum: 10, maximum: 30 });
    expect(notes).toEqual(['the LINEAR window of width 0 (center 0) cannot be used and is left out']);
    expect([...pixels.data]).toEqual([0, 32768, 65535]);
  });
});

describe('lookup tables', () => {
  it('of 8 bits may be packed in bytes', async () => {
    const lut = Buffer.concat([
      element('00283002', 'US', [4, 10, 8]),
      element('00283003', 'LO', 'steep'),
      element('00283006', 'OW', Buffer.of(0, 51, 102, 255)),
    ]);
    const { voi, image: pixels } = await shown([0, 11, 12, 99], { '00283010': sequence('00283010', lut) });
    expect([...pixels.data]).toEqual([0, 51 * 257, 102 * 257, 65535]);
    expect(voi).toMatchObject({ kind: 'lut', explanation: 'steep', table: { first: 10, bits: 8 } });
  });
});

describe('padding and inversion', () => {
  it('shows padding black whether small values are dark or bright', async () => {
    const changes = { ...us('00280120', 0), ...us('00280121', 2) };
    expect([...(await shown([0, 1, 2, 3, 5], changes)).image.data]).toEqual([0, 0, 0, 0, 65535]);
    const inverted = await shown([0, 1, 2, 3, 5], { ...changes, ...cs('00280004', 'MONOCHROME1') });
    expect([...inverted.image.data]).toEqual([0, 0, 0, 65535, 0]);
    expect([inverted.inverted, inverted.padding]).toEqual([true, { low: 0, high: 2 }]);
  });
});

describe('notes', () => {
  it('say which frame it is, and what is not read', async () => {
    const changes = {
      '00280008': element('00280008', 'IS', '2'),
      '52009229': sequence('52009229', us('00280010', 7)['00280010']!),
    };
    const bytes = file(EXPLICIT, ...image(1, 1, changes), element('7fe00010', 'OW', [7, 8]));
    const dicom = await readDicom(bytes, 1e8);
    expect([...dicom.containers]).toEqual([7]);
    expect(dicom.notes).toEqual([
      'frame 1 of 2',
      'functional groups, and what they say of modality and window, are not read',
    ]);
  });
});

describe('passes over whole images', () => {
  const random = new Random(1);
  it.each([
    [8, Uint8Array],
    [16, Uint16Array],
  ] as const)('give what one sample after another gives, at any place in memory: %i bits', (bits, Type) => {
    for (let offset = 0; offset < 4; offset++) {
      for (let length = 0; length < 12; length++) {
        const memory = new Type(20).map(() => random.integer(2 ** bits));
        const from = memory.subarray(offset, offset + length);
        const table = new Type(2 ** bits).map((_, value) => value * 7 + 3);
        const to = new Type(length);
        lookUpAll(from, table, to);
        expect([...to]).toEqual([...from].map((value) => table[value]));
        expect([...valuesIn(from).entries()].filter(([, there]) => there).map(([value]) => value)).toEqual(
          [...new Set(from)].sort((a, b) => a - b),
        );
      }
    }
  });

  it('show a large image as they show a small one', async () => {
    const values = Array.from({ length: 300 }, () => random.integer(4096));
    const changes = { ...ds('00281050', '1800'), ...ds('00281051', '2000'), ...cs('00280004', 'MONOCHROME1') };
    const small = await shown(values, changes);
    const bytes = file(
      EXPLICIT,
      ...image(300, 300, changes),
      element('7fe00010', 'OW', Array(300).fill(values).flat()),
    );
    const large = show(await readDicom(bytes, 1e8));
    expect(large.image.data).toEqual(
      Uint16Array.from(
        Array(300)
          .fill([...small.image.data])
          .flat(),
      ),
    );
    const range = await shown(values, {});
    const wide = file(EXPLICIT, ...image(300, 300), element('7fe00010', 'OW', Array(300).fill(values).flat()));
    expect(show(await readDicom(wide, 1e8)).image.data.subarray(0, 300)).toEqual(range.image.data);
  });
});

describe('an image that is decoded for a size', () => {
  const random = Random.of(1, 'pixels');
  const values = Array.from({ length: 301 * 260 }, () => random.integer(65536)); // also above the 12 bits stored
  const window = { ...ds('00281050', '2000'), ...ds('00281051', '3000') };

  it.each([
    ['with a window', window],
    ['without one', {}],
    ['MONOCHROME1', { ...window, ...cs('00280004', 'MONOCHROME1 ') }],
    ['signed', { ...window, ...us('00280103', 1) }],
    ['with padding', { ...window, ...us('00280120', 1234) }],
  ])('comes as indices, and ends with the same pixels: %s', async (_, changes) => {
    for (const [rows, columns] of [
      [301, 260],
      [260, 301],
    ] as const) {
      const bytes = file(EXPLICIT, ...image(rows, columns, changes), element('7fe00010', 'OW', values));
      for (const target of [
        { size: 32, fit: 'stretch' },
        { size: 60, fit: 'pad' },
        { size: 200, fit: 'crop' },
      ] as const) {
        const indices = await decodeDicom(bytes, 1e8, target);
        expect(indices.table).toBeDefined();
        const plain = await decodeDicom(bytes, 1e8);
        expect(plain.table).toBeUndefined();
        expect(await resize(indices, target)).toEqual(await resize(plain, target));
      }
    }
  });
});
