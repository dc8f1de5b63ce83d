import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random, readNpy } from '../../base/index.js';
import { type CropDraw, drawCrop, type JitterStep } from './draw.js';
import { makeCrop } from './make.js';
import { type CropView, checkCropRecipe, dinov2Crops, radiographCrops } from './recipe.js';
import { Workbench } from './workbench.js';

/** Where an image lies in crops.npy. */
interface Stored {
  shape: [number, number, number];
  at: number;
}

interface Cases {
  cut: { source: 'image' | 'gray'; crop: CropDraw['crop']; size: number; result: Stored }[];
  step: { of: string; step: JitterStep | 'blur' | 'solarize' | 'gray'; amount: number; result: Stored }[];
  whole: { image: Stored; crops: { draw: CropDraw; result: Stored }[] }[];
}

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const json = <T>(name: string) => JSON.parse(readFileSync(fixture(name), 'utf8')) as T;
const cases = json<Cases & Record<string, Stored>>('crops.json');
const pixels = readNpy(fixture('crops.npy')).data as Uint8Array;

const dataOf = ({ shape, at }: Stored) => pixels.subarray(at, at + shape[0] * shape[1] * shape[2]);
const workbench = new Workbench();
const solarize = { probability: 0, threshold: 128 };
const nothing: Omit<CropDraw, 'crop'> = { jitter: [], gray: false, blur: 0, solarized: false };

function made(image: Stored, size: number, draw: CropDraw): Uint8Array {
  const [channels, height, width] = image.shape as [1 | 3, number, number];
  workbench.load({ channels, height, width, data: dataOf(image) }, size);
  return makeCrop(workbench, { size, solarize }, draw);
}

/** Largest difference in levels, and the share of values that differ. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): { largest: number; share: number } {
  expect(found).toHaveLength(expected.length);
  let [largest, differ] = [0, 0];
  for (let i = 0; i < found.length; i++) {
    const distance = Math.abs(found[i]! - expected[i]!);
    if (distance > 0) differ++;
    largest = Math.max(largest, distance);
  }
  return { largest, share: differ / found.length };
}

describe('a crop', () => {
  it('is cut, resized and mirrored bit for bit as by Pillow', () => {
    expect(cases.cut.length).toBeGreaterThan(20);
    for (const { source, crop, size, result } of cases.cut) {
      const found = made(cases[source]!, size, { crop, ...nothing });
      expect(difference(found, dataOf(result)), JSON.stringify({ source, crop, size })).toEqual({
        largest: 0,
        share: 0,
      });
    }
  });

  it.each([
    ['brightness', 0],
    ['contrast', 0],
    ['saturation', 0],
    ['hue', 0],
    ['gray', 0],
    ['solarize', 0],
    ['blur', 1],
  ] as const)('is changed as by torchvision: %s, within %i level', (step, most) => {
    const chosen = cases.step.filter((one) => one.step === step);
    expect(chosen.length).toBeGreaterThan(0);
    for (const { of, amount, result } of chosen) {
      const [, height, width] = cases[of]!.shape;
      const draw: CropDraw = { ...nothing, crop: { top: 0, left: 0, height, width, mirrored: false } };
      if (step === 'gray') draw.gray = true;
      else if (step === 'solarize') draw.solarized = true;
      else if (step === 'blur') draw.blur = amount;
      else draw.jitter = [{ step, amount }];
      const { largest, share } = difference(made(cases[of]!, width, draw), dataOf(result));
      expect(largest, `${step} ${amount} of ${of}`).toBeLessThanOrEqual(most);
      expect(share, `${step} ${amount} of ${of}`).toBeLessThan(0.005);
    }
  });

  it("is what DINOv2's own augmentation makes of the same draws", () => {
    let values = 0;
    let differing = 0;
    for (const { image, crops } of cases.whole) {
      for (const [i, { draw, result }] of crops.entries()) {
        const { largest, share } = difference(made(image, result.shape[1], draw), dataOf(result));
        expect(largest, `crop ${i} ${JSON.stringify(draw)}`).toBeLessThanOrEqual(1);
        values += dataOf(result).length;
        differing += share * dataOf(result).length;
      }
    }
    expect(differing / values).toBeLessThan(0.002);
  });
});

describe('Workbench', () => {
  it('gives the same crops after an image that needs much more memory', () => {
    const crop = { top: 4, left: 2, height: 30, width: 40, mirrored: true };
    const before = made(cases.image!, 32, { crop, ...nothing }).slice();
    const [height, width] = [8200, 16400];
    const data = new Uint8Array(height * width).fill(9);
    data[(height - 1) * width + width - 1] = 255;
    workbench.load({ channels: 1, height, width, data }, 32);
    workbench.cut({ top: height - 8, left: width - 8, height: 8, width: 8, mirrored: false }, 8);
    expect([...workbench.pixels]).toEqual([...Array(63).fill(9), 255]);
    workbench.cut({ top: 0, left: 0, height, width, mirrored: false }, 8);
    expect([...workbench.pixels]).toEqual(Array(64).fill(9));
    expect(made(cases.image!, 32, { crop, ...nothing })).toEqual(before);
    expect(() => workbench.cut(crop, 33)).toThrow('a crop of 33 pixels where 32 were announced');
  });
});

describe('chance', () => {
  interface Rectangles {
    height: number;
    width: number;
    scale: [number, number];
    area: number[];
    aspect: number[];
    top: number[];
    left: number[];
  }
  interface Draws {
    rectangles: Rectangles[];
    dinov2: { shares: Record<string, number>[]; amounts: Record<string, number[]> };
  }
  const draws = json<Draws>('draws.json');
  const view = dinov2Crops().global[1];

  /** Largest distance between the shares of values at or under the reference's inner deciles. Ties count half. */
  function distance(values: number[], deciles: number[]): number {
    const shares = deciles.slice(1, -1).map((decile, i) => {
      const under = values.filter((value) => value < decile - 1e-9).length;
      const upTo = values.filter((value) => value <= decile + 1e-9).length;
      const expected = (i + 1) / 10;
      const [low, high] = [under / values.length, upTo / values.length];
      return expected < low ? low - expected : expected > high ? expected - high : 0;
    });
    return Math.max(...shares);
  }

  it.each(draws.rectangles)('draws rectangles as torchvision does: $height x $width, $scale', (reference) => {
    const { height, width, scale } = reference;
    const random = new Random(3);
    const crops = Array.from({ length: 20_000 }, () => drawCrop({ ...view, scale }, height, width, random).crop);
    const values = {
      area: crops.map((crop) => (crop.height * crop.width) / (height * width)),
      aspect: crops.map((crop) => Math.log(crop.width / crop.height)),
      top: crops.map((crop) => (crop.top + 0.5) / (height - crop.height + 1)),
      left: crops.map((crop) => (crop.left + 0.5) / (width - crop.width + 1)),
    };
    for (const name of ['area', 'aspect', 'top', 'left'] as const)
      expect(distance(values[name], reference[name]), name).toBeLessThan(0.02);
  });

  it("does each step as often and as strongly as DINOv2's augmentation", () => {
    const { global, local } = dinov2Crops();
    const views: CropView[] = [...global, local];
    const amounts = Object.fromEntries(Object.keys(draws.dinov2.amounts).map((name): [string, number[]] => [name, []]));
    for (const [kind, view] of views.entries()) {
      const random = new Random(kind);
      const seen: Record<string, number> = {};
      const count = 20_000;
      for (let i = 0; i < count; i++) {
        const { crop, jitter, gray, blur, solarized } = drawCrop(view, 30, 40, random);
        const names = ['resized_crop', ...jitter.map(({ step }) => `adjust_${step}`)];
        if (jitter.length > 0) names.push('jitter', `first adjust_${jitter[0]!.step}`);
        if (crop.mirrored) names.push('hflip');
        if (gray) names.push('rgb_to_grayscale');
        if (blur > 0) names.push('gaussian_blur');
        if (solarized) names.push('solarize');
        for (const name of names) seen[name] = (seen[name] ?? 0) + 1;
        for (const { step, amount } of jitter) amounts[`adjust_${step}`]!.push(amount);
        if (blur > 0) amounts.gaussian_blur!.push(blur);
      }
      const expected = draws.dinov2.shares[kind]!;
      expect(Object.keys(seen).sort(), `view ${kind}`).toEqual(Object.keys(expected).sort());
      for (const [name, share] of Object.entries(expected))
        expect(Math.abs(seen[name]! / count - share), `view ${kind}: ${name}`).toBeLessThan(0.025);
    }
    for (const [name, deciles] of Object.entries(draws.dinov2.amounts))
      expect(distance(amounts[name]!, deciles), name).toBeLessThan(0.02);
  });

  it('leaves the other draws as they are where a probability changes', () => {
    const changed = { ...view, gray: 1, blur: { ...view.blur, probability: 0 }, solarize };
    const before = drawCrop(view, 30, 40, new Random(1));
    const after = drawCrop(changed, 30, 40, new Random(1));
    expect(after).toEqual({ ...before, gray: true, blur: 0, solarized: false });
  });
});

