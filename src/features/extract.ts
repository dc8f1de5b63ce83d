import { inputError } from '../base/index.js';
import { type ImageReader, toThreeChannels, toUnit } from '../imaging/index.js';
import { type Backbone, networkInput } from '../models/index.js';
import { autocast, noGrad, type Precision, scope, toFloat32Array } from '../torch/index.js';
import { type FeatureOutput, featureVectors } from './feature-output.js';
import { readableBatches, type UnreadableImage } from './readable-batches.js';

export interface ExtractOptions {
  /** `class` unless given. */
  output?: FeatureOutput;
  /** Blocks, 1 to the network's depth, whose vectors stand one after the other; the last one unless given. */
  layers?: readonly number[];
  /** 'fp32' unless given. */
  precision?: Precision;
  /** 16 unless given. */
  batchSize?: number;
  /** Where the network is; 'cpu' unless given. */
  device?: string;
  /** Throws for the first image that cannot be read, instead of listing it. */
  strict?: boolean;
  /** What the first layer sees, `[B, C, H, W]`, batch after batch. */
  onInput?(input: Float32Array, channels: number): void;
  /** After each batch: images done, readable or not, of how many. */
  onProgress?(done: number, total: number): void;
}

export interface ExtractedFeatures {
  /** `[N, D]` */
  features: Float32Array;
  /** D */
  dimensions: number;
  /** The image of each row, `[N]`: all that can be read, in their order. */
  rows: Int32Array;
  unreadable: UnreadableImage[];
}

/**
 * Feature vectors of images by a frozen network. An image's vector does not depend on the others; with another batch size it may
 * differ by rounding, since matrix products sum in another order (float32: 1e-5 of the largest value at most). Memory holds the
 * vectors and four batches of images. Throws an InputError for a layer that the network has not, where no image can be read, and,
 * with `strict`, for the first that cannot.
 */
export async function extractFeatures(
  backbone: Backbone,
  images: ImageReader,
  options: ExtractOptions = {},
): Promise<ExtractedFeatures> {
  const { output = 'class', layers, precision = 'fp32', batchSize = 16, device = 'cpu', strict = false } = options;
  checkLayers(backbone, layers);
  const unreadable: UnreadableImage[] = [];
  const rows = new Int32Array(images.length);
  let features = new Float32Array();
  let dimensions = 0;
  let count = 0;
  backbone.eval();
  const onUnreadable = (image: UnreadableImage) => {
    if (strict) throw unreadableError(image.name, image.reason);
    unreadable.push(image);
  };
  for await (const batch of readableBatches(images, batchSize, onUnreadable)) {
    scope(() =>
      noGrad(() => {
        const x = toThreeChannels(toUnit(batch.images, batch.shape, device)); // [B, 3, H, W]
        if (options.onInput) {
          const input = networkInput(backbone, x);
          options.onInput(toFloat32Array(input), input.size(1));
        }
        const vectors = autocast(device, precision, () => featureVectors(backbone, x, output, layers)); // [B, D]
        if (count === 0) {
          dimensions = vectors.size(1);
          features = new Float32Array(images.length * dimensions);
        }
        features.set(toFloat32Array(vectors), count * dimensions);
      }),
    );
    rows.set(batch.indices, count);
    count += batch.indices.length;
    options.onProgress?.(batch.indices.at(-1)! + 1, images.length);
  }
  if (count === 0) {
    const reason = unreadable[0] ? `${unreadable[0].name}: ${unreadable[0].reason}` : 'none given';
    throw inputError({ what: 'images', found: `none that can be read (${reason})`, expected: 'one at least' });
  }
  options.onProgress?.(images.length, images.length);
  return {
    features: features.subarray(0, count * dimensions),
    dimensions,
    rows: rows.subarray(0, count),
    unreadable,
  };
}

function checkLayers({ depth }: Backbone, layers: readonly number[] | undefined): void {
  if (!layers) return;
  const wrong = layers.find((layer) => !Number.isInteger(layer) || layer < 1 || layer > depth);
  if (layers.length > 0 && wrong === undefined) return;
  const found = wrong === undefined ? 'none' : `${wrong}`;
  throw inputError({ what: 'layers', found, expected: `blocks of the network, 1 to ${depth}` });
}

const unreadableError = (name: string, reason: string) =>
  inputError({ what: name, found: reason, expected: 'a complete image', fix: 'Repair it, or leave --strict out.' });
