import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readNpy } from '../../../src/base/index.js';
import { printed } from '../../../test/printed.js';
import { main } from '../../main.js';

vi.mock('../../output.js', async (original) => (await import('../../../test/printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-decode-'));
const out = join(folder, 'x.npy');
const synthetic = (name: string) =>
  join(import.meta.dirname, '../../../src/imaging/dicom/fixtures/synthetic', `${name}.dcm`);

afterEach(() => {
  printed.out = '';
  printed.err = '';
  process.exitCode = undefined;
  rmSync(out, { force: true });
});

describe('hilum data decode', () => {
  it('writes the pixels and says what they are', async () => {
    expect(await main(['data', 'decode', synthetic('rescale'), '--stage', 'modality', '--out', out])).toBe(0);
    expect(printed.out).toContain(
      `${out}: modality pixels, float64 [6, 8]\nDICOM, Explicit VR Little Endian, MONOCHROME2`,
    );
    const { shape, data } = readNpy(out);
    expect(shape).toEqual([6, 8]);
    expect([data[0], data[1]]).toEqual([200, 4095 * 0.684 + 200]);
  });

  it('prints one document with --json, notes within', async () => {
    expect(await main(['data', 'decode', synthetic('frames'), '--out', out, '--json'])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({
      stage: 'display',
      shape: [6, 8],
      dtype: 'uint16',
      info: { format: 'DICOM', notes: ['frame 1 of 3'], dicom: { frames: 3, voi: { kind: 'range' } } },
    });
    expect(printed.err).toBe('');
  });

  it('preprocesses as it is told', async () => {
    const flags = ['--size', '32', '--channels', '3', '--fit', 'pad', '--no-min-max', '--no-equalize', '--json'];
    expect(await main(['data', 'decode', synthetic('rgb'), '--out', out, '--stage', 'network', ...flags])).toBe(0);
    expect(JSON.parse(printed.out).info.preprocessing).toEqual({
      size: 32,
      channels: 3,
      fit: 'pad',
      minMax: false,
      equalize: false,
      interpolation: 'lanczos',
    });
    expect(readNpy(out).shape).toEqual([3, 32, 32]);
  });

  it('takes another window, and refuses one that is not there', async () => {
    const decode = (view: string) => main(['data', 'decode', synthetic('window-of-two'), '--out', out, '--view', view]);
    expect(await decode('2')).toBe(0);
    expect(printed.out).toContain('"center":500');
    expect(await decode('3')).toBe(2);
    expect(printed.err).toContain('a DICOM file of 2 VOI LUTs or windows');
  });

  it('writes nothing where the file cannot be read', async () => {
    expect(await main(['data', 'decode', join(folder, 'none.dcm'), '--out', out])).toBe(2);
    expect(printed.err).toContain('no such file');
    expect(() => readNpy(out)).toThrow();
  });
});
