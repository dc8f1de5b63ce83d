import { inputError } from '../base/index.js';
import { cholesky, choleskySolve } from './cholesky.js';
import { type Evaluation, minimize } from './lbfgs.js';
import { countLabels } from './scores.js';
import { fitStandardization, rowsOf, type Standardization } from './standardization.js';

export interface LogisticFit {
  /** Per standardised feature, `[d]`. */
  coefficients: Float64Array;
  intercept: number;
  iterations: number;
  /** Whether the tolerance was reached; where not, the coefficients are the best found. */
  converged: boolean;
}

export interface LogisticOptions {
  /** Inverse strength of the penalty, 1 unless given (scikit-learn's C). */
  c?: number;
  /** Largest number of iterations, 1000 unless given. */
  maxIterations?: number;
}

/** Rows that suffice to estimate the Hessian for preconditioning. */
const HESSIAN_ROWS = 4096;
const TOLERANCE = 1e-8;

/**
 * L2-regularised logistic regression on features standardised over the training rows: one design for many label columns.
 * Minimizes |w|^2 / 2 + C sum log(1 + exp(-y (w x + b))), y = +-1, b without penalty, as scikit-learn's
 * `LogisticRegression(C)` does after a `StandardScaler`; by L-BFGS, preconditioned with the Hessian at the prevalence.
 */
export class LogisticRegression {
  private readonly features: Float32Array;
  private readonly dimensions: number;
  private readonly rows: number;
  private readonly standardization: Standardization;
  /** Mean of x x' over standardised rows, `[d, d]`. */
  private readonly covariance: Float64Array;

  /** Training features `[n, d]`, kept and not copied. Throws a RangeError without rows or for values that are not finite. */
  constructor(features: Float32Array, dimensions: number) {
    this.features = features;
    this.dimensions = dimensions;
    this.rows = rowsOf(features, dimensions);
    this.standardization = fitStandardization(features, dimensions);
    this.covariance = this.estimateCovariance();
  }

  /**
   * Fits to labels `[n]`: 1, 0 or NaN (unknown: the row is left out here, but counts for the standardisation).
   * Throws an InputError for one class only or another label, a RangeError for another length.
   */
  fit(labels: Float32Array, { c = 1, maxIterations = 1000 }: LogisticOptions = {}): LogisticFit {
    if (labels.length !== this.rows) throw new RangeError(`${labels.length} labels for ${this.rows} rows`);
    const { positives, negatives } = countLabels(labels);
    if (positives === 0 || negatives === 0) {
      const found = `${positives} positives and ${negatives} negatives`;
      throw inputError({ what: 'logistic regression', found, expected: 'at least one of each' });
    }
    const d = this.dimensions;
    const at = new Float64Array(d + 1);
    at[d] = Math.log(positives / negatives);
    const hessian = this.hessianFactor(c, positives, negatives);
    const { iterations, converged } = minimize((parameters) => this.evaluate(parameters, labels, c), {
      at,
      precondition: (vector) => choleskySolve(hessian, vector),
      tolerance: () => TOLERANCE,
      maxIterations,
    });
    return { coefficients: at.slice(0, d), intercept: at[d]!, iterations, converged };
  }

  /** Probabilities `[m]` of features `[m, d]`, standardised as the training rows were. */
  predict({ coefficients, intercept }: LogisticFit, features: Float32Array): Float32Array {
    const { weights, bias } = this.onRawFeatures(coefficients, intercept);
    return Float32Array.from({ length: rowsOf(features, this.dimensions) }, (_, row) =>
      sigmoid(logit(features, row, weights, bias)),
    );
  }

  /** Coefficients and intercept for features as they come, not standardised. */
  private onRawFeatures(coefficients: Float64Array, intercept: number): { weights: Float64Array; bias: number } {
    const { mean, scale } = this.standardization;
    const weights = new Float64Array(this.dimensions);
    let bias = intercept;
    for (let j = 0; j < this.dimensions; j++) {
      weights[j] = coefficients[j]! / scale[j]!;
      bias -= weights[j]! * mean[j]!;
    }
    return { weights, bias };
  }

  /** The objective at `[d + 1]`: coefficients, intercept. */
  private evaluate(parameters: Float64Array, labels: Float32Array, c: number): Evaluation {
    const { features, dimensions: d, rows } = this;
    const { mean, scale } = this.standardization;
    const { weights, bias } = this.onRawFeatures(parameters.subarray(0, d), parameters[d]!);
    const gradient = new Float64Array(d + 1);
    let loss = 0;
    let residuals = 0;
    for (let row = 0; row < rows; row++) {
      const label = labels[row]!;
      if (Number.isNaN(label)) continue;
      const z = logit(features, row, weights, bias);
      loss += Math.max(z, 0) - label * z + Math.log1p(Math.exp(-Math.abs(z)));
      const residual = sigmoid(z) - label;
      residuals += residual;
      for (let j = 0, i = row * d; j < d; j++, i++) gradient[j]! += residual * features[i]!;
    }
    let penalty = 0;
    for (let j = 0; j < d; j++) {
      penalty += parameters[j]! ** 2 / 2;
      gradient[j] = (c * (gradient[j]! - mean[j]! * residuals)) / scale[j]! + parameters[j]!;
    }
    gradient[d] = c * residuals;
    return { value: c * loss + penalty, gradient };
  }

  /** Cholesky factor `[d + 1, d + 1]` of the Hessian as it is where every probability is the prevalence. */
  private hessianFactor(c: number, positives: number, negatives: number): Float64Array {
    const d = this.dimensions;
    const curvature = (c * positives * negatives) / (positives + negatives);
    const hessian = new Float64Array((d + 1) ** 2);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) hessian[i * (d + 1) + j] = curvature * this.covariance[i * d + j]!;
      hessian[i * (d + 2)]! += 1;
    }
    hessian[(d + 1) ** 2 - 1] = curvature;
    return cholesky(hessian, d + 1);
  }

  private estimateCovariance(): Float64Array {
    const { features, dimensions: d, rows } = this;
    const { mean, scale } = this.standardization;
    const covariance = new Float64Array(d * d);
    const used = Math.min(rows, HESSIAN_ROWS);
    const x = new Float64Array(d);
    for (let k = 0; k < used; k++) {
      const row = Math.floor((k * rows) / used);
      for (let j = 0; j < d; j++) x[j] = (features[row * d + j]! - mean[j]!) / scale[j]!;
      for (let i = 0; i < d; i++) {
        const share = x[i]! / used;
        for (let j = 0; j <= i; j++) covariance[i * d + j]! += share * x[j]!;
      }
    }
    for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) covariance[j * d + i] = covariance[i * d + j]!;
    return covariance;
  }
}

function logit(features: Float32Array, row: number, weights: Float64Array, bias: number): number {
  let z = bias;
  for (let j = 0, i = row * weights.length; j < weights.length; j++, i++) z += features[i]! * weights[j]!;
  return z;
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
