export interface MinimizationOptions {
  /** Where to start, `[n]`; becomes the minimum. */
  at: Float64Array;
  /** Multiplies a vector `[n]`, in place, by an estimate of the inverse Hessian: symmetric, positive definite. */
  precondition: (vector: Float64Array) => void;
  /** Ends at a gradient g with sqrt(g' H g) below it, where H is the estimate of the inverse Hessian: about the distance to go. */
  tolerance: (at: Float64Array) => number;
  maxIterations: number;
}

/** A smooth and convex function at a point `[n]`; its gradient is `[n]`. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
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

/** Work that yields the points at which it wants a function, and goes on with the evaluation that it is given. */
export type Asking<Result, Answer = Evaluation> = Generator<Float64Array, Result, Answer>;

/** Minimizes one function. */
export function minimize(evaluate: (at: Float64Array) => Evaluation, options: MinimizationOptions): Minimum {
  const [minimum] = answerTogether([minimization(options)], ([asked]) => [evaluate(asked!.at)]);
  return minimum!;
}

/**
 * Brings several works to their end side by side, so that functions which share their data are evaluated together: each call has a
 * point of every work that is not done yet, in their order, and gives as many evaluations.
 */
export function answerTogether<Result, Answer>(
  works: readonly Asking<Result, Answer>[],
  evaluate: (asked: readonly { index: number; at: Float64Array }[]) => readonly Answer[],
): Result[] {
  const results: Result[] = [];
  const advance = (index: number, step: IteratorResult<Float64Array, Result>) => {
    if (!step.done) return [{ index, at: step.value }];
    results[index] = step.value;
    return [];
  };
  let asked = works.flatMap((work, index) => advance(index, work.next()));
  while (asked.length > 0) {
    const answers = evaluate(asked);
    asked = asked.flatMap(({ index }, i) => advance(index, works[index]!.next(answers[i]!)));
  }
  return results;
}

/**
 * Minimizes a smooth convex function with L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5),
 * with the bisecting weak Wolfe line search of Lewis and Overton (Math Program 141:135, 2013).
 */
export function* minimization({ at, precondition, tolerance, maxIterations }: MinimizationOptions): Asking<Minimum> {
  const history: Pair[] = [];
  let { value, gradient } = yield at;
  for (let iterations = 0; ; iterations++) {
    const preconditioned = gradient.slice();
    precondition(preconditioned);
    const converged = Math.sqrt(dot(gradient, preconditioned)) <= tolerance(at);
    if (converged || iterations === maxIterations) return { value, iterations, converged };

    const direction = descentDirection(gradient, history, precondition);
    const next = yield* lineSearch(at, value, gradient, direction);
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

function* lineSearch(
  from: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
): Asking<(Evaluation & { at: Float64Array }) | undefined> {
  const slope = dot(gradient, direction);
  const slack = VALUE_ERROR * Math.abs(value);
  let low = 0;
  let high = Infinity;
  let length = 1;
  for (let trial = 0; trial < 60; trial++) {
    const at = from.slice();
    addScaled(at, length, direction);
    const next = yield at;
    if (!(next.value <= value + ARMIJO * length * slope + slack)) high = length;
    else if (dot(next.gradient, direction) < CURVATURE * slope) low = length;
    else return { at, ...next };
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
