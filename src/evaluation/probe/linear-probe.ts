import { inputError } from '../../base/index.js';
import { auroc } from '../auroc.js';
import { answerTogether } from '../lbfgs.js';
import { countLabels, findingColumn } from '../scores.js';
import { rowsOf } from '../standardization.js';
import { checkFinite, Design, type LinearMaps, mapFeatures } from './design.js';
import { ClassLoss, FindingLosses } from './losses.js';
import { alongPath, type PathFit, REGULARIZATION_PATH } from './regularization-path.js';

export interface ProbeOptions<Labels> {
  /** d */
  dimensions: number;
  /** Features `[n, d]`, and their labels. */
  train: { features: Float32Array; labels: Labels };
  /** Features `[m, d]`, and their labels: C is chosen on them. */
  validation: { features: Float32Array; labels: Labels };
  /** Inverse strengths of the penalty, ascending; `REGULARIZATION_PATH` unless given. */
  cs?: readonly number[];
  /** Whether features are first brought to mean 0 and variance 1 over the training rows. False unless given, as in DINOv2. */
  standardize?: boolean;
  /** Of one regression; 1000 unless given. */
  maxIterations?: number;
  /** After each regression. */
  onProgress?(done: number, total: number): void;
  /** Before each pass over the training rows; ends the work by throwing. */
  onWork?(): void;
}

/** The regressions at one C. */
export interface PathPoint {
  c: number;
  /** On validation: AUROC per finding `[F]`, NaN where it is not defined; of classes the accuracy, `[1]`. */
  scores: Float64Array;
  /** Mean of the scores that are defined; NaN where none is. */
  mean: number;
  /** Most iterations that one of the regressions took, and whether all reached the tolerance. */
  iterations: number;
  converged: boolean;
}

export interface LinearProbe {
  path: PathPoint[];
  /** The place on the path that each finding took, `[F]`; -1 where it could not be fitted. Of classes the one place, `[1]`. */
  chosen: Int32Array;
  /** What the chosen regressions do to features as they come; zeros for a finding that could not be fitted. */
  maps: LinearMaps;
}

/**
 * Linear probe of findings: per finding a logistic regression with L2 penalty on frozen features, |w|^2 / 2 + C sum log(1 + exp(-y
 * (w x + b))), y = +-1, b without penalty, along a path of C, and the C with the highest AUROC on validation (the smallest of equals),
 * as in DINOv2's evaluation (Oquab et al., 2024; dinov2/eval/log_regression.py), except that the regression is not fitted anew on
 * training and validation rows together. Equals scikit-learn's `LogisticRegression` at every C.
 *
 * Labels `[n, F]` are 1, 0 or NaN (unknown: left out). A finding with one class in training is not fitted; one with one class in
 * validation takes the C of the highest mean AUROC of the others.
 * Throws an InputError for features that are not finite, other labels, and where no finding has both classes in training and
 * validation; a RangeError for lengths that do not fit.
 */
export function probeFindings({
  findings,
  ...options
}: ProbeOptions<Float32Array> & { findings: number }): LinearProbe {
  const { dimensions: d, train, validation } = options;
  const cs = checkOptions(options, findings);
  const columns = (labels: Float32Array) =>
    Array.from({ length: findings }, (_, f) => findingColumn(labels, findings, f));
  const counts = columns(train.labels).map(countLabels);
  const fitted = [...counts.keys()].filter((f) => counts[f]!.positives > 0 && counts[f]!.negatives > 0);
  const fits = fitFindings(options, findings, fitted, counts, cs);

  const validationColumns = columns(validation.labels);
  const path = cs.map((c, i): PathPoint => {
    const logits = mapFeatures(validation.features, d, fits.maps[i]!); // [m, F]
    const scores = Float64Array.from(validationColumns, (labels, f) =>
      fitted.includes(f) ? auroc(findingColumn(logits, findings, f), labels).auroc : NaN,
    );
    const own = fitted.map((f) => fits.of[f]![i]!);
    return {
      c,
      scores,
      mean: meanOf(scores),
      iterations: Math.max(...own.map(({ iterations }) => iterations)),
      converged: own.every(({ converged }) => converged),
    };
  });
  const together = bestOf(path.map(({ mean }) => mean));
  if (together < 0) {
    throw inputError({
      what: 'linear probe',
      found: 'no finding with positives and negatives in both training and validation',
      expected: 'one at least',
      fix: 'Take more images, or other findings.',
    });
  }
  const chosen = Int32Array.from({ length: findings }, (_, f) => {
    if (!fitted.includes(f)) return -1;
    const own = bestOf(path.map(({ scores }) => scores[f]!));
    return own < 0 ? together : own;
  });
  return { path, chosen, maps: chosenMaps(fits.maps, chosen, d) };
}

