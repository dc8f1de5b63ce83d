import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot, writeNpy } from '../src/base/index.js';
import {
  batches,
  type CachedImages,
  type CacheSettings,
  epochOrder,
  ImageCache,
  ImagePool,
  prepareCache,
} from '../src/imaging/index.js';
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
import { writeDicomFiles, writePngFiles } from './radiograph-files.js';

export const description = 'preparing PNG and DICOM radiographs, and reading them from the cache, here and in Python';

export const flags: BenchmarkFlags = {
  png: { help: 'PNG files of 1024 x 1024 pixels', default: '200' },
  dicom: { help: 'DICOM files of 2000 x 2000 pixels', default: '60' },
  cached: { help: 'images in the cache that is read', default: '4000' },
  size: { help: 'side of the prepared images in pixels', default: '224' },
  batch: { help: 'images per batch that is read', default: '32' },
  images: {
    help: 'folder whose PNG files of 1024 x 1024 pixels are used, else phantoms are drawn',
    default: join(packageRoot(), '../shared/data/native/chestxray14'),
  },
};

const PNG_SIDE = 1024;
const DICOM_SIDE = 2000;

export async function run(options: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), 'hilum-bench-'));
  const pool = new ImagePool({ size: options.threads });
  try {
    return await measure(options, folder, pool, machine);
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  { flags: given, threads, rounds, seconds: limit, say }: BenchmarkOptions,
  folder: string,
  pool: ImagePool,
  machine: BenchmarkRow['machine'],
): Promise<BenchmarkRow[]> {
  const number = (flag: string) => positiveInteger(flag, given[flag]!);
  const [size, batch] = [number('size'), number('batch')];
  const settings: CacheSettings = {
    sizes: [size],
    channels: 1,
    fit: 'stretch',
    bits: 8,
    intensity: { minMax: true, equalize: true },
  };
  const preprocessing = { size, channels: 1, fit: 'stretch', minMax: true, equalize: true } as const;

  say('writing files');
  const pngOptions = { count: number('png'), side: PNG_SIDE, folder: given.images! };
  const { paths: png, what } = await writePngFiles(join(folder, 'png'), pngOptions);
  const dicom = writeDicomFiles(join(folder, 'dicom'), { count: number('dicom'), side: DICOM_SIDE });

  let caches = 0;
  /** A whole pass into a new folder, as `hilum data prepare` does it. */
  const prepare = async (paths: readonly string[]): Promise<string> => {
    const images = paths.map((path, i) => ({ id: `${i}`, path }));
    const source = { name: 'bench', root: folder, options: {} };
    const out = join(folder, `cache-${caches++}`);
    const { index } = await prepareCache({ folder: out, source, images, absent: [], settings, pool, strict: true });
    if (index.images.ready !== paths.length)
      throw new Error(`prepare: ${index.images.ready} of ${paths.length} images`);
    return out;
  };

  say('preparing the cache that is read');
  const few = png.slice(0, 50);
  const cached = await prepare(Array.from({ length: number('cached') }, (_, i) => few[i % few.length]!));
  const reader = ImageCache.open(cached).images(
    Array.from({ length: number('cached') }, (_, i) => `${i}`),
    preprocessing,
  );
  const npy = join(folder, 'cached.npy');
  await writeCopy(npy, reader);

  const peerSettings = { processes: threads, size, png, dicom, out: folder, cached: npy, batch };
  await using peer = await PythonPeer.start('prepare_peer.py', [JSON.stringify(peerSettings)], 1);
  const versions = { threads: String(threads), images: what, ...peer.versions };

  const rows: BenchmarkRow[] = [];
  const compare = async (
    name: string,
    count: number,
    ours: () => Promise<unknown>,
    round: string,
    peerName: string,
  ) => {
    const rate = (time: number) => count / time;
    const sides = await interleave(
      async () => {
        const figure = rate(await seconds(ours));
        say(`  here ${figure.toPrecision(4)} images/s`);
        return figure;
      },
      async () => {
        const figure = rate(await peer.seconds(round));
        say(`  ${peerName} ${figure.toPrecision(4)} images/s`);
        return figure;
      },
      rounds,
      { warmup: 1, seconds: limit },
    );
    rows.push(row({ name, unit: 'images/s', better: 'more', ...sides, peerName, versions, machine }));
  };
  const prepareRow = async (kind: string, paths: readonly string[], round: string, peerName: string) => {
    const name = `prepare ${paths.length} ${kind} to ${size} px, ${threads} threads`;
    say(name);
    const ours = async () => rmSync(await prepare(paths), { recursive: true });
    await compare(name, paths.length, ours, round, `${peerName}, ${threads} processes`);
  };
  await prepareRow(`PNG ${PNG_SIDE} x ${PNG_SIDE}`, png, 'opencv', 'OpenCV');
  await prepareRow(`PNG ${PNG_SIDE} x ${PNG_SIDE}`, png, 'pillow', 'Pillow');
  await prepareRow(`DICOM ${DICOM_SIDE} x ${DICOM_SIDE}, 12 of 16 bits`, dicom, 'pydicom', 'pydicom');

  const name = `read ${reader.length} cached images of ${size} px, batches of ${batch} in random order`;
  say(name);
  let epoch = 0;
  const read = async () => {
    for await (const { images } of batches(reader, epochOrder(reader.length, 1, epoch++), { batchSize: batch })) {
      if (images.length === 0) throw new Error('read: an empty batch');
    }
  };
  await compare(name, reader.length, read, 'read', 'NumPy memory map');
  return rows;
}

/** The same images as NumPy keeps them. */
async function writeCopy(path: string, reader: CachedImages): Promise<void> {
  const [channels, height, width] = reader.shape;
  const data = new Uint8Array(reader.length * channels * height * width);
  for (let i = 0; i < reader.length; i++) data.set(await reader.read(i), i * channels * height * width);
  writeNpy(path, { shape: [reader.length, channels, height, width], data });
}
