import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { python } from '../../../test/reference.js';
import { sharedData } from '../../../test/shared-data.js';
import { decodeStage, type Stage } from '../stages.js';

/** SHA-256 of what pydicom and gdcm read, made by `fixtures/make_references.py`. */
interface Reference {
  refused?: string;
  transferSyntax: string;
  shape: number[];
  dtype: string;
  stored: string;
  modality: string;
  display: [dtype: string, sha256: string];
}
type Source = 'synthetic' | 'pydicom' | 'shared';
type References = Record<Source, Record<string, Reference>> & { versions: Record<string, string> };

const fixtures = join(import.meta.dirname, 'fixtures');
const stored = JSON.parse(readFileSync(join(fixtures, 'references.json'), 'utf8')) as References;
const folders: Record<Source, string | undefined> = {
  synthetic: join(fixtures, 'synthetic'),
  pydicom: '/usr/lib/python3/dist-packages/pydicom/data/test_files', // of Debian and Ubuntu
  shared: sharedData('native'),
};

const sha256 = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  createHash('sha256')
    .update(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength))
    .digest('hex');

describe.each(Object.keys(folders) as Source[])('DICOM files: %s', (source) => {
  const folder = folders[source];
  const present = folder && existsSync(folder);

  // Equal to the last bit, lossy JPEG included: the codecs hold to libjpeg-turbo and OpenJPEG, which gdcm uses, too.
  it.skipIf(!present).each(Object.entries(stored[source]))('%s equals pydicom and gdcm', async (name, reference) => {
    const path = join(folder!, name);
    const at = (stage: Stage) => decodeStage(path, stage);
    if (reference.refused) {
      await expect(at('stored')).rejects.toThrow(path);
      return;
    }
    const pixels = await at('stored');
    expect(pixels.info.dicom?.transferSyntax.uid).toBe(reference.transferSyntax);
    expect([pixels.dtype, pixels.shape]).toEqual([reference.dtype, reference.shape]);
    expect(sha256(pixels.data), 'stored').toBe(reference.stored);
    expect(sha256(Float64Array.from((await at('modality')).data)), 'modality').toBe(reference.modality);
    const display = await at('display');
    expect([display.dtype, sha256(display.data)], 'display').toEqual(reference.display);
  });
});

describe('the references', () => {
  it('are those of every transfer syntax', () => {
    const all = Object.values({ ...stored.synthetic, ...stored.pydicom });
    const read = new Set(all.map(({ transferSyntax }) => transferSyntax));
    const names = ['', '.1', '.1.99', '.2', '.5', '.4.50', '.4.51', '.4.70', '.4.80', '.4.90', '.4.91'];
    for (const name of names) expect(read).toContain(`1.2.840.10008.1.2${name}`);
  });

  it('are those that pydicom and gdcm give today', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'hilum-dicom-'));
    try {
      const script = join(fixtures, 'make_references.py');
      const shared = folders.shared;
      if (python(script, folder, ...(shared ? [shared] : [])) === undefined) context.skip('no pydicom and gdcm');
      const fresh = JSON.parse(readFileSync(join(folder, 'references.json'), 'utf8')) as References;
      const { pydicom } = stored.versions;
      if (fresh.versions.pydicom !== pydicom) context.skip(`pydicom ${fresh.versions.pydicom}, not ${pydicom}`);
      expect(fresh.synthetic).toEqual(stored.synthetic);
      expect(fresh.pydicom).toEqual(stored.pydicom);
      if (shared) expect(fresh.shared).toEqual(stored.shared);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
