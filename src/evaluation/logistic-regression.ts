import { inputError } from '../base/index.js';
import { cholesky, choleskySolve } from './cholesky.js';
import { answerTogether, type Evaluation, minimization } from './lbfgs.js';
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
/** Objectives that are evaluated side by side. */
const TOGETHER = 4;

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
  fit(labels: Float32Array, options: LogisticOptions = {}): LogisticFit {
    return this.fitAll([labels], options)[0]!;
  }

  /** Fits to several columns of labels, each on its own, to the same bits as alone: but the features are gone through for all at once. */
  fitAll(columns: readonly Float32Array[], { c = 1, maxIterations = 1000 }: LogisticOptions = {}): LogisticFit[] {
    const d = this.dimensions;
    const starts = columns.map((labels) => this.startOf(labels));
    const works = starts.map(({ at, positives, negatives }) => {
      const hessian = this.hessianFactor(c, positives, negatives);
      const precondition = (vector: Float64Array) => choleskySolve(hessian, vector);
      return minimization({ at, precondition, tolerance: () => TOLERANCE, maxIterations });
    });
    const minima = answerTogether(works, (asked) =>
      this.evaluate(
        asked.map(({ at }) => at),
        asked.map(({ index }) => columns[index]!),
        c,
      ),
    );
    return minima.map(({ iterations, converged }, i) => {
      const { at } = starts[i]!;
      return { coefficients: at.slice(0, d), intercept: at[d]!, iterations, converged };
    });
  }

  private startOf(labels: Float32Array): { at: Float64Array; positives: number; negatives: number } {
    if (labels.length !== this.rows) throw new RangeError(`${labels.length} labels for ${this.rows} rows`);
    const { positives, negatives } = countLabels(labels);
    if (positives === 0 || negatives === 0) {
      const found = `${positives} positives and ${negatives} negatives`;
      throw inputError({ what: 'logistic regression', found, expected: 'at least one of each' });
    }
    const at = new Float64Array(this.dimensions + 1);
    at[this.dimensions] = Math.log(positives / negatives);
    return { at, positives, negatives };
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

  /** The objectives at points `[d + 1]`, coefficients and intercept, of as many columns of labels. */
  private evaluate(points: readonly Float64Array[], columns: readonly Float32Array[], c: number): Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (let first = 0; first < points.length; first += TOGETHER) {
      const some = points.slice(first, first + TOGETHER);
      evaluations.push(...this.evaluateSome(some, columns.slice(first, first + TOGETHER), c));
    }
    return evaluations;
  }

  /** Of at most four, in lanes: their sums do not wait for each other, and each feature is read once. */
  private evaluateSome(points: readonly Float64Array[], columns: readonly Float32Array[], c: number): Evaluation[] {
    const { features, dimensions: d, rows } = this;
    const { mean, scale } = this.standardization;
    const weights = new Float64Array(TOGETHER * d);
    const biases = new Float64Array(TOGETHER);
    for (const [k, point] of points.entries()) {
      const raw = this.onRawFeatures(point.subarray(0, d), point[d]!);
      for (let j = 0; j < d; j++) weights[TOGETHER * j + k] = raw.weights[j]!;
      biases[k] = raw.bias;
    }
    const sums = new Float64Array(TOGETHER * d);
    const residuals = new Float64Array(TOGETHER);
    const losses = new Float64Array(TOGETHER);
    const z = new Float64Array(TOGETHER);
    const residual = new Float64Array(TOGETHER);
    for (let row = 0; row < rows; row++) {
      logits(features, row, weights, biases, z);
      for (let k = 0; k < columns.length; k++) {
        const label = columns[k]![row]!;
        residual[k] = 0;
        if (Number.isNaN(label)) continue;
        losses[k]! += Math.max(z[k]!, 0) - label * z[k]! + Math.log1p(Math.exp(-Math.abs(z[k]!)));
        residual[k] = sigmoid(z[k]!) - label;
        residuals[k]! += residual[k]!;
      }
      addFeatures(features, row, residual, sums);
    }
    return points.map((point, k) => {
      const gradient = new Float64Array(d + 1);
      let penalty = 0;
      for (let j = 0; j < d; j++) {
        penalty += point[j]! ** 2 / 2;
        gradient[j] = (c * (sums[TOGETHER * j + k]! - mean[j]! * residuals[k]!)) / scale[j]! + point[j]!;
      }
      gradient[d] = c * residuals[k]!;
      return { value: c * losses[k]! + penalty, gradient };
    });
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

/** Log-odds `[4]` of a row by weights `[d, 4]` and biases `[4]`. */
function logits(features: Float32Array, row: number, weights: Float64Array, biases: Float64Array, z: Float64Array) {
  let a = biases[0]!;
  let b = biases[1]!;
  let c = biases[2]!;
  let d = biases[3]!;
  for (let w = 0, i = (row * weights.length) / TOGETHER; w < weights.length; w += TOGETHER, i++) {
    const x = features[i]!;
    a += x * weights[w]!;
    b += x * weights[w + 1]!;
    c += x * weights[w + 2]!;
    d += x * weights[w + 3]!;
  }
  z[0] = a;
  z[1] = b;
  z[2] = c;
  z[3] = d;
}

/** Adds the features of a row times residuals `[4]` to sums `[d, 4]`. */
function addFeatures(features: Float32Array, row: number, residual: Float64Array, sums: Float64Array) {
  const a = residual[0]!;
  const b = residual[1]!;
  const c = residual[2]!;
  const d = residual[3]!;
  for (let s = 0, i = (row * sums.length) / TOGETHER; s < sums.length; s += TOGETHER, i++) {
    const x = features[i]!;
    sums[s]! += a * x;
    sums[s + 1]! += b * x;
    sums[s + 2]! += c * x;
    sums[s + 3]! += d * x;
  }
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
