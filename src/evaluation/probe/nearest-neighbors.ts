import { inputError } from '../../base/index.js';
import { fromArray, scope, type Tensor, toBytes, toFloat32Array } from '../../torch/index.js';
import { rowsOf } from '../standardization.js';
import { checkFinite, rowBlocks } from './design.js';

export interface NeighborOptions {
  /** d */
  dimensions: number;
  /** `[n, d]` */
  train: Float32Array;
  /** `[m, d]` */
  queries: Float32Array;
  /** Numbers of neighbours, each 1..n. */
  ks: readonly number[];
  /** Of the weights, softmax(similarity / temperature); 0.07 unless given, as in DINOv2. */
  temperature?: number;
  /** Before each block of queries; ends the work by throwing. */
  onWork?(): void;
}

/** The training rows nearest to each query, nearest first. */
export interface Neighbors {
  ks: readonly number[];
  /** K, the largest of `ks`. */
  count: number;
  /** `[m, K]` */
  rows: Int32Array;
  /** `[m, K]`: sum to 1 over all K. */
  weights: Float32Array;
}

/** Similarities that are held at a time. */
const BLOCK_BYTES = 64 * 2 ** 20;

/**
 * The nearest neighbours by cosine similarity (dinov2/eval/knn.py; Wu et al., 2018), which one pass finds for every k. Similarities are
 * float32 and held for a block of queries at a time. Throws an InputError for features that are not finite, and for a k that is
 * not in 1..n.
 */
export function nearestNeighbors({
  dimensions: d,
  train,
  queries,
  ks,
  temperature = 0.07,
  onWork,
}: NeighborOptions): Neighbors {
  const n = rowsOf(train, d);
  const m = rowsOf(queries, d);
  const wrong = ks.find((k) => !Number.isInteger(k) || k < 1 || k > n);
  if (ks.length === 0 || wrong !== undefined) {
    throw inputError({ what: 'k', found: `${wrong ?? 'none'}`, expected: `1 to ${n}, the number of training rows` });
  }
  checkFinite('training features', train, d);
  checkFinite('features', queries, d);
  const count = Math.max(...ks);
  const rows = new Int32Array(m * count);
  const weights = new Float32Array(m * count);
  scope(() => {
    const keys = normalized(fromArray(train, [n, d])).transpose(0, 1); // [d, n]
    let at = 0;
    for (const block of rowBlocks(queries, d, 4 * n, BLOCK_BYTES)) {
      onWork?.();
      scope(() => {
        const similarity = normalized(fromArray(block, [block.length / d, d])).mm(keys); // [b, n]
        const [nearest, indices] = similarity.topk(count, 1, true, true); // [b, K]
        rows.set(new Int32Array(toBytes(indices.to('int32')).buffer), at);
        weights.set(toFloat32Array(nearest.div(temperature).softmax(1)), at);
        at += nearest.size(0) * count;
      });
    }
  });
  return { ks, count, rows, weights };
}

/** Votes `[m, classes]` of the first k neighbours, for each k: their weights summed by class. Labels `[n]` are 0..classes-1. */
export function voteForClasses(
  { ks, count, rows, weights }: Neighbors,
  labels: Int32Array,
  classes: number,
): Float32Array[] {
  return ks.map((k) => {
    const votes = new Float32Array((rows.length / count) * classes);
    for (let query = 0; query < rows.length / count; query++) {
      for (let i = query * count; i < query * count + k; i++) {
        votes[query * classes + labels[rows[i]!]!]! += weights[i]!;
      }
    }
    return votes;
  });
}

/**
 * Scores `[m, F]`, 0..1, by the first k neighbours, for each k: the mean of their known labels by weight; where none of them is
 * known, the share of positives among the training rows (NaN without known ones). Labels `[n, F]` are 1, 0 or NaN (unknown).
 */
export function scoreFindings(
  { ks, count, rows, weights }: Neighbors,
  labels: Float32Array,
  findings: number,
): Float32Array[] {
  const prevalence = Float64Array.from({ length: findings }, (_, f) => {
    let positives = 0;
    let known = 0;
    for (let i = f; i < labels.length; i += findings) {
      if (Number.isNaN(labels[i])) continue;
      positives += labels[i]!;
      known++;
    }
    return positives / known;
  });
  return ks.map((k) => {
    const scores = new Float32Array((rows.length / count) * findings);
    for (let i = 0; i < scores.length; i++) {
      const first = Math.floor(i / findings) * count;
      const f = i % findings;
      let positive = 0;
      let known = 0;
      for (let at = first; at < first + k; at++) {
        const label = labels[rows[at]! * findings + f]!;
        if (Number.isNaN(label)) continue;
        positive += weights[at]! * label;
        known += weights[at]!;
      }
      scores[i] = known > 0 ? positive / known : prevalence[f]!;
    }
    return scores;
  });
}

/** Rows of length 1; zeros stay (torch.nn.functional.normalize). */
const normalized = (rows: Tensor): Tensor => rows.div(rows.vectorNorm(2, 1, true).clamp(1e-12));
