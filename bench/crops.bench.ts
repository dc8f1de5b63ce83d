import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot, Random } from '../src/base/index.js';
import { CropFeed, dinov2Crops, epochOrder, type ImageSource } from '../src/imaging/index.js';
import { drawTexture, textureNames } from '../src/phantoms/index.js';
import {
  type BenchmarkFlags,
  type BenchmarkOptions,
  type BenchmarkRow,
  interleave,
  positiveInteger,
  row,
  seconds,
} from './harness.js';
import { describeMachine } from './machine.js';
import { PythonPeer } from './python-peer.js';
import { inTemporaryFolder } from './temporary-folder.js';

export const description = "DINOv2's crops (2 of 224, 8 of 96 pixels) from JPEG files, here and by torchvision";

export const flags: BenchmarkFlags = {
  pictures: { help: 'drawn pictures of 500 x 375 pixels, the usual size of ImageNet', default: '200' },
  natural: { help: 'real pictures at most, where there are any', default: '400' },
  images: {
    help: 'folder whose JPEG files are used as well',
    default: join(packageRoot(), '../shared/data/natural/imagenet-mini'),
  },
  batch: { help: 'images per batch', default: '16' },
};

const CROPS_PER_IMAGE = 10;
const DRAWN = { width: 500, height: 375 };
/** Different drawn pictures; more would only take longer to draw. */
const DISTINCT = 16;

export async function run(options: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const machine = describeMachine();
  return inTemporaryFolder((folder) => measure(options, folder, machine));
}

async function measure(
  { flags: given, threads, rounds, seconds: limit, say }: BenchmarkOptions,
  folder: string,
  machine: BenchmarkRow['machine'],
): Promise<BenchmarkRow[]> {
  const number = (flag: string) => positiveInteger(flag, given[flag]!);
  const batchSize = number('batch');
  say('drawing pictures');
  const sets: Record<string, string[]> = { drawn: await drawPictures(folder, number('pictures')) };
  const natural = jpegFiles(given.images!).slice(0, number('natural'));
  if (natural.length > 0) sets.natural = natural;

  await using peer = await PythonPeer.start(
    'crops_peer.py',
    [JSON.stringify({ processes: threads, batch: batchSize, sets })],
    1,
  );
  const rows: BenchmarkRow[] = [];
  for (const [set, paths] of Object.entries(sets)) {
    const sources = paths.map((path): ImageSource => ({ kind: 'file', path }));
    const feed = new CropFeed(sources, dinov2Crops(), { seed: 1, size: threads });
    let epoch = 0;
    const ours = async () => {
      const order = epochOrder(paths.length, 1, epoch);
      let images = 0;
      for await (const batch of feed.batches(order, { epoch: epoch++, batchSize })) {
        if (batch.replaced.length > 0) throw new Error(`crops: ${batch.replaced[0]!.reason}`);
        images += batch.indices.length;
      }
      if (images !== paths.length) throw new Error(`crops: ${images} of ${paths.length} images`);
    };
    try {
      for (const form of ['published', 'bytes'] as const) {
        const what = set === 'drawn' ? `${DRAWN.width} x ${DRAWN.height} drawn pictures` : 'natural pictures';
        const result = form === 'bytes' ? 'both sides give 8 bits' : 'torchvision normalizes too, as published';
        const name = `crops of ${paths.length} ${what}, ${threads} threads; ${result}`;
        say(name);
        const rate = (side: string, time: number) => {
          const figure = (CROPS_PER_IMAGE * paths.length) / time;
          say(`  ${side} ${figure.toPrecision(4)} crops/s`);
          return figure;
        };
        const sides = await interleave(
          async () => rate('here', await seconds(ours)),
          async () => rate('torchvision', await peer.seconds(`${set} ${form}`)),
          rounds,
          { warmup: 1, seconds: limit },
        );
        const peerName = `torchvision, DataLoader of ${threads} workers`;
        const versions = { threads: String(threads), ...peer.versions };
        rows.push(row({ name, unit: 'crops/s', better: 'more', ...sides, peerName, versions, machine }));
      }
    } finally {
      await feed.close();
    }
  }
  return rows;
}

/** JPEG files of drawn textures. */
async function drawPictures(folder: string, count: number): Promise<string[]> {
  const { width, height } = DRAWN;
  const paths = Array.from({ length: Math.min(count, DISTINCT) }, (_, i) => join(folder, `${i}.jpg`));
  for (const [i, path] of paths.entries()) {
    const square = drawTexture(textureNames[i % textureNames.length]!, width, Random.of(1, 'crops', i));
    const pixels = square.subarray(0, 3 * width * height);
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 90 })
      .toFile(path);
  }
  return Array.from({ length: count }, (_, i) => paths[i % paths.length]!);
}

/** Sorted by name; none where there is no such folder. */
function jpegFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}
