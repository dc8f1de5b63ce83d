import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputError, Random, readNpy } from '../base/index.js';
import {
  autocast,
  cudaDevices,
  fromArray,
  liveTensors,
  manualSeed,
  rand,
  type Tensor,
  toBytes,
  toFloat32Array,
} from '../torch/index.js';
import { type Placement, place } from './affine.js';
import {
  augmentRadiographs,
  type ContrastiveViews,
  contrastiveView,
  type RadiographAugmentation,
  simclrViews,
  smallDataAugmentation,
  studyAugmentation,
} from './augment.js';
import { changeImages, toThreeChannels, toUnit } from './batch.js';
import { changeBrightness, changeContrast, changeHue, changeSaturation, luma } from './color.js';
import { type Crop, randomCrop } from './random-crop.js';
import { gaussianBlur, resizeCrops } from './resample.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

interface Parameters {
  placements: Placement[];
  crops: Crop[];
  size: number;
  brightness: number[];
  contrast: number[];
  saturation: number[];
  hue: number[];
  sigma: number[];
  radius: number;
}
const parameters = JSON.parse(readFileSync(fixture('augment.json'), 'utf8')) as Parameters;

const devices = cudaDevices() > 0 ? ['cpu', 'cuda:0'] : ['cpu'];

function stored(name: string, device: string): Tensor {
  const { shape, data } = readNpy(fixture(`augment-${name}.npy`));
  return fromArray(data as Float32Array, shape, device);
}

function largestDifference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().amax([0, 1, 2, 3]).item();
}

const sameBits = (a: Tensor, b: Tensor) => Buffer.compare(toBytes(a), toBytes(b)) === 0;
const repeated = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

beforeEach(() => manualSeed(3));

describe('batches', () => {
  it('scales bytes to 0..1 and repeats one channel', () => {
    const x = toUnit(Uint8Array.of(0, 51, 102, 255), [2, 1, 1, 2]);
    expect([...toFloat32Array(x)]).toEqual([0, 0.2, 0.4, 1].map(Math.fround));
    const three = toThreeChannels(x);
    expect(three.shape).toEqual([2, 3, 1, 2]);
    expect([...toFloat32Array(three)]).toEqual([0, 0.2, 0, 0.2, 0, 0.2, 0.4, 1, 0.4, 1, 0.4, 1].map(Math.fround));
    expect(sameBits(toThreeChannels(three), three)).toBe(true);
    expect(() => toThreeChannels(rand([1, 2, 4, 4]))).toThrow('neither 1 nor 3 channels');
  });

  it('changes the chosen images and keeps the bits of the others', () => {
    const x = rand([4, 1, 3, 3]);
    const before = x.clone();
    const changed = changeImages(x, [1, 3], (chosen) => chosen.zero_());
    expect(sameBits(x, before)).toBe(true);
    for (const row of [0, 2]) expect(sameBits(changed.select(0, row), x.select(0, row))).toBe(true);
    for (const row of [1, 3]) expect(changed.select(0, row).amax([0, 1, 2]).item()).toBe(0);
  });
});

describe.each(devices)('numbers against SciPy, torch and colorsys on %s', (device) => {
  it.each([
    ['place', (x: Tensor) => place(x, parameters.placements), 5e-6],
    ['crop', (x: Tensor) => resizeCrops(x, parameters.crops, parameters.size), 1e-6],
    ['luma', luma, 1e-6],
    ['brightness', (x: Tensor) => changeBrightness(x, parameters.brightness), 1e-6],
    ['contrast', (x: Tensor) => changeContrast(x, parameters.contrast), 1e-6],
    ['saturation', (x: Tensor) => changeSaturation(x, parameters.saturation), 1e-6],
    ['hue', (x: Tensor) => changeHue(x, parameters.hue), 5e-6],
    ['blur', (x: Tensor) => gaussianBlur(x, parameters.sigma, parameters.radius), 1e-6],
  ] as const)('%s', (name, change, tolerance) => {
    const x = stored('input', device);
    expect(largestDifference(change(x), stored(name, device))).toBeLessThan(tolerance);
  });

  it('augments as on the CPU', () => {
    const x = stored('input', 'cpu');
    const options = { ...simclrViews, size: 12, jitter: { ...simclrViews.jitter, hue: 0.1 } };
    for (const change of [
      (images: Tensor) => augmentRadiographs(images, smallDataAugmentation, new Random(7)),
      (images: Tensor) => contrastiveView(images, options, new Random(7)),
    ]) {
      const result = change(x.to(undefined, device));
      expect(result.device).toBe(device);
      expect(largestDifference(result.to(undefined, 'cpu'), change(x))).toBeLessThan(1e-5);
    }
  });

  it('uses one channel as its own luma', () => {
    const x = rand([2, 1, 5, 5], undefined, device);
    const mean = x.mean([1, 2, 3], true);
    const expected = x.sub(mean).mul(1.2).add(mean).clamp(0, 1);
    expect(largestDifference(changeContrast(x, [1.2, 1.2]), expected)).toBeLessThan(1e-6);
  });
});

