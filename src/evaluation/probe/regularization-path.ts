import { type Asking, type Evaluation, type MinimizationOptions, type Minimum, minimization } from '../lbfgs.js';

/** The 45 values of C from 1e-6 to 1e5, even on a logarithmic scale, of DINOv2's probe (dinov2/eval/log_regression.py). */
export const REGULARIZATION_PATH: readonly number[] = Array.from({ length: 45 }, (_, i) => 10 ** (-6 + (11 * i) / 44));

/** A sum of losses over rows, without weight or penalty, at parameters `[K, d + 1]`: K columns of coefficients and an intercept. */
export interface Loss extends Evaluation {
  /** Mean over the rows of p (1 - p), per column `[K]`. */
  curvature: Float64Array;
}

export interface PathProblem {
  /** Where to start: `[K, d + 1]`. */
  start: Float64Array;
  /** Mean of p (1 - p) there, `[K]`. */
  curvature: Float64Array;
  /** Rows that count. */
  rows: number;
  /** Sum of squares of these rows along each axis, `[d]`. */
  spectrum: Float64Array;
  /** Ascending. */
  cs: readonly number[];
  /** The loss of the intercept alone. */
  nullLoss: number;
  maxIterations: number;
  /**
   * The inverse Hessian of the penalized loss at parameters `[d + 1]`, as a function that multiplies a vector in place; where given,
   * hard fits are preconditioned with it.
   */
  inverseHessian?(at: Float64Array, c: number): (vector: Float64Array) => void;
}

/** The regression at one C. */
export interface PathFit {
  c: number;
  /** `[K, d + 1]` on the axes of the design. */
  parameters: Float64Array;
  iterations: number;
  /** Whether the tolerance was reached; where not, the parameters are the best found. */
  converged: boolean;
  /** Whether the path had ended before: the parameters are those of the last C before its end. */
  ended: boolean;
}

/** How far from the minimum a fit may end, in the metric of the Hessian, over the length of the coefficients. */
const TOLERANCE = 1e-6;
const LEAST_CURVATURE = 1e-6;
/** Iterations after which a fit counts as hard, and the Hessian itself is worth its cost for the next one. */
const HARD = 20;
/** Share of the intercept's loss that is left where a path ends: what glmnet calls a deviance explained of 0.999. */
const LEAST_LOSS = 1e-3;

/**
 * Minimizes |W|^2 / 2 + C loss(W, b) for one C after the other, each from where the last one ended, with the Hessian at that place,
 * taken as diagonal on the design's axes until fits become hard, to precondition. The path ends where next to nothing is left of the loss, as in glmnet
 * (Friedman et al., J Stat Softw 33:1, 2010): from there on coefficients only grow, without bound. Yields the parameters `[K, d + 1]` at which it wants the loss.
 */
export function* alongPath(problem: PathProblem, onFit: (fit: PathFit) => void): Asking<void, Loss> {
  const { start: at, rows, spectrum, cs, maxIterations } = problem;
  const columns = problem.curvature.length;
  const stride = spectrum.length + 1;
  let { curvature } = problem;
  let ended = false;
  let hard = false;
  for (const c of cs) {
    if (ended) {
      onFit({ c, parameters: at.slice(), iterations: 0, converged: true, ended });
      continue;
    }
    const hessian = new Float64Array(at.length);
    for (let k = 0; k < columns; k++) {
      const bend = c * Math.max(LEAST_CURVATURE, curvature[k]!);
      for (const [j, squares] of spectrum.entries()) hessian[k * stride + j] = 1 + bend * squares;
      hessian[(k + 1) * stride - 1] = bend * rows;
    }
    const isIntercept = (i: number) => i % stride === stride - 1;
    const divide = (vector: Float64Array) => {
      for (let i = 0; i < vector.length; i++) vector[i]! /= hessian[i]!;
    };
    const fit: Minimum & { loss: Loss } = yield* penalized(c, isIntercept, {
      at,
      precondition: (hard ? problem.inverseHessian?.(at, c) : undefined) ?? divide,
      tolerance: (parameters) => {
        let squares = 0;
        for (const [i, value] of parameters.entries()) if (!isIntercept(i)) squares += hessian[i]! * value * value;
        return TOLERANCE * Math.sqrt(squares);
      },
      maxIterations,
    });
    const { iterations, converged, loss } = fit;
    onFit({ c, parameters: at.slice(), iterations, converged, ended });
    curvature = loss.curvature;
    hard ||= iterations > HARD;
    ended = loss.value < LEAST_LOSS * problem.nullLoss;
  }
}

/** A minimization of the penalized loss that asks for the loss alone. */
function* penalized(
  c: number,
  isIntercept: (i: number) => boolean,
  options: MinimizationOptions,
): Asking<Minimum & { loss: Loss }, Loss> {
  const inner = minimization(options);
  let loss: Loss = { value: NaN, gradient: new Float64Array(), curvature: new Float64Array() };
  for (let step = inner.next(); ; ) {
    if (step.done) return { ...step.value, loss };
    const at = step.value;
    loss = yield at;
    const gradient = new Float64Array(at.length);
    let value = c * loss.value;
    for (let i = 0; i < at.length; i++) {
      gradient[i] = c * loss.gradient[i]!;
      if (isIntercept(i)) continue;
      gradient[i]! += at[i]!;
      value += at[i]! ** 2 / 2;
    }
    step = inner.next({ value, gradient });
  }
}
