/** Files to damage: one small file of every format and transfer syntax at least, and more where they lie on this machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { frames } from '../../src/imaging/dicom/codecs/fixtures/frames.js';
import { EXPLICIT, element, file, image, implicit, UNDEFINED } from '../../src/imaging/dicom/fixtures/bytes.js';
import { sharedData } from '../shared-data.js';

export interface Sample {
  name: string;
  bytes: Uint8Array;
}

const FIXTURES = resolve(import.meta.dirname, '../../src/imaging/fixtures');
const PYDICOM = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const PICTURE = /\.(png|jpg|tif|webp|jp2|j2k)$/;

/** In a fixed order of names; files of more than `limit` bytes are left out. */
export function samples(limit: number): Sample[] {
  const native = sharedData('native');
  const found = [
    ...filesIn(FIXTURES, PICTURE),
    ...filesIn(join(FIXTURES, 'formats'), PICTURE),
    ...frames.map((frame) => ({ name: `${frame.name}.dcm`, bytes: dicomOf(frame) })),
    ...uncompressed(),
    ...filesIn(PYDICOM, /\.dcm$/),
    ...['chestxray14', 'dicom', 'other'].flatMap((folder) => (native ? filesIn(join(native, folder), /./) : [])),
  ];
  return found.filter(({ bytes }) => bytes.length <= limit);
}

function filesIn(folder: string, pattern: RegExp): Sample[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => ({ name: basename(name), bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

/** A DICOM file around an encoded frame. */
function dicomOf({ transferSyntax, format, encoded }: (typeof frames)[number]): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, signed, photometricInterpretation } = format;
  const attributes = image(rows, columns, {
    '00280002': element('00280002', 'US', [samplesPerPixel]),
    '00280004': element('00280004', 'CS', photometricInterpretation),
    '00280006': element('00280006', 'US', [format.planarConfiguration]),
    '00280100': element('00280100', 'US', [bitsAllocated]),
    '00280101': element('00280101', 'US', [bitsStored]),
    '00280102': element('00280102', 'US', [bitsStored - 1]),
    '00280103': element('00280103', 'US', [signed ? 1 : 0]),
    '00281050': element('00281050', 'DS', '128'),
    '00281051': element('00281051', 'DS', '256'),
  });
  const padded = encoded.length % 2 === 0 ? encoded : Buffer.concat([encoded, Buffer.alloc(1)]);
  const items = [implicit('fffee000', []), implicit('fffee000', padded), implicit('fffee0dd', [])];
  return new Uint8Array(
    file(transferSyntax, ...attributes, element('7fe00010', 'OB', Buffer.concat(items), UNDEFINED)),
  );
}

function uncompressed(): Sample[] {
  const pixels = element(
    '7fe00010',
    'OW',
    Uint8Array.from({ length: 2 * 24 * 32 }, (_, i) => (i & 1 ? i >> 8 : i)),
  );
  const dataSet = [...image(24, 32), pixels];
  const deflated = deflateRawSync(Buffer.concat(dataSet));
  return [
    { name: 'explicit.dcm', bytes: new Uint8Array(file(EXPLICIT, ...dataSet)) },
    { name: 'deflated.dcm', bytes: new Uint8Array(file('1.2.840.10008.1.2.1.99', deflated)) },
  ];
}