describe('place', () => {
  it.each([
    [90, (x: Tensor) => x.transpose(2, 3).flip(2)],
    [-90, (x: Tensor) => x.transpose(2, 3).flip(3)],
    [180, (x: Tensor) => x.flip([2, 3])],
  ])('turns a square by %i degrees', (rotation, expected) => {
    const x = rand([2, 3, 16, 16]);
    const turned = place(x, repeated(2, { mirrored: false, rotation, scale: 1 }));
    expect(largestDifference(turned, expected(x))).toBeLessThan(1e-5);
  });

  it('doubles a centre', () => {
    const x = rand([1, 1, 8, 8]);
    const large = place(x, [{ mirrored: false, rotation: 0, scale: 2 }]);
    expect(
      largestDifference(large, x.upsampleBilinear2d([16, 16], false).narrow(2, 4, 8).narrow(3, 4, 8)),
    ).toBeLessThan(1e-5);
  });

  it('gives zeros where the image does not reach', () => {
    const half = place(rand([1, 1, 8, 8]).add(1), [{ mirrored: false, rotation: 0, scale: 0.5 }]);
    expect(half.narrow(2, 0, 2).amax([0, 1, 2, 3]).item()).toBe(0);
    expect(half.narrow(2, 2, 4).narrow(3, 2, 4).amin([0, 1, 2, 3]).item()).toBeGreaterThanOrEqual(1);
  });
});

describe('resample', () => {
  it('cuts out a crop of the wanted size, mirrored or not, bit for bit', () => {
    const x = rand([2, 3, 12, 9]);
    const crop = { top: 5, left: 2, height: 6, width: 6 };
    const crops = [
      { ...crop, mirrored: false },
      { ...crop, mirrored: true },
    ];
    const cut = x.narrow(2, 5, 6).narrow(3, 2, 6);
    const result = resizeCrops(x, crops, 6);
    expect(sameBits(result.select(0, 0), cut.select(0, 0))).toBe(true);
    expect(sameBits(result.select(0, 1), cut.select(0, 1).flip(2))).toBe(true);
  });

  it('blurs a constant image into itself, borders included', () => {
    const x = fromArray(new Float32Array(100).fill(0.3), [1, 1, 10, 10]);
    expect(largestDifference(gaussianBlur(x, [1.5], 4), x)).toBeLessThan(1e-6);
  });

  it('draws crops inside the image, of the wanted area and aspect', () => {
    const random = new Random(5);
    const areas: number[] = [];
    for (let i = 0; i < 4000; i++) {
      const { top, left, height, width } = randomCrop(200, 160, [0.2, 1], [3 / 4, 4 / 3], random);
      expect(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 160).toBe(true);
      expect(width / height).toBeGreaterThan(0.73);
      expect(width / height).toBeLessThan(1.37);
      areas.push((height * width) / 32000);
    }
    expect(Math.min(...areas)).toBeGreaterThan(0.19);
    expect(Math.min(...areas)).toBeLessThan(0.21);
    expect(Math.max(...areas)).toBeGreaterThan(0.95);
    const small = areas.filter((area) => area < 0.4).length / areas.length;
    expect(small).toBeGreaterThan(0.22); // 0.25 of the draws, a little more of those that fit
    expect(small).toBeLessThan(0.34);
  });

  it('falls back to the largest centred crop of an aspect in range', () => {
    const random = new Random(5);
    expect(randomCrop(10, 100, [1, 1], [1, 2], random)).toEqual({ top: 0, left: 40, height: 10, width: 20 });
    expect(randomCrop(100, 10, [1, 1], [0.5, 2], random)).toEqual({ top: 40, left: 0, height: 20, width: 10 });
    expect(randomCrop(10, 12, [1, 1], [0.99, 1.01], random)).toEqual({ top: 0, left: 1, height: 10, width: 10 });
  });
});

const still: RadiographAugmentation = { flip: 0, rotation: 0 };

