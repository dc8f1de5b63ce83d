export interface MinimizeOptions {
  /** Where to start, `[n]`; becomes the minimum. */
  at: Float64Array;
  /** Returns the value at a point `[n]` and writes its gradient `[n]`. Smooth and convex. */
  evaluate: (at: Float64Array, gradient: Float64Array) => number;
  /** Multiplies a vector `[n]`, in place, by an estimate of the inverse Hessian: symmetric, positive definite. */
  precondition: (vector: Float64Array) => void;
  /** Ends at a gradient g with sqrt(g' H g) below it, where H is the estimate of the inverse Hessian: about the distance to go. */
  tolerance: number;
  maxIterations: number;
}

export interface Minimum {
  value: number;
  iterations: number;
  /** Whether the tolerance was reached. */
  converged: boolean;
}

const HISTORY = 20;
const ARMIJO = 1e-4;
const CURVATURE = 0.9;
/** Relative rounding error to expect in a value: a sum over many rows. */
const VALUE_ERROR = 1e-12;

/**
 * Minimizes a smooth convex function with L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5),
 * with the bisecting weak Wolfe line search of Lewis and Overton (Math Program 141:135, 2013).
 */
export function minimize({ at, evaluate, precondition, tolerance, maxIterations }: MinimizeOptions): Minimum {
  const history: Pair[] = [];
  let gradient: Float64Array = new Float64Array(at.length);
  let value = evaluate(at, gradient);
  for (let iterations = 0; ; iterations++) {
    const preconditioned = gradient.slice();
    precondition(preconditioned);
    const converged = Math.sqrt(dot(gradient, preconditioned)) <= tolerance;
    if (converged || iterations === maxIterations) return { value, iterations, converged };

    const direction = descentDirection(gradient, history, precondition);
    const next = lineSearch(at, value, gradient, direction, evaluate);
    if (!next) return { value, iterations, converged };
    const pair = pairOf(subtract(next.at, at), subtract(next.gradient, gradient));
    if (pair.curvature > 0) history.push(pair);
    if (history.length > HISTORY) history.shift();
    at.set(next.at);
    value = next.value;
    gradient = next.gradient;
  }
}

/** A step, the change of the gradient along it, and their product. */
interface Pair {
  step: Float64Array;
  change: Float64Array;
  curvature: number;
}

function pairOf(step: Float64Array, change: Float64Array): Pair {
  return { step, change, curvature: dot(step, change) };
}

function descentDirection(
  gradient: Float64Array,
  history: Pair[],
  precondition: (v: Float64Array) => void,
): Float64Array {
  const direction = gradient.map((g) => -g);
  const alphas = new Map<Pair, number>();
  for (const pair of history.toReversed()) {
    const alpha = dot(pair.step, direction) / pair.curvature;
    alphas.set(pair, alpha);
    addScaled(direction, -alpha, pair.change);
  }
  precondition(direction);
  for (const pair of history) {
    addScaled(direction, alphas.get(pair)! - dot(pair.change, direction) / pair.curvature, pair.step);
  }
  return direction;
}

function lineSearch(
  from: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  evaluate: MinimizeOptions['evaluate'],
): { at: Float64Array; value: number; gradient: Float64Array } | undefined {
  const slope = dot(gradient, direction);
  const slack = VALUE_ERROR * Math.abs(value);
  let low = 0;
  let high = Infinity;
  let length = 1;
  for (let trial = 0; trial < 60; trial++) {
    const at = from.slice();
    addScaled(at, length, direction);
    const nextGradient = new Float64Array(at.length);
    const nextValue = evaluate(at, nextGradient);
    if (!(nextValue <= value + ARMIJO * length * slope + slack)) high = length;
    else if (dot(nextGradient, direction) < CURVATURE * slope) low = length;
    else return { at, value: nextValue, gradient: nextGradient };
    length = high === Infinity ? 2 * length : (low + high) / 2;
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function addScaled(target: Float64Array, scale: number, vector: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * vector[i]!;
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((x, i) => x - b[i]!);
}