/**
 * Linear probe of classes: multinomial logistic regression, otherwise as `probeFindings`, with one C, which has the highest accuracy
 * on validation. Labels `[n]` are 0..classes-1. Throws an InputError for features that are not finite, other labels, and where
 * training has one class; a RangeError for lengths that do not fit.
 */
export function probeClasses({ classes, ...options }: ProbeOptions<Int32Array> & { classes: number }): LinearProbe {
  const { dimensions: d, train, validation, standardize = false, maxIterations = 1000, onProgress, onWork } = options;
  const cs = checkOptions(options, 1);
  const counts = new Float64Array(classes);
  for (const label of [...train.labels, ...validation.labels]) {
    if (label >= 0 && label < classes) continue;
    throw inputError({ what: 'class', found: String(label), expected: `0 to ${classes - 1}` });
  }
  for (const label of train.labels) counts[label]!++;
  if (counts.filter((count) => count > 0).length < 2) {
    throw inputError({ what: 'linear probe', found: 'one class in training', expected: 'two classes or more' });
  }
  const design = new Design(train.features, d, standardize);
  const loss = new ClassLoss(design, train.labels, classes);
  const path: PathPoint[] = [];
  let best: { score: number; at: number; maps: LinearMaps } | undefined;
  try {
    const onFit = ({ c, parameters, iterations, converged }: PathFit) => {
      const maps = design.onFeatures(parameters);
      const score = accuracy(mapFeatures(validation.features, d, maps), validation.labels, classes);
      if (!best || score > best.score) best = { score, at: path.length, maps };
      path.push({ c, scores: Float64Array.of(score), mean: score, iterations, converged });
      onProgress?.(path.length, cs.length);
    };
    const shares = counts.map((count) => count / design.rows);
    const problem = {
      start: new Float64Array(classes * (d + 1)),
      curvature: shares.map((share) => share * (1 - share)),
      rows: design.rows,
      spectrum: design.spectrum,
      cs,
      nullLoss: counts.reduce((sum, count) => sum + (count > 0 ? count * Math.log(design.rows / count) : 0), 0),
      maxIterations,
    };
    answerTogether([alongPath(problem, onFit)], (asked) => {
      onWork?.();
      return asked.map(({ at }) => loss.evaluate(at));
    });
  } finally {
    loss.free();
    design.free();
  }
  return { path, chosen: Int32Array.of(best!.at), maps: best!.maps };
}

/** Probabilities `[m, F]` of findings, of features `[m, d]`; NaN for a finding that could not be fitted. */
export function probedFindings(
  { maps, chosen }: LinearProbe,
  features: Float32Array,
  dimensions: number,
): Float32Array {
  return mapFeatures(features, dimensions, maps).map((logit, i) =>
    chosen[i % chosen.length]! < 0 ? NaN : 1 / (1 + Math.exp(-logit)),
  );
}

/** Probabilities `[m, K]` of classes, of features `[m, d]`. */
export function probedClasses({ maps }: LinearProbe, features: Float32Array, dimensions: number): Float32Array {
  return mapFeatures(features, dimensions, maps, (logits) => logits.softmax(1));
}

