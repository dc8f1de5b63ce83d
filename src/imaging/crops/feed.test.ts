import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { InputError, Random } from '../../base/index.js';
import { decode } from '../decode.js';
import type { ImageSource } from '../image.js';
import { toEightBits } from '../intensity.js';
import { drawCrop } from './draw.js';
import { type CropBatch, CropFeed, type CropFeedOptions } from './feed.js';
import { cropsOf } from './image-crops.js';
import { type CropRecipe, dinov2Crops, radiographCrops } from './recipe.js';
import { Workbench } from './workbench.js';

const fixture = (name: string): ImageSource => ({
  kind: 'file',
  path: join(import.meta.dirname, '../fixtures', name),
});
const noise = (name: string, height: number, width: number): ImageSource => {
  const random = Random.of(1, name);
  const data = new Uint8Array(3 * height * width).map(() => random.integer(256));
  return { kind: 'pixels', name, width, height, channels: 3, read: () => data };
};

const folder = mkdtempSync(join(tmpdir(), 'hilum-crops-'));
afterAll(() => rmSync(folder, { recursive: true }));
const feeds: CropFeed[] = [];
afterEach(() => Promise.all(feeds.splice(0).map((feed) => feed.close())));

const recipe = dinov2Crops({ globalSize: 40, localSize: 16, locals: 3 });
const sources = [
  fixture('rgb420.jpg'),
  noise('a', 50, 70),
  fixture('detail.png'),
  noise('b', 9, 200),
  noise('c', 1, 1),
  fixture('palette.png'),
  noise('d', 64, 48),
];
const order = Int32Array.of(3, 0, 6, 5, 1, 4, 2);

function feedOf(images: ImageSource[], options: Partial<CropFeedOptions> = {}, crops: CropRecipe = recipe): CropFeed {
  const feed = new CropFeed(images, crops, { seed: 7, size: 2, ...options });
  feeds.push(feed);
  return feed;
}

async function all(batches: AsyncIterable<CropBatch>): Promise<CropBatch[]> {
  const result: CropBatch[] = [];
  for await (const batch of batches) result.push(batch);
  return result;
}

/** Crop `crop` of the image at `slot`. */
function cropAt({ indices, local, localShape }: CropBatch, slot: number, crop: number): Uint8Array {
  const length = localShape[1] * localShape[2] * localShape[3];
  const at = (crop * indices.length + slot) * length;
  return local.subarray(at, at + length);
}