describe('a recipe', () => {
  it('has a preset for colour and one for radiographs, each in any size', () => {
    for (const preset of [dinov2Crops, radiographCrops]) {
      checkCropRecipe(preset());
      const small = preset({ globalSize: 64, localSize: 32, locals: 4, globalScale: [0.4, 1], localScale: [0.1, 0.4] });
      checkCropRecipe(small);
      expect(small.global.map(({ size, scale }) => ({ size, scale }))).toEqual(
        Array(2).fill({ size: 64, scale: [0.4, 1] }),
      );
      expect(small).toMatchObject({ locals: 4, local: { size: 32, scale: [0.1, 0.4] } });
    }
  });

  it('that makes no sense is refused by the name of the option', () => {
    const { global, local, ...rest } = dinov2Crops();
    const refused = (change: object) => () => checkCropRecipe({ global, local, ...rest, ...change });
    expect(refused({ local: { ...local, size: 7 } })).toThrow('crops: local.size: found 7; expected a whole number');
    expect(refused({ local: { ...local, scale: [0.5, 0.2] } })).toThrow('crops: local.scale: found 0.5..0.2');
    expect(refused({ local: { ...local, scale: [0, 0.2] } })).toThrow('crops: local.scale: found 0..0.2');
    expect(refused({ global: [global[0], { ...global[1], size: 96 }] })).toThrow('crops: global[1].size: found 96');
    expect(refused({ locals: 1.5 })).toThrow('crops: locals: found 1.5');
    expect(refused({ local: { ...local, flip: 2 } })).toThrow('crops: local.flip: found 2');
    expect(refused({ local: { ...local, jitter: { ...local.jitter, hue: 0.6 } } })).toThrow('crops: local.jitter.hue');
    expect(refused({ channels: 2 })).toThrow('crops: channels: found 2; expected 1 or 3');
  });
});