describe('augmentRadiographs', () => {
  it('leaves the bits alone when nothing is on, in a tensor of its own', () => {
    const x = rand([4, 1, 9, 7]);
    const result = augmentRadiographs(x, still, new Random(1));
    expect(sameBits(result, x)).toBe(true);
    result.free();
    expect(x.isFreed).toBe(false);
  });

  it('mirrors exactly, half of the images', () => {
    const x = rand([400, 1, 5, 6]);
    const result = augmentRadiographs(x, { flip: 0.5, rotation: 0 }, new Random(1));
    const mirrored = x.flip(3);
    let count = 0;
    for (let i = 0; i < 400; i++) {
      const flipped = sameBits(result.select(0, i), mirrored.select(0, i));
      expect(flipped || sameBits(result.select(0, i), x.select(0, i))).toBe(true);
      if (flipped) count++;
    }
    expect(count).toBeGreaterThan(160);
    expect(count).toBeLessThan(240);
    const all = augmentRadiographs(x, { flip: 1, rotation: 0 }, new Random(1));
    expect(sameBits(all, mirrored)).toBe(true);
  });

  it('draws flip, rotation, scale, contrast, brightness per image, and applies what was drawn', () => {
    const x = rand([3, 1, 16, 16]);
    const result = augmentRadiographs(x, smallDataAugmentation, new Random(9));
    const random = new Random(9);
    const placements: Placement[] = [];
    const images: Tensor[] = [];
    for (let i = 0; i < 3; i++) {
      placements.push({
        mirrored: random.uniform() < 0.5,
        rotation: random.between(-10, 10),
        scale: random.between(0.8, 1.1),
      });
      const image = changeContrast(x.narrow(0, i, 1).clone(), [random.between(0.7, 1.3)]);
      images.push(image.add(random.between(-0.15, 0.15)).clamp(0, 1));
    }
    images.forEach((image, i) => {
      expect(largestDifference(result.narrow(0, i, 1), place(image, [placements[i]!]))).toBeLessThan(1e-6);
    });
  });

  it('gives the same bits for the same seed, and flips that do not depend on the other steps', () => {
    const x = rand([8, 1, 16, 16]);
    const draw = (seed: number) => augmentRadiographs(x, studyAugmentation, Random.of(seed, 'augment', 3, 17));
    expect(sameBits(draw(1), draw(1))).toBe(true);
    expect(sameBits(draw(1), draw(2))).toBe(false);
    const plain = augmentRadiographs(x, { ...still, flip: 0.5 }, new Random(4));
    const turned = augmentRadiographs(x, { flip: 0.5, rotation: 1e-9 }, new Random(4));
    expect(largestDifference(plain, turned)).toBeLessThan(1e-5);
  });

  it('keeps values in 0..1, the input unchanged, and no other tensor', () => {
    const x = rand([8, 3, 20, 20]);
    const before = x.clone();
    const live = liveTensors();
    const result = augmentRadiographs(x, smallDataAugmentation, new Random(1));
    expect(liveTensors()).toBe(live + 1);
    expect(sameBits(x, before)).toBe(true);
    expect(result.amin([0, 1, 2, 3]).item()).toBe(0);
    expect(result.amax([0, 1, 2, 3]).item()).toBeLessThanOrEqual(1);
  });

  it('records no gradient', () => {
    const x = rand([2, 1, 8, 8]).requiresGrad_();
    expect(augmentRadiographs(x, studyAugmentation, new Random(1)).requiresGrad).toBe(false);
  });

  it.each([
    [{ flip: 1.5 }, 'augmentation: flip: found 1.5; expected a probability, 0 to 1'],
    [{ rotation: -7 }, 'augmentation: rotation: found -7; expected 0 to 180 degrees'],
    [{ scale: [0, 1] }, 'augmentation: scale: found 0..1; expected a range within 0.1 to 10'],
    [{ scale: [1.1, 0.8] }, 'augmentation: scale: found 1.1..0.8'],
    [{ contrast: Number.NaN }, 'augmentation: contrast: found NaN; expected 0 to 1'],
    [{ brightness: 15 }, 'augmentation: brightness: found 15'],
  ] as [Partial<RadiographAugmentation>, string][])('refuses %j', (wrong, message) => {
    const attempt = () => augmentRadiographs(rand([1, 1, 4, 4]), { ...still, ...wrong }, new Random(1));
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });

  it('refuses what is no batch of float32 images', () => {
    const attempt = (x: Tensor) => () => augmentRadiographs(x, still, new Random(1));
    expect(attempt(rand([4, 4, 1]))).toThrow('found float32 [4,4,1]; expected float32 [B, 1 or 3, H, W]');
    expect(attempt(rand([1, 1, 4, 4]).to('float64'))).toThrow('found float64');
  });
});

const quiet: ContrastiveViews = {
  size: 16,
  cropScale: [1, 1],
  aspect: [1, 1],
  flip: 0,
  jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0 },
  gray: 0,
  blur: 0,
};

