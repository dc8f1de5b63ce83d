import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readNpy } from '../base/index.js';
import { decode } from './decode.js';
import { preprocess, radiographPreprocessing } from './preprocess.js';
import { decodeStage } from './stages.js';

// The stages of DICOM are held to pydicom in dicom/references.test.ts.

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const synthetic = (name: string) => join(import.meta.dirname, 'dicom/fixtures/synthetic', `${name}.dcm`);
const folder = mkdtempSync(join(tmpdir(), 'hilum-stages-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('stages', () => {
  it.each(['stored', 'modality', 'display'] as const)('of a PNG, %s is the image as decoded', async (stage) => {
    const gray = await decodeStage(fixture('gray16.png'), stage);
    const expected = readNpy(fixture('gray16.npy'));
    expect(gray).toMatchObject({ stage, dtype: 'uint16', shape: expected.shape.slice(1), info: { format: 'PNG' } });
    expect(gray.data).toEqual(expected.data);
    const color = await decodeStage(fixture('rgb8.png'), stage);
    const [, height, width] = readNpy(fixture('rgb8.npy')).shape;
    expect([color.dtype, color.shape]).toEqual(['uint8', [height, width, 3]]);
    const planar = readNpy(fixture('rgb8.npy')).data;
    const n = height! * width!;
    expect([...color.data.slice(0, 6)]).toEqual([0, n, 2 * n, 1, n + 1, 2 * n + 1].map((at) => planar[at]));
  });

  it('of every format, network is what preprocess makes of the display', async () => {
    for (const path of [fixture('gray16.png'), synthetic('monochrome1-window'), synthetic('rgb')]) {
      const preprocessing = { ...radiographPreprocessing, size: 20, channels: 3 as const, equalize: false };
      const { shape, dtype, data, info } = await decodeStage(path, 'network', { preprocessing });
      expect([dtype, shape, info.preprocessing]).toEqual(['uint8', [3, 20, 20], preprocessing]);
      expect(data).toEqual(await preprocess(await decode({ kind: 'file', path }), preprocessing));
    }
  });

  it('say how a DICOM image came about', async () => {
    const { info } = await decodeStage(synthetic('window-of-two'), 'display', { view: 1 });
    expect(info.dicom).toEqual({
      transferSyntax: { uid: '1.2.840.10008.1.2.1', name: 'Explicit VR Little Endian' },
      photometricInterpretation: 'MONOCHROME2',
      bitsAllocated: 16,
      bitsStored: 12,
      signed: false,
      frames: 1,
      modality: { kind: 'none' },
      voi: { kind: 'window', center: 500, width: 400, function: 'LINEAR' },
      views: 2,
      inverted: false,
    });
    const lut = await decodeStage(synthetic('modality-lut-window'), 'modality');
    expect([lut.dtype, lut.info.dicom?.modality]).toEqual([
      'uint16',
      { kind: 'lut', table: { first: 1500, entries: 600, bits: 16 } },
    ]);
    expect((await decodeStage(synthetic('frames'), 'stored')).info.notes).toEqual(['frame 1 of 3']);
  });

  it('are refused with the name of the file, or of the setting', async () => {
    const path = join(folder, 'none.dcm');
    await expect(decodeStage(path, 'stored')).rejects.toThrow(`${path}: found no such file`);
    writeFileSync(path, 'text');
    await expect(decodeStage(path, 'stored')).rejects.toThrow(`${path}: found a file that is not an image`);
    await expect(decodeStage(synthetic('window-of-two'), 'display', { view: 2 })).rejects.toThrow(
      'of 2 VOI LUTs or windows',
    );
    const preprocessing = { ...radiographPreprocessing, size: 0 };
    await expect(decodeStage(path, 'network', { preprocessing })).rejects.toThrow('preprocessing: size: found 0');
  });
});
