import { describe, expect, it } from 'vitest';
import type { StoredFrame } from '../frame.js';
import { frameNamed, frames } from './fixtures/frames.js';
import { decodeFrame, transferSyntaxes } from './index.js';

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';

function largestDifference(a: StoredFrame['data'], b: StoredFrame['data']): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/** A JPEG without its APP segments, which say what its colours are. */
function withoutApps(jpeg: Uint8Array): Uint8Array {
  const kept = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + ((jpeg[at + 2]! << 8) | jpeg[at + 3]!);
    if ((jpeg[at + 1]! & 0xf0) !== 0xe0) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return new Uint8Array(Buffer.concat([...kept, jpeg.subarray(at)]));
}

describe('decodeFrame', () => {
  it.each(frames)('decodes $name as another decoder does', async ({ transferSyntax, format, encoded, ...other }) => {
    const frame = await decodeFrame(transferSyntax, encoded, format);
    expect(frame.data.constructor).toBe(other.reference.constructor);
    expect(frame.data.length).toBe(other.reference.length);
    expect(largestDifference(frame.data, other.reference)).toBeLessThanOrEqual(other.tolerance);
    const { rows, columns, samplesPerPixel } = format;
    const photometricInterpretation = samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2';
    expect(frame).toMatchObject({ rows, columns, samplesPerPixel, photometricInterpretation });
  });

  it('has a fixture for every transfer syntax', () => {
    expect(new Set(frames.map(({ transferSyntax }) => transferSyntax))).toEqual(new Set(transferSyntaxes.keys()));
  });

  it('leaves the encoded bytes as they are, wherever they lie in their buffer, and what is padded behind them', async () => {
    for (const { transferSyntax, encoded, format, reference, tolerance } of frames) {
      const padded = new Uint8Array(encoded.length + 8);
      padded.set(encoded, 7);
      const part = padded.subarray(7);
      const { data } = await decodeFrame(transferSyntax, part, format);
      expect(largestDifference(data, reference)).toBeLessThanOrEqual(tolerance);
      expect(Buffer.compare(part.subarray(0, -1), encoded)).toBe(0);
    }
  });

  it('takes colour for what the JPEG says, then for what the data set says, but never RGB for subsampled', async () => {
    const full = frameNamed('JPEG baseline YBR 4:4:4');
    const halved = frameNamed('JPEG baseline YBR 4:2:0');
    const rgb = { ...full.format, photometricInterpretation: 'RGB' };
    const decoded = async (encoded: Uint8Array, format = rgb) =>
      (await decodeFrame(JPEG_BASELINE, encoded, format)).data;

    expect(await decoded(full.encoded)).toEqual(full.reference); // JFIF is YBR
    expect(await decoded(withoutApps(full.encoded), full.format)).toEqual(full.reference);
    expect(await decoded(withoutApps(halved.encoded))).toEqual(halved.reference);
    const asTheyAre = await decoded(withoutApps(full.encoded));
    const [y, cb, cr] = asTheyAre as unknown as [number, number, number];
    expect(Math.abs(y + 1.402 * (cr - 128) - full.reference[0]!)).toBeLessThanOrEqual(1);
    expect(Math.abs(y + 1.772 * (cb - 128) - full.reference[2]!)).toBeLessThanOrEqual(1);
  });

  it('turns YBR_FULL of codecs that know no colour into RGB', async () => {
    const { transferSyntax, encoded, format, reference } = frameNamed('RLE RGB 8 bits');
    const ybr = { ...format, photometricInterpretation: 'YBR_FULL' };
    const { data, photometricInterpretation } = await decodeFrame(transferSyntax, encoded, ybr);
    expect(photometricInterpretation).toBe('RGB');
    const [y, , cr] = reference as unknown as [number, number, number];
    expect(data[0]).toBe(Math.min(255, Math.max(0, Math.round(y + 1.402 * (cr - 128)))));
  });

  it('reads JPEG 2000 whose sign is not the data set’s as two’s complement', async () => {
    const { transferSyntax, encoded, format, reference } = frameNamed('HTJ2K 12 bits');
    const { data } = await decodeFrame(transferSyntax, encoded, { ...format, signed: true });
    expect(data).toEqual(Int16Array.from(reference, (value) => (value << 20) >> 20));

    const signed = frameNamed('JPEG 2000 16 bits signed');
    const unsigned = await decodeFrame(signed.transferSyntax, signed.encoded, { ...signed.format, signed: false });
    expect(unsigned.data).toEqual(Uint16Array.from(signed.reference));
  });

  it('finds the codestream within the boxes of a JP2 file', async () => {
    const { transferSyntax, encoded, format, reference } = frameNamed('JPEG 2000 12 bits unsigned');
    const box = (type: string, content: Uint8Array) => {
      const header = Buffer.alloc(8);
      header.writeUInt32BE(8 + content.length);
      header.write(type, 4, 'latin1');
      return Buffer.concat([header, content]);
    };
    const signature = box('jP  ', new Uint8Array([0x0d, 0x0a, 0x87, 0x0a]));
    const jp2 = Buffer.concat([signature, box('ftyp', Buffer.from('jp2 \0\0\0\0jp2 ')), box('jp2c', encoded)]);
    expect((await decodeFrame(transferSyntax, new Uint8Array(jp2), format)).data).toEqual(reference);
  });

  it('widens samples of fewer bits to what the data set allocates', async () => {
    const { transferSyntax, encoded, format, reference } = frameNamed('JPEG-LS 8 bits signed');
    const { data } = await decodeFrame(transferSyntax, encoded, { ...format, bitsAllocated: 16, bitsStored: 8 });
    expect(data).toEqual(Int16Array.from(reference));
  });

  it('decodes side by side', async () => {
    const decoded = await Promise.all(frames.map((one) => decodeFrame(one.transferSyntax, one.encoded, one.format)));
    for (const [i, { data }] of decoded.entries())
      expect(largestDifference(data, frames[i]!.reference)).toBeLessThanOrEqual(frames[i]!.tolerance);
  });
});
