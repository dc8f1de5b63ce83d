import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { contentHash, readNpy, writeNpy } from '../base/index.js';
import type { ImageSource } from '../imaging/index.js';

/** Where features of judged weights are kept: $XDG_CACHE_HOME/hilum/features, or ~/.cache/hilum/features. */
export function featureCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hilum', 'features');
}

/** Changes with any image, by its file's size and time of change, and with their order. */
export function imagesKey(images: readonly { id: string; source: ImageSource }[]): string {
  return contentHash(
    images.map(({ id, source }) => {
      if (source.kind === 'pixels') return [id, contentHash(Buffer.from(source.read()).toString('base64'))];
      const stat = statSync(source.path, { throwIfNoEntry: false });
      return [id, source.path, stat?.size, stat?.mtimeMs];
    }),
  );
}

/** Features as they are kept: `[N, D]`, and the image of each row `[N]`. */
export interface KeptFeatures {
  features: Float32Array;
  dimensions: number;
  rows: Int32Array;
}

/** Bytes that a folder of features may grow to; the ones that were longest not used go first. */
const LIMIT = 4 * 2 ** 30;

/** Features by key, in a folder; null keeps none. */
export class FeatureCache {
  constructor(private readonly folder: string | null) {}

  read(key: string): KeptFeatures | undefined {
    const [features, rows] = this.paths(key);
    if (this.folder === null || !existsSync(features) || !existsSync(rows)) return undefined;
    const { shape, data } = readNpy(features);
    const now = new Date();
    for (const path of [features, rows]) utimesSync(path, now, now);
    return { features: data as Float32Array, dimensions: shape[1]!, rows: readNpy(rows).data as Int32Array };
  }

  write(key: string, { features, dimensions, rows }: KeptFeatures): void {
    if (this.folder === null) return;
    const [featuresPath, rowsPath] = this.paths(key);
    writeNpy(featuresPath, { shape: [rows.length, dimensions], data: features });
    writeNpy(rowsPath, { shape: [rows.length], data: rows });
    this.shrink();
  }

  private paths(key: string): [features: string, rows: string] {
    const of = (part: string) => join(this.folder ?? '', `${key.slice(0, 32)}-${part}.npy`);
    return [of('features'), of('rows')];
  }

  private shrink(): void {
    const files = readdirSync(this.folder!)
      .filter((name) => /^[0-9a-f]{32}-(features|rows)\.npy$/.test(name))
      .map((name) => ({ path: join(this.folder!, name), ...fileFacts(join(this.folder!, name)) }))
      .sort((a, b) => b.used - a.used);
    let total = 0;
    for (const { path, bytes } of files) {
      total += bytes;
      if (total > LIMIT) rmSync(path, { force: true });
    }
  }
}

function fileFacts(path: string): { bytes: number; used: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { bytes: stat?.size ?? 0, used: stat?.mtimeMs ?? 0 };
}
