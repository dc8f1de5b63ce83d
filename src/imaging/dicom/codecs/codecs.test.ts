import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FrameFormat, StoredFrame } from '../frame.js';
import { decodeFrame, transferSyntaxes } from './index.js';

interface Fixture {
  name: string;
  transferSyntax: string;
  format: FrameFormat;
  encoded: string;
  image: string;
  /** How far a sample may be from the other decoder's. */
  tolerance: number;
}

const { images, frames } = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/frames.json'), 'utf8')) as {
  images: Record<string, string>;
  frames: Fixture[];
};

const encodedOf = ({ encoded }: Fixture) => new Uint8Array(Buffer.from(encoded, 'base64'));

function referenceOf({ image, format: { signed, bitsAllocated } }: Fixture): StoredFrame['data'] {
  const { buffer } = new Uint8Array(Buffer.from(images[image]!, 'base64'));
  const types = signed ? [Int8Array, Int16Array, Int32Array] : [Uint8Array, Uint16Array, Uint32Array];
  return new types[bitsAllocated >> 4]!(buffer);
}

function largestDifference(a: StoredFrame['data'], b: StoredFrame['data']): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe('decodeFrame', () => {
  it.each(frames)('decodes $name as another decoder does', async (fixture) => {
    const { transferSyntax, format, tolerance } = fixture;
    const reference = referenceOf(fixture);
    const frame = await decodeFrame(transferSyntax, encodedOf(fixture), format);
    expect(frame.data.constructor).toBe(reference.constructor);
    expect(frame.data.length).toBe(reference.length);
    expect(largestDifference(frame.data, reference)).toBeLessThanOrEqual(tolerance);
    expect(frame.photometricInterpretation).toBe(format.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2');
    expect([frame.rows, frame.columns, frame.samplesPerPixel]).toEqual([
      format.rows,
      format.columns,
      format.samplesPerPixel,
    ]);
  });

  it('has a fixture for every transfer syntax', () => {
    expect(new Set(frames.map(({ transferSyntax }) => transferSyntax))).toEqual(new Set(transferSyntaxes.keys()));
  });
});
