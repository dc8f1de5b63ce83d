import { inputError } from '../../base/index.js';
import { fromArray, scope, type Tensor, toBytes, toFloat32Array } from '../../torch/index.js';
import { rowsOf } from '../standardization.js';

/** Bytes of a block of rows: large enough that the operators count little, small enough for a processor's cache. */
const BLOCK_BYTES = 8 * 2 ** 20;

/** A linear function per column k: x to weights[k] x + biases[k], of features as they came. */
export interface LinearMaps {
  /** `[K, d]` */
  weights: Float64Array;
  /** `[K]` */
  biases: Float64Array;
}

/**
 * Training features `[n, d]` made ready for many logistic regressions: centred, scaled where asked, and turned to their principal
 * axes, in float64 (8 n d bytes). Centring changes the intercept alone, and turning leaves the length of the coefficients as it is,
 * so the penalized regression stays what it was; but its Hessian is near a diagonal one.
 */
export class Design {
  readonly rows: number;
  /** Sum of squares along each axis, `[d]`. */
  readonly spectrum: Float64Array;
  /** `[b, d]` each */
  readonly blocks: readonly Tensor[];
  private readonly axes: Tensor; // [d, d], features to axes
  private readonly mean: Tensor; // [d]
  private readonly scale: Tensor; // [d]

  /** Throws an InputError for values that are not finite, a RangeError without rows. */
  constructor(
    features: Float32Array,
    readonly dimensions: number,
    standardize: boolean,
  ) {
    this.rows = rowsOf(features, dimensions);
    if (this.rows === 0) throw new RangeError('Design: no rows');
    checkFinite('training features', features, dimensions);
    const { blocks, spectrum, axes, mean, scale } = scope(() => {
      const raw = featureBlocks(features, dimensions);
      const mean = total(raw.map((block) => block.sum(0))).div_(this.rows);
      const centred = raw.map((block) => block.sub_(mean));
      const deviation = total(centred.map((block) => block.mul(block).sum(0)))
        .div_(this.rows)
        .sqrt();
      // What rounding leaves of a constant column stays as small as it is.
      const constant = deviation.le(mean.abs().mul(1e-7));
      const scale = standardize ? deviation.maskedFill(constant, 1) : deviation.onesLike();
      for (const block of centred) block.div_(scale);
      const products = total(centred.map((block) => block.transpose(0, 1).mm(block))); // [d, d]
      const [spectrum, axes] = products.eigh();
      const blocks = centred.map((block) => {
        const turned = block.mm(axes);
        block.free();
        return turned;
      });
      return { blocks, spectrum: spectrum.clamp_(0), axes, mean, scale };
    });
    this.blocks = blocks.map((block) => block.keep());
    this.axes = axes.keep();
    this.mean = mean.keep();
    this.scale = scale.keep();
    this.spectrum = toFloat64Array(spectrum);
    spectrum.free();
  }

  /** Coefficients on the axes and intercepts, `[K, d + 1]`, as functions of features as they come. */
  onFeatures(parameters: Float64Array): LinearMaps {
    const d = this.dimensions;
    return scope(() => {
      const columns = fromArray(parameters, [parameters.length / (d + 1), d + 1]);
      const weights = columns.narrow(1, 0, d).mm(this.axes.transpose(0, 1)).div_(this.scale); // [K, d]
      const shift = weights.mm(this.mean.unsqueeze(1)).squeeze(1); // [K]
      const biases = columns.select(1, d).sub(shift);
      return { weights: toFloat64Array(weights), biases: toFloat64Array(biases) };
    });
  }

  free(): void {
    for (const tensor of [...this.blocks, this.axes, this.mean, this.scale]) tensor.free();
  }
}

/** Features `[m, d]` through linear maps, and what comes `after`: float32 `[m, K]`. */
export function mapFeatures(
  features: Float32Array,
  dimensions: number,
  { weights, biases }: LinearMaps,
  after: (values: Tensor) => Tensor = (values) => values,
): Float32Array {
  const K = biases.length;
  const out = new Float32Array(rowsOf(features, dimensions) * K);
  scope(() => {
    const matrix = fromArray(weights, [K, dimensions]).transpose(0, 1); // [d, K]
    const offset = fromArray(biases);
    let row = 0;
    for (const block of rowBlocks(features, dimensions, 8 * Math.max(K, dimensions))) {
      scope(() => {
        const values = fromArray(block, [block.length / dimensions, dimensions]).to('float64'); // [b, d]
        out.set(toFloat32Array(after(values.mm(matrix).add_(offset))), row * K);
      });
      row += block.length / dimensions;
    }
  });
  return out;
}

/** Throws an InputError that names the first row with a value that is not finite. */
export function checkFinite(what: string, features: Float32Array, dimensions: number): void {
  const at = features.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const found = `${features[at]} in row ${Math.floor(at / dimensions)}, column ${at % dimensions}`;
  throw inputError({ what, found, expected: 'finite numbers' });
}

/** Parts of features `[n, d]`, in whole rows, that share their memory; so many rows that what they become fits into `blockBytes`. */
export function rowBlocks(
  features: Float32Array,
  dimensions: number,
  bytesPerRow = 8 * dimensions,
  blockBytes = BLOCK_BYTES,
): Float32Array[] {
  const rows = rowsOf(features, dimensions);
  const step = Math.max(1, Math.floor(blockBytes / bytesPerRow));
  const count = Math.ceil(rows / step);
  return Array.from({ length: count }, (_, i) =>
    features.subarray(i * step * dimensions, Math.min(rows, (i + 1) * step) * dimensions),
  );
}

export function toFloat64Array(tensor: Tensor): Float64Array {
  return new Float64Array(toBytes(tensor).buffer);
}

function featureBlocks(features: Float32Array, dimensions: number): Tensor[] {
  return rowBlocks(features, dimensions).map((rows) =>
    scope(() => fromArray(rows, [rows.length / dimensions, dimensions]).to('float64')),
  );
}

function total(parts: Tensor[]): Tensor {
  const [first, ...rest] = parts;
  for (const part of rest) first!.add_(part);
  return first!;
}
