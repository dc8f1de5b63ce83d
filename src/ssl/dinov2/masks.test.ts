import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import { readSafetensors, scope, toBytes, toFloat32Array } from '../../torch/index.js';
import { type BlockMaskOptions, blockMask, drawMasks, patchMasks } from './masks.js';

const { tensors: reference } = readSafetensors(join(import.meta.dirname, 'fixtures', 'masks.safetensors'));

/** Gives the numbers that Python drew for the original, and fails where they are not asked for as there. */
class Replay extends Random {
  private readonly uniforms: Float64Array;
  private readonly integers: BigInt64Array;
  private used = { uniforms: 0, integers: 0 };

  constructor(prefix: string) {
    super(0);
    const [uniforms, integers] = ['uniforms', 'integers'].map(
      (name) => toBytes(reference[`${prefix}/${name}`]!).buffer,
    );
    this.uniforms = new Float64Array(uniforms!);
    this.integers = new BigInt64Array(integers!);
  }

  override uniform(): number {
    return this.uniforms[this.used.uniforms++]!;
  }

  override integer(n: number): number {
    const at = 2 * this.used.integers++;
    expect(Number(this.integers[at])).toBe(n);
    return Number(this.integers[at + 1]);
  }

  expectEnd(): void {
    expect(this.used).toEqual({ uniforms: this.uniforms.length, integers: this.integers.length / 2 });
  }
}

describe('block-wise masks equal the original for the same random numbers', () => {
  const cases: [string, BlockMaskOptions, number[]][] = [
    ['square', { grid: [14, 14], maxPatches: 98 }, [19, 47, 60, 98, 0, 1, 3]],
    ['wide', { grid: [5, 9], maxPatches: 22 }, [4, 10, 20, 30]],
    ['few', { grid: [6, 6], maxPatches: 18, minPatches: 2, aspect: [0.5, 1.5] }, [3, 9, 18]],
  ];
  it.each(cases)('%s', (name, options, counts) => {
    const random = new Replay(`masks/${name}`);
    for (const [i, count] of counts.entries()) {
      expect(blockMask(count, options, random), `mask ${i}`).toEqual(toBytes(reference[`masks/${name}/${i}`]!));
    }
    random.expectEnd();
  });

  it.each([
    ['half', 6, 14, [0.1, 0.5], 0.5],
    ['some', 5, 7, [0.2, 0.4], 0.3],
    ['none', 2, 7, [0.1, 0.5], 0.2],
  ] as const)('of a batch: %s', (name, images, side, ratio, probability) => {
    const random = new Replay(`collate/${name}`);
    const blocks = { grid: [side, side] as const, maxPatches: 0.5 * side * side };
    const drawn = drawMasks(2 * images, { ...blocks, ratio, probability }, random);
    random.expectEnd();
    scope(() => {
      const { masks, indices, weights } = patchMasks(drawn);
      expect(toBytes(masks)).toEqual(toBytes(reference[`collate/${name}/masks`]!));
      expect(toBytes(indices)).toEqual(toBytes(reference[`collate/${name}/indices`]!));
      expect(toFloat32Array(weights)).toEqual(toFloat32Array(reference[`collate/${name}/weights`]!));
    });
  });
});

it('a share of the images is masked, within the ratio, and the seed decides which', () => {
  const draw = (seed: number) =>
    drawMasks(40, { grid: [14, 14], maxPatches: 98, probability: 0.5, ratio: [0.1, 0.5] }, new Random(seed));
  const counts = draw(3).map((mask) => mask.reduce((sum, value) => sum + value, 0));
  expect(counts.filter((count) => count > 0)).toHaveLength(20);
  expect(Math.max(...counts)).toBeLessThanOrEqual(98);
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
});
