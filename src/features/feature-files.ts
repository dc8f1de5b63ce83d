import { writeFileAtomic } from '../base/index.js';
import { ImageStore } from '../imaging/index.js';
import { setThreads } from '../torch/index.js';
import { describeNetwork } from './describe-network.js';
import { type ExtractOptions, extractFeatures } from './extract.js';
import { type FrozenOptions, openFrozenNetwork } from './frozen-network.js';
import { listImages } from './image-files.js';
import { NpyRows } from './npy-rows.js';
import type { UnreadableImage } from './readable-batches.js';

export interface FeatureFilesOptions {
  /** As `openFrozenNetwork` takes them. */
  weights: string;
  /** Image files, and folders of them. */
  images: readonly string[];
  /** The `.npy` file of the vectors; a table of their images goes beside it as `.csv`. */
  out: string;
  /** The `.npy` file of the network's input, where it is wanted. */
  inputOut?: string;
  network: FrozenOptions;
  extract: Omit<ExtractOptions, 'onInput'>;
  /** Processor threads; all cores unless given. */
  threads?: number;
}

export interface FeatureFilesResult {
  out: string;
  /** [N, D] */
  shape: number[];
  /** Columns row, path. */
  csv: string;
  inputOut?: string;
  /** [N, C, H, W] */
  inputShape?: number[];
  network: { weights: string; description: string } & Omit<
    Awaited<ReturnType<typeof openFrozenNetwork>>,
    'load' | 'name'
  >;
  unreadable: UnreadableImage[];
  notes: string[];
}

/** Extracts features of image files into files of their own. Throws as `openFrozenNetwork` and `extractFeatures`. */
export async function writeFeatureFiles(options: FeatureFilesOptions): Promise<FeatureFilesResult> {
  const { out, inputOut, extract, threads } = options;
  const { paths, notes } = listImages(options.images);
  const { name, load, ...network } = await openFrozenNetwork(options.weights, options.network);
  if (threads !== undefined) setThreads(threads);
  const { size } = network.preprocessing;
  const sources = paths.map((path) => ({ kind: 'file', path }) as const);
  const store = new ImageStore(sources, network.preprocessing, { cacheBytes: 0 });
  const backbone = load().to(extract.device ?? 'cpu');
  const input = inputOut === undefined ? undefined : new NpyRows(inputOut);
  try {
    const onInput = input && ((rows: Float32Array, channels: number) => input.append(rows, [channels, size, size]));
    const made = await extractFeatures(backbone, store, { ...extract, onInput });
    const rows = new NpyRows(out);
    rows.append(made.features, [made.dimensions]);
    const shape = rows.finish();
    const csv = out.replace(/\.npy$/, '.csv');
    const lines = Array.from(made.rows, (index, row) => `${row},${quoted(paths[index]!)}\n`);
    writeFileAtomic(csv, `row,path\n${lines.join('')}`);
    const inputShape = input?.finish();
    return {
      out,
      shape,
      csv,
      ...(inputOut !== undefined && { inputOut, inputShape }),
      network: { weights: name, description: describeNetwork(network), ...network },
      unreadable: made.unreadable,
      notes,
    };
  } catch (error) {
    input?.abandon();
    throw error;
  } finally {
    backbone.free();
  }
}

/** A cell of a CSV file (RFC 4180). */
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