describe('CropFeed', () => {
  it('gives the same batches with any number of threads: those that this thread would make', async () => {
    const settings = { epoch: 2, batchSize: 3 };
    const [one, three] = await Promise.all(
      [1, 3].map((size) => all(feedOf(sources, { size }).batches(order, settings))),
    );
    expect(three).toEqual(one);
    expect(one!.map(({ indices }) => [...indices])).toEqual([[3, 0, 6], [5, 1, 4], [2]]);
    const workbench = new Workbench();
    for (const batch of one!) {
      const images = batch.indices.length;
      expect(batch.globalShape).toEqual([2 * images, 3, 40, 40]);
      expect(batch.localShape).toEqual([3 * images, 3, 16, 16]);
      expect(batch.replaced).toEqual([]);
      expect(batch.global.byteOffset + batch.global.byteLength).toBe(batch.global.buffer.byteLength);
      for (const [slot, image] of batch.indices.entries()) {
        const alone = cropsOf(await decode(sources[image]!), recipe, { seed: 7, epoch: 2, image }, workbench);
        for (let crop = 0; crop < 2; crop++) {
          const from = (crop * images + slot) * 4800;
          const expected = alone.global.subarray(crop * 4800, (crop + 1) * 4800);
          expect(batch.global.subarray(from, from + 4800)).toEqual(expected);
        }
        for (let crop = 0; crop < 3; crop++)
          expect(cropAt(batch, slot, crop)).toEqual(alone.local.subarray(crop * 768, (crop + 1) * 768));
      }
    }
    expect(one!.map(({ enlarged }) => enlarged)).toEqual([1, 2, 0]);
  });

  it('gives other crops in another epoch, with another seed, and to each image', async () => {
    const twins = [sources[1]!, sources[1]!];
    const of = async (seed: number, epoch: number) => {
      const feed = feedOf(twins, { seed });
      const [batch] = await all(feed.batches(Int32Array.of(0, 1), { epoch, batchSize: 2 }));
      return batch!;
    };
    const first = await of(1, 0);
    const crops = [first, await of(1, 1), await of(2, 0)].map((batch) => cropAt(batch, 0, 0).join());
    for (const crop of [1, 2]) crops.push(cropAt(first, 0, crop).join());
    crops.push(cropAt(first, 1, 0).join());
    expect(new Set(crops).size).toBe(crops.length);
  });

  it('goes on where it left off', async () => {
    const settings = { epoch: 0, batchSize: 2, dropLast: true };
    const whole = await all(feedOf(sources).batches(order, settings));
    const feed = feedOf(sources);
    const resumed: CropBatch[] = [];
    for await (const batch of feed.batches(order, { ...settings, start: 1, ahead: 0 })) {
      resumed.push(batch);
      if (resumed.length === 1) break;
    }
    resumed.push(...(await all(feed.batches(order, { ...settings, start: 2 }))));
    expect(whole).toHaveLength(3);
    expect(resumed).toEqual(whole.slice(1));
  });

  it('replaces what cannot be read by the next of the order, and says so', async () => {
    const text = join(folder, 'text.png');
    writeFileSync(text, 'not an image');
    const some = [...sources];
    some[0] = { kind: 'file', path: text };
    some[6] = { kind: 'file', path: join(folder, 'missing.png') };
    some[5] = { kind: 'file', path: text };
    const settings = { epoch: 0, batchSize: 3 };
    const feed = feedOf(some);
    const batches = await all(feed.batches(order, settings));
    // [3, 0, 6], [5, 1, 4], [2]: behind the first batch 5 is broken too, then come 1 and 4.
    expect(batches.map(({ indices }) => [...indices])).toEqual([[3, 1, 4], [2, 1, 4], [2]]);
    expect(batches[0]!.replaced).toEqual([
      { image: 0, by: 1, reason: expect.stringContaining('text.png: found a file that is not an image') },
      { image: 6, by: 4, reason: expect.stringContaining('missing.png: found no such file') },
    ]);
    expect(batches[1]!.replaced).toMatchObject([{ image: 5, by: 2 }]);
    expect([...feed.unreadable.keys()].sort()).toEqual([0, 5, 6]);
    // Nothing is shown twice: what comes in another's place has crops of its own.
    expect(cropAt(batches[0]!, 1, 0)).not.toEqual(cropAt(batches[1]!, 1, 0));
    expect(cropAt(batches[1]!, 0, 0)).not.toEqual(cropAt(batches[2]!, 0, 0));
    expect(await all(feedOf(some, { size: 1 }).batches(order, settings))).toEqual(batches);
  });

  it('refuses a folder of broken images, and a recipe that makes no sense', async () => {
    const broken: ImageSource[] = [1, 2, 3].map((i) => ({ kind: 'file', path: join(folder, `${i}.png`) }));
    const failing = all(feedOf(broken).batches(Int32Array.of(0, 1, 2), { epoch: 0, batchSize: 2 }));
    await expect(failing).rejects.toThrow(InputError);
    await expect(failing).rejects.toThrow('images for crops: found 3, of which too few can be read');
    const senseless = { ...recipe, locals: -1 };
    expect(() => new CropFeed(sources, senseless, { seed: 0 })).toThrow('crops: locals: found -1');
  });

  it('ends early without beginning what is left', async () => {
    let begun = 0;
    const image = noise('many', 60, 60) as ImageSource & { kind: 'pixels' };
    const read = () => {
      begun++;
      return image.read();
    };
    const feed = feedOf(Array(400).fill({ ...image, read }), { size: 1 });
    const order = Int32Array.from({ length: 400 }, (_, i) => i);
    for await (const batch of feed.batches(order, { epoch: 0, batchSize: 4, ahead: 90 })) {
      expect(batch.indices).toHaveLength(4);
      break;
    }
    expect(begun).toBeGreaterThan(3);
    expect(begun).toBeLessThan(100);
  });
});

describe('radiographs', () => {
  it('of 16 bits are spread over 0..255 as a whole, then cropped', async () => {
    const image = await decode(fixture('radiograph16.png'));
    expect(image.maximum).toBe(65535);
    const recipe = radiographCrops({ globalSize: 32, localSize: 16, locals: 2 });
    const key = { seed: 3, epoch: 1, image: 4 };
    const { global, local } = cropsOf(image, recipe, key, new Workbench());
    const { height, width } = image;
    const data = toEightBits(image.data, 65535, { minMax: true, equalize: false });
    expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
    const eight = { width, height, channels: 1, maximum: 255, data } as const;
    const plain = { ...recipe, intensity: { minMax: false, equalize: false } };
    expect(cropsOf(eight, plain, key, new Workbench())).toEqual({ global, local, enlarged: false });
    expect(global).toHaveLength(2 * 32 * 32);
    expect(local).toHaveLength(2 * 16 * 16);
  });

  it('keep their look: no colour, no inversion, half of the image at least in the large crops', () => {
    const { global, local } = radiographCrops();
    const random = new Random(1);
    for (let i = 0; i < 2000; i++) {
      const { crop, jitter, gray, solarized, blur } = drawCrop(global[1], 512, 512, random);
      expect(gray || solarized).toBe(false);
      expect((crop.height * crop.width) / 512 ** 2).toBeGreaterThan(0.49);
      expect(blur).toBeLessThanOrEqual(1);
      for (const { step, amount } of jitter) {
        expect(['brightness', 'contrast']).toContain(step);
        expect(Math.abs(amount - 1)).toBeLessThanOrEqual(0.2);
      }
      expect(drawCrop(local, 512, 512, random).jitter.length).toBeLessThanOrEqual(2);
    }
  });
});