/** The share of rows of scores `[m, K]` whose highest is that of the row's class `[m]`: top-1 accuracy. */
export function accuracy(scores: Float32Array, labels: Int32Array, classes: number): number {
  let right = 0;
  for (const [row, label] of labels.entries()) {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    if (own.indexOf(Math.max(...own)) === label) right++;
  }
  return right / labels.length;
}

interface FindingFits {
  /** Per finding, one fit per C; none where it could not be fitted. */
  of: PathFit[][];
  /** Per C, of all findings. */
  maps: LinearMaps[];
}

function fitFindings(
  { dimensions: d, train, standardize = false, maxIterations = 1000, onProgress, onWork }: ProbeOptions<Float32Array>,
  findings: number,
  fitted: readonly number[],
  counts: readonly { positives: number; negatives: number }[],
  cs: readonly number[],
): FindingFits {
  const of: PathFit[][] = counts.map(() => []);
  const design = new Design(train.features, d, standardize);
  const losses = new FindingLosses(design, train.labels, findings);
  let done = 0;
  try {
    const works = fitted.map((f) => {
      const { positives, negatives } = counts[f]!;
      const rows = positives + negatives;
      const start = new Float64Array(d + 1);
      start[d] = Math.log(positives / negatives);
      const curvature = Float64Array.of((positives * negatives) / rows ** 2);
      const spectrum = design.spectrum.map((squares) => (squares * rows) / design.rows);
      const nullLoss = positives * Math.log(rows / positives) + negatives * Math.log(rows / negatives);
      const inverseHessian = (at: Float64Array, c: number) => losses.inverseHessian({ finding: f, at }, c);
      return alongPath({ start, curvature, rows, spectrum, cs, nullLoss, maxIterations, inverseHessian }, (fit) => {
        of[f]!.push(fit);
        onProgress?.(++done, fitted.length * cs.length);
      });
    });
    answerTogether(works, (asked) => {
      onWork?.();
      return losses.evaluate(asked.map(({ index, at }) => ({ finding: fitted[index]!, at })));
    });
    const maps = cs.map((_, i) => {
      const parameters = new Float64Array(findings * (d + 1));
      for (const f of fitted) parameters.set(of[f]![i]!.parameters, f * (d + 1));
      return design.onFeatures(parameters);
    });
    return { of, maps };
  } finally {
    losses.free();
    design.free();
  }
}

function chosenMaps(maps: readonly LinearMaps[], chosen: Int32Array, d: number): LinearMaps {
  const weights = new Float64Array(chosen.length * d);
  const biases = new Float64Array(chosen.length);
  for (const [f, place] of chosen.entries()) {
    if (place < 0) continue;
    weights.set(maps[place]!.weights.subarray(f * d, (f + 1) * d), f * d);
    biases[f] = maps[place]!.biases[f]!;
  }
  return { weights, biases };
}

/** Place of the highest of scores, NaN passed over: the first of equals; -1 where all are NaN. */
function bestOf(scores: readonly number[]): number {
  let best = -1;
  for (const [i, score] of scores.entries()) if (score > (scores[best] ?? -Infinity)) best = i;
  return best;
}

function meanOf(scores: Float64Array): number {
  const defined = scores.filter((score) => !Number.isNaN(score));
  return defined.reduce((sum, score) => sum + score, 0) / defined.length;
}

function checkOptions(
  { dimensions, train, validation, cs = REGULARIZATION_PATH }: ProbeOptions<ArrayLike<number>>,
  columns: number,
): readonly number[] {
  for (const [name, { features, labels }] of Object.entries({ training: train, validation })) {
    const rows = rowsOf(features, dimensions);
    if (rows === 0 || labels.length !== rows * columns) {
      throw new RangeError(`linear probe: ${labels.length} labels for ${rows} ${name} rows`);
    }
    checkFinite(`${name} features`, features, dimensions);
  }
  const ascending = cs.every((c, i) => c > (cs[i - 1] ?? 0));
  if (cs.length === 0 || !ascending) throw new RangeError(`linear probe: values of C ${cs.join(', ')}`);
  return cs;
}
