import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../base/index.js';
import type { FrameFormat } from '../frame.js';
import { decodeJpegLs } from './jpeg-ls.js';

interface Encoder {
  getDecodedBuffer(frame: { width: number; height: number; bitsPerSample: number; componentCount: number }): Uint8Array;
  setNearLossless(near: number): void;
  setInterleaveMode(mode: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

const require = createRequire(import.meta.url);
const silent = { print: () => {}, printErr: () => {} };
const charls: { JpegLSEncoder: new () => Encoder } = await require('@cornerstonejs/codec-charls/wasmjs')(silent);

interface Picture {
  rows: number;
  columns: number;
  components: 1 | 3;
  bits: number;
  /** [H, W, C] */
  samples: Uint8Array | Uint16Array;
}

const formatOf = ({ rows, columns, components, bits }: Picture): FrameFormat => ({
  rows,
  columns,
  samplesPerPixel: components,
  bitsAllocated: bits > 8 ? 16 : 8,
  bitsStored: bits,
  signed: false,
  planarConfiguration: 0,
  photometricInterpretation: components === 1 ? 'MONOCHROME2' : 'RGB',
});

/** Noise, waves, flat fields with edges, or single points: long runs, short ones, and none. */
function picture(random: Random): Picture {
  const [bits, components] = [2 + random.integer(15), random.integer(2) ? 1 : 3] as [number, 1 | 3];
  const [rows, columns, kind] = [1 + random.integer(40), 1 + random.integer(60), random.integer(4)];
  const largest = 2 ** bits - 1;
  const values = [
    () => random.uniform(),
    (x: number, y: number, c: number) => 0.5 + 0.45 * Math.sin(x / 7 + c) * Math.cos(y / 9) + 0.01 * random.uniform(),
    (x: number, y: number) => (((x >> 3) + (y >> 3)) % 3) / 3,
    () => (random.uniform() < 0.02 ? 1 : 0),
  ];
  const samples = bits > 8 ? new Uint16Array(rows * columns * components) : new Uint8Array(rows * columns * components);
  for (let i = 0; i < samples.length; i++) {
    const pixel = Math.floor(i / components);
    const value = values[kind]!(pixel % columns, Math.floor(pixel / columns), i % components);
    samples[i] = Math.min(largest, Math.floor(largest * value + 0.5));
  }
  return { rows, columns, components, bits, samples };
}

function encoded({ rows, columns, components, bits, samples }: Picture, near: number, interleave: number): Uint8Array {
  const encoder = new charls.JpegLSEncoder();
  const frame = { width: columns, height: rows, bitsPerSample: bits, componentCount: components };
  const planes = samples.slice();
  const pixels = rows * columns;
  if (interleave === 0)
    for (let i = 0; i < samples.length; i++)
      planes[(i % components) * pixels + Math.floor(i / components)] = samples[i]!;
  encoder.getDecodedBuffer(frame).set(new Uint8Array(planes.buffer));
  encoder.setNearLossless(near);
  encoder.setInterleaveMode(interleave);
  encoder.encode();
  const bytes = encoder.getEncodedBuffer().slice();
  encoder.delete();
  return bytes;
}

describe('JPEG-LS', () => {
  it('decodes what CharLS encodes: every depth, near-lossless, interleaved in each way', () => {
    const random = Random.of(17);
    for (let round = 0; round < 250; round++) {
      const image = picture(random);
      const near = random.integer(2) * Math.min(random.integer(7), (2 ** image.bits - 1) >> 1);
      const interleave = image.components === 1 ? 0 : random.integer(3);
      const { data } = decodeJpegLs(encoded(image, near, interleave), formatOf(image));
      let largest = 0;
      for (const [i, value] of image.samples.entries()) largest = Math.max(largest, Math.abs(value - data[i]!));
      const { rows, columns, components, bits } = image;
      expect(largest, JSON.stringify({ rows, columns, components, bits, near, interleave })).toBeLessThanOrEqual(near);
    }
  });

  // CharLS of the release for WebAssembly takes 10 to 30 s over these 200 bytes.
  it('ends at once on codes that would grow without end', () => {
    const bytes = Buffer.from(
      '/9j/9wALEAAeACUBAREA//gADQH//wAhAFwBNwBA/9oACAEBAAUAAKRh5M+y2OTowbauYe4cw7mF8zvmaOlwEqx/XMRDSkBCTkFIRUFAw81CoTQMdOjSpWUsidBCQE1EwsSUjKpDqChIOIiLLIiLjJMFUqhp6DAxFEeJioo0HUoRIWlKylNKyh4p0ZkxAzFJZUiR86GHJSWjROIqYeWhKUqEJYWyqLpPoo6lRDlcVRQITiEM9+hZDQlkhUSFjUkWLhS4EsayUUc=',
      'base64',
    );
    const format = { ...formatOf({ rows: 30, columns: 37, components: 1, bits: 16, samples: new Uint16Array() }) };
    const started = performance.now();
    expect(() => decodeJpegLs(new Uint8Array(bytes), format)).toThrow(/^JPEG/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('decodes broken data to something or says what is wrong, soon', () => {
    const random = Random.of(18);
    const started = performance.now();
    for (let round = 0; round < 3000; round++) {
      const image = picture(random);
      const near = Math.min(random.integer(4), (2 ** image.bits - 1) >> 1);
      const bytes = encoded(image, near, image.components === 1 ? 0 : random.integer(3));
      for (let count = 1 + random.integer(8); count > 0; count--)
        bytes[25 + random.integer(bytes.length - 25)] = random.integer(256);
      try {
        expect(decodeJpegLs(bytes, formatOf(image)).data).toHaveLength(image.samples.length);
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
      }
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
