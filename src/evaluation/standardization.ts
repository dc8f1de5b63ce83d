/** Rows of raw features, with the mean and scale that standardise each column to mean 0 and variance 1. */
export interface Standardization {
  /** `[d]` */
  mean: Float64Array;
  /** `[d]`: standard deviation (n), or 1 for a constant column. */
  scale: Float64Array;
}

/** Fits to features `[n, d]`, as scikit-learn's `StandardScaler`. Throws a RangeError without rows or for values that are not finite. */
export function fitStandardization(features: Float32Array, dimensions: number): Standardization {
  const rows = rowsOf(features, dimensions);
  if (rows === 0) throw new RangeError('fitStandardization: no rows');
  const mean = new Float64Array(dimensions);
  const variance = new Float64Array(dimensions);
  for (let i = 0; i < features.length; i++) mean[i % dimensions]! += features[i]! / rows;
  for (let i = 0; i < features.length; i++) {
    variance[i % dimensions]! += (features[i]! - mean[i % dimensions]!) ** 2 / rows;
  }
  for (const [j, value] of variance.entries()) {
    if (!Number.isFinite(value)) throw new RangeError(`fitStandardization: column ${j} has values that are not finite`);
  }
  return { mean, scale: variance.map((v, j) => (isRounding(v, mean[j]!, rows) ? 1 : Math.sqrt(v))) };
}

/** Number of rows of `[n, d]`. Throws a RangeError where the length does not divide. */
export function rowsOf(features: Float32Array, dimensions: number): number {
  const rows = features.length / dimensions;
  if (!Number.isInteger(rows)) throw new RangeError(`${features.length} features for ${dimensions} columns`);
  return rows;
}

/** Whether a variance is what rounding leaves of a constant (the bound of scikit-learn's `_is_constant_feature`). */
function isRounding(variance: number, mean: number, rows: number): boolean {
  return variance <= rows * Number.EPSILON * variance + (rows * mean * Number.EPSILON) ** 2;
}
