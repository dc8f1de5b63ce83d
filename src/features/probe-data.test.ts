import { describe, expect, it } from 'vitest';
import type { PictureSet, PictureSplit } from '../datasets/index.js';
import { pictureProbe } from './probe-data.js';

const set = (splits: (PictureSplit | undefined)[]): PictureSet => ({
  name: 'set',
  classes: ['a', 'b'],
  pictures: splits.map((split, i) => ({
    id: `${i}`,
    source: { kind: 'file', path: `${i}` },
    label: i % 2,
    ...(split && { split }),
  })),
  notes: [],
});
const counts = ({ splits }: ReturnType<typeof pictureProbe>) =>
  Object.fromEntries(Object.entries(splits).map(([name, images]) => [name, images.length]));

describe('pictures to judge weights by', () => {
  it('are split 70, 10 and 20 % where nobody says how', () => {
    const probe = pictureProbe(set(Array(100).fill(undefined)), { seed: 1 });
    expect(counts(probe)).toEqual({ train: 70, validate: 10, test: 20 });
  });

  it('are tested on where the publisher says so, and on no other', () => {
    const published = Array.from({ length: 100 }, (_, i) => (i < 60 ? ('train' as const) : ('test' as const)));
    const probe = pictureProbe(set(published), { seed: 1 });
    expect(counts(probe)).toEqual({ train: 54, validate: 6, test: 40 });
    expect(probe.splits.test.every(({ id }) => Number(id) >= 60)).toBe(true);
  });

  it('are all split by the seed where they are of one published split', () => {
    expect(counts(pictureProbe(set(Array(100).fill('test')), { seed: 1 }))).toEqual({
      train: 70,
      validate: 10,
      test: 20,
    });
  });
});
