import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { ImageError } from '../image.js';
import { EXPLICIT, element, file, image } from './fixtures/bytes.js';
import { ageYears, readDicomHeader } from './header.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-header-'));
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const ATTRIBUTES = [
  element('00080018', 'UI', '1.2.3.4'),
  element('00080020', 'DA', '20200310'),
  element('00080060', 'CS', 'DX'),
  element('00080070', 'LO', 'Maker'),
  element('00081090', 'LO', 'Model 7'),
  element('00100020', 'LO', ' P-17 '),
  element('00100030', 'DA', '19600311'),
  element('00100040', 'CS', 'F'),
  element('00180015', 'CS', 'CHEST'),
  element('00185101', 'CS', 'PA'),
  element('0020000d', 'UI', '1.2'),
  element('0020000e', 'UI', '1.2.3'),
];
const HEADER = {
  sopInstanceUid: '1.2.3.4',
  seriesInstanceUid: '1.2.3',
  studyInstanceUid: '1.2',
  patientId: 'P-17',
  patientSex: 'F',
  patientAgeYears: 59,
  modality: 'DX',
  viewPosition: 'PA',
  bodyPartExamined: 'CHEST',
  manufacturer: 'Maker',
  manufacturerModelName: 'Model 7',
  rows: 3000,
  columns: 2500,
  photometricInterpretation: 'MONOCHROME2',
  transferSyntax: EXPLICIT,
};
const PIXELS = element('7fe00010', 'OW', [], 15_000_000);

describe('the header of a DICOM file', () => {
  it('holds what data sets are made of, whether the pixels are there or not', () => {
    const path = made('image.dcm', file(EXPLICIT, ...ATTRIBUTES, ...image(3000, 2500), PIXELS));
    expect(readDicomHeader(path)).toEqual(HEADER);
    truncateSync(path, 200 * 2 ** 30); // sparse: reading it whole would take minutes and more memory than there is
    const started = performance.now();
    expect(readDicomHeader(path)).toEqual(HEADER);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is found behind large elements, and refused behind larger ones', () => {
    const behind = (bytes: number) =>
      file(EXPLICIT, ...ATTRIBUTES, element('00231010', 'OB', Buffer.alloc(bytes)), ...image(3000, 2500), PIXELS);
    expect(readDicomHeader(made('far.dcm', behind(3_000_000)))).toEqual(HEADER);
    const path = made('further.dcm', behind(20_000_000));
    expect(() => readDicomHeader(path)).toThrow(`${path}: found no image attributes within 16777216 bytes`);
  });

  it('is read from a deflated file', () => {
    const body = deflateRawSync(Buffer.concat([...ATTRIBUTES, ...image(3000, 2500), Buffer.alloc(300_000)]));
    const transferSyntax = '1.2.840.10008.1.2.1.99';
    expect(readDicomHeader(made('deflated.dcm', file(transferSyntax, body)))).toEqual({ ...HEADER, transferSyntax });
  });

  it('lacks what the file lacks', () => {
    const header = readDicomHeader(made('report.dcm', file(EXPLICIT, element('00080060', 'CS', 'SR'))));
    expect(header).toMatchObject({ modality: 'SR', patientAgeYears: Number.NaN, transferSyntax: EXPLICIT });
    expect([header.rows, header.patientId, header.viewPosition]).toEqual([undefined, undefined, undefined]);
  });

  it('reads text in UTF-8 where the file says so', () => {
    const text = element('00080070', 'LO', Buffer.from('Gerät'));
    expect(
      readDicomHeader(made('utf8.dcm', file(EXPLICIT, element('00080005', 'CS', 'ISO_IR 192'), text))).manufacturer,
    ).toBe('Gerät');
  });

  it('of another or a truncated file is an ImageError that names it', () => {
    const bytes = file(EXPLICIT, ...ATTRIBUTES, ...image(3000, 2500), PIXELS);
    for (const [name, content, reason] of [
      ['text.dcm', Buffer.from('image,patient'), 'a file that is not DICOM'],
      ['empty.dcm', Buffer.alloc(0), 'an empty file'],
      ['cut.dcm', bytes.subarray(0, 299), 'a truncated DICOM file'],
    ] as const) {
      const path = made(name, content);
      expect(() => readDicomHeader(path)).toThrow(ImageError);
      expect(() => readDicomHeader(path)).toThrow(`${path}: found ${reason}`);
    }
    expect(() => readDicomHeader(join(folder, 'none.dcm'))).toThrow('no such file');
  });
});

describe('ages', () => {
  it.each([
    ['045Y', undefined, undefined, 45],
    ['006M', undefined, undefined, 0.5],
    ['013W', undefined, undefined, 0.249],
    ['100D', undefined, undefined, 0.274],
    ['090Y', '19600101', '20200101', 90], // the stated age counts
    [undefined, '19600310', '20200310', 60],
    [undefined, '1960.03.11', '20200310', 59],
    ['Y45', '19600310', '20200310', 60],
    [undefined, '20210101', '20200101', Number.NaN],
    [undefined, '', '20200101', Number.NaN],
    ['', undefined, undefined, Number.NaN],
  ])('%s, or born %s and studied %s: %s', (age, birth, study, expected) => {
    expect(Math.round(1000 * ageYears(age, birth, study)) / 1000).toBe(expected);
  });
});