describe('contrastiveView', () => {
  it('leaves the bits alone when nothing is on', () => {
    const x = rand([4, 3, 16, 16]);
    expect(sameBits(contrastiveView(x, quiet, new Random(1)), x)).toBe(true);
    const jitter = { ...quiet.jitter, probability: 1 };
    expect(sameBits(contrastiveView(x, { ...quiet, jitter }, new Random(1)), x)).toBe(true);
    const flipped = contrastiveView(x, { ...quiet, flip: 1 }, new Random(1));
    expect(sameBits(flipped, x.flip(3))).toBe(true);
  });

  it('draws in the documented order and applies what was drawn', () => {
    const jitter = { probability: 0.8, brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1 };
    const options: ContrastiveViews = { ...simclrViews, size: 40, jitter };
    const x = rand([12, 3, 48, 56]);
    const result = contrastiveView(x, options, new Random(21));
    const random = new Random(21);
    for (let i = 0; i < 12; i++) {
      const crop = {
        ...randomCrop(48, 56, [0.2, 1], [3 / 4, 4 / 3], random),
        mirrored: random.uniform() < 0.5,
      };
      let image = resizeCrops(x.narrow(0, i, 1), [crop], 40);
      const jittered = random.uniform() < 0.8;
      const [brightness, contrast, saturation, hue] = [
        random.between(0.6, 1.4),
        random.between(0.7, 1.3),
        random.between(0.8, 1.2),
        random.between(-0.1, 0.1),
      ];
      if (jittered) {
        changeBrightness(image, [brightness]);
        changeContrast(image, [contrast]);
        changeSaturation(image, [saturation]);
        changeHue(image, [hue]);
      }
      if (random.uniform() < 0.5) image = luma(image).repeat([1, 3, 1, 1]);
      const blurred = random.uniform() < 0.5;
      const sigma = random.between(0.1, 2);
      if (blurred) image = gaussianBlur(image, [sigma], 2);
      expect(largestDifference(result.narrow(0, i, 1), image), `image ${i}`).toBeLessThan(1e-6);
    }
  });

  it('gives gray of equal channels with the wanted frequency', () => {
    const x = rand([200, 3, 16, 16]);
    const view = contrastiveView(x, { ...quiet, gray: 0.3 }, new Random(1));
    const spread = toFloat32Array(view.amax(1).sub(view.amin(1)).amax([1, 2]));
    const grays = spread.filter((value) => value === 0).length;
    expect(grays).toBeGreaterThan(40);
    expect(grays).toBeLessThan(80);
  });

  it('takes one channel: intensity and blur, no colour', () => {
    const x = rand([6, 1, 24, 24]);
    const view = contrastiveView(x, { ...simclrViews, size: 16 }, new Random(2));
    expect(view.shape).toEqual([6, 1, 16, 16]);
    const three = contrastiveView(toThreeChannels(x), { ...simclrViews, size: 16 }, new Random(2));
    expect(largestDifference(toThreeChannels(view), three)).toBeLessThan(1e-5);
  });

  it('gives the same bits for the same seed, and two different views one after the other', () => {
    const x = rand([8, 3, 32, 32]);
    const options = { ...simclrViews, size: 24 };
    const random = Random.of(1, 'augment', 0, 5);
    const [first, second] = [contrastiveView(x, options, random), contrastiveView(x, options, random)];
    expect(sameBits(contrastiveView(x, options, Random.of(1, 'augment', 0, 5)), first)).toBe(true);
    expect(sameBits(first, second)).toBe(false);
  });

  it('keeps the input unchanged and no other tensor', () => {
    const x = rand([8, 3, 32, 32]);
    const before = x.clone();
    const live = liveTensors();
    const view = contrastiveView(x, { ...simclrViews, size: 24 }, new Random(1));
    expect(liveTensors()).toBe(live + 1);
    expect(sameBits(x, before)).toBe(true);
    expect(view.amin([0, 1, 2, 3]).item()).toBeGreaterThanOrEqual(0);
    expect(view.amax([0, 1, 2, 3]).item()).toBeLessThanOrEqual(1 + 1e-6);
  });

  it('refuses to lose bits inside autocast', () => {
    const x = rand([2, 3, 16, 16]);
    expect(() => autocast('cpu', 'bf16', () => contrastiveView(x, quiet, new Random(1)))).toThrow('outside autocast');
  });

  it.each([
    [{ size: 0 }, 'views: size: found 0; expected a whole number of pixels, 8 to 4096'],
    [{ cropScale: [0, 1] }, 'views: cropScale: found 0..1'],
    [{ gray: 2 }, 'views: gray: found 2; expected a probability'],
    [{ jitter: { ...quiet.jitter, probability: -1 } }, 'views: jitter.probability: found -1'],
    [{ jitter: { ...quiet.jitter, hue: 0.6 } }, 'views: jitter.hue: found 0.6; expected 0 to 0.5 of the circle'],
    [{ blurSigma: [0, 2] }, 'views: blurSigma: found 0..2'],
  ] as [Partial<ContrastiveViews>, string][])('refuses %j', (wrong, message) => {
    const attempt = () => contrastiveView(rand([1, 3, 16, 16]), { ...quiet, ...wrong }, new Random(1));
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});
