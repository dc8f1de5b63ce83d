import { contentHash } from '../base/index.js';
import { SPLITS } from '../datasets/index.js';
import { ImageStore } from '../imaging/index.js';
import { type ExtractOptions, extractFeatures } from './extract.js';
import { type FeatureCache, imagesKey, type KeptFeatures } from './feature-cache.js';
import type { FrozenNetwork } from './frozen-network.js';
import type { ProbeData, ProbeImage } from './probe-data.js';

export type ProbeExtract = Pick<ExtractOptions, 'output' | 'layers' | 'precision' | 'batchSize' | 'device' | 'strict'>;

/** Features of the images of all splits, one after the other. */
export interface ProbeFeatures extends KeptFeatures {
  network: FrozenNetwork;
  /** Whether they were kept from before. */
  cached: boolean;
  seconds: number;
}

/** Reads or computes the features of all images for one network after the other; images that come alike are decoded once. */
export class ProbeImages {
  private readonly images: readonly ProbeImage[];
  private readonly key: string;
  private store: { key: string; images: ImageStore } | undefined;

  constructor(
    data: ProbeData,
    private readonly cache: FeatureCache,
  ) {
    this.images = SPLITS.flatMap((split) => data.splits[split]);
    this.key = imagesKey(this.images);
  }

  async featuresOf(
    network: FrozenNetwork,
    { strict, ...extract }: ProbeExtract,
    onProgress?: ExtractOptions['onProgress'],
  ): Promise<ProbeFeatures> {
    const started = performance.now();
    const { batchSize: _, ...what } = extract;
    const key = contentHash({ network: network.key, images: this.key, what });
    const kept = this.cache.read(key);
    const seconds = () => (performance.now() - started) / 1000;
    if (kept && !(strict && kept.rows.length < this.images.length)) {
      return { ...kept, network, cached: true, seconds: seconds() };
    }
    const backbone = network.load().to(extract.device ?? 'cpu');
    try {
      const made = await extractFeatures(backbone, this.reader(network), { ...extract, strict, onProgress });
      this.cache.write(key, made);
      return { ...made, network, cached: false, seconds: seconds() };
    } finally {
      backbone.free();
    }
  }

  /** Ids of the images that have no row: they could not be read. */
  withoutRow(rows: Int32Array): string[] {
    const readable = new Set(rows);
    return this.images.flatMap(({ id }, i) => (readable.has(i) ? [] : [id]));
  }

  private reader({ preprocessing }: FrozenNetwork): ImageStore {
    const key = JSON.stringify(preprocessing);
    if (this.store?.key !== key) {
      const sources = this.images.map(({ source }) => source);
      this.store = { key, images: new ImageStore(sources, preprocessing) };
    }
    return this.store.images;
  }
}
