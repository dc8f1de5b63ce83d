/** Logistic losses of many problems on one design, evaluated together by libtorch, a block of rows at a time. */
import { cat, eye, fromArray, ones, scope, type Tensor, zeros } from '../../torch/index.js';
import { choleskySolve } from '../cholesky.js';
import { type Design, toFloat64Array } from './design.js';
import type { Loss } from './regularization-path.js';

/** Parameters `[d + 1]` of a regression of one finding. */
export interface Wanted {
  finding: number;
  at: Float64Array;
}

/** The share of the curvature that the rows of a Hessian make up. */
const COVERED = 0.99;

/** sum log(1 + exp(-y z)), y = +-1, over the rows whose label of the finding is known. */
export class FindingLosses {
  /** Per block `[b, F]`: label, 0 where unknown; 1 where known. */
  private readonly labels: Tensor[];
  private readonly known: Tensor[];
  private readonly knownRows: Float64Array;

  /** Labels `[n, F]`: 1, 0, NaN. */
  constructor(
    private readonly design: Design,
    labels: Float32Array,
    private readonly findings: number,
  ) {
    const masks = labels.map((label) => (Number.isNaN(label) ? 0 : 1));
    this.labels = this.split(labels.map((label) => (Number.isNaN(label) ? 0 : label)));
    this.known = this.split(masks);
    this.knownRows = new Float64Array(findings);
    for (const [i, known] of masks.entries()) this.knownRows[i % findings]! += known;
  }

  private split(values: Float32Array): Tensor[] {
    return scope(() => {
      const matrix = fromArray(values, [this.design.rows, this.findings]).to('float64');
      let row = 0;
      return this.design.blocks.map((block) => {
        row += block.size(0);
        return matrix
          .narrow(0, row - block.size(0), block.size(0))
          .clone()
          .keep();
      });
    });
  }

  evaluate(wanted: readonly Wanted[]): Loss[] {
    const { design, knownRows } = this;
    const { dimensions: d } = design;
    const A = wanted.length;
    return scope(() => {
      const { weights, biases } = matrices(
        wanted.map(({ at }) => at),
        d,
      ); // [A, d], [A]
      const columns = fromArray(BigInt64Array.from(wanted, ({ finding }) => BigInt(finding)));
      const sums = design.blocks.map((block, i) =>
        scope(() => {
          const label = this.labels[i]!.indexSelect(1, columns); // [b, A]
          const known = this.known[i]!.indexSelect(1, columns);
          const z = block.mm(weights.transpose(0, 1)).add_(biases); // [b, A]
          const p = z.sigmoid();
          const loss = z.relu().sub_(z.mul(label)).add_(z.abs().neg().exp().log1p()).mul_(known).sum(0);
          const residual = p.sub(label).mul_(known);
          const gradient = residual.transpose(0, 1).mm(block); // [A, d]
          const curvature = p.sub(p.mul(p)).mul_(known).sum(0);
          return cat([gradient, stackColumns([residual.sum(0), loss, curvature])], 1); // [A, d + 3]
        }),
      );
      return lossesOf(sums, A, d).map((loss, i) => ({
        ...loss,
        curvature: loss.curvature.map((sum) => sum / knownRows[wanted[i]!.finding]!),
      }));
    });
  }

  /**
   * The inverse Hessian of |w|^2 / 2 + C loss at parameters `[d + 1]`, as a function that multiplies a vector in place. Only rows of
   * some curvature p (1 - p) take part, few where findings are nearly separated; the rest counts with its mean.
   */
  inverseHessian({ finding, at }: Wanted, c: number): (vector: Float64Array) => void {
    const { design } = this;
    const { dimensions: d } = design;
    return scope(() => {
      const { weights, biases } = matrices([at], d);
      const curvatures = design.blocks.map((block, i) =>
        scope(() => {
          const p = block.mm(weights.transpose(0, 1)).add_(biases).sigmoid(); // [b, 1]
          return p.sub(p.mul(p)).mul_(this.known[i]!.narrow(1, finding, 1));
        }),
      );
      const { least, rest } = cut(toFloat64Array(cat(curvatures)));
      const hessian = zeros([d + 1, d + 1], 'float64');
      for (const [i, block] of design.blocks.entries()) {
        scope(() => {
          const rows = curvatures[i]!.squeeze(1).ge(least).nonzero().squeeze(1);
          const chosen = block.indexSelect(0, rows);
          const inputs = cat([chosen, ones([chosen.size(0), 1], 'float64')], 1); // [r, d + 1]
          const weighted = inputs.mul(curvatures[i]!.indexSelect(0, rows).mul(c));
          hessian.add_(inputs.transpose(0, 1).mm(weighted));
        });
      }
      const share = (c * rest) / design.rows;
      const diagonal = Float64Array.from({ length: d + 1 }, (_, j) =>
        j < d ? 1 + share * design.spectrum[j]! : c * rest + Number.EPSILON * c,
      );
      const added = eye(d + 1, 'float64').mul_(fromArray(diagonal));
      const factor = toFloat64Array(hessian.add_(added).cholesky()); // lower
      return (vector: Float64Array) => choleskySolve(factor, vector);
    });
  }

  free(): void {
    for (const tensor of [...this.labels, ...this.known]) tensor.free();
  }
}

/** Cross entropy of softmax(z) over K classes. */
export class ClassLoss {
  private readonly hot: Tensor[]; // [b, K]

  /** Classes `[n]`: 0..K-1. */
  constructor(
    private readonly design: Design,
    labels: Int32Array,
    private readonly classes: number,
  ) {
    let row = 0;
    this.hot = design.blocks.map((block) => {
      const own = labels.subarray(row, row + block.size(0));
      row += own.length;
      return scope(() => fromArray(BigInt64Array.from(own, BigInt)).oneHot(classes).to('float64')).keep();
    });
  }

  /** At parameters `[K, d + 1]`. */
  evaluate(at: Float64Array): Loss {
    const { design, classes: K } = this;
    const { dimensions: d } = design;
    return scope(() => {
      const columns = Array.from({ length: K }, (_, k) => at.subarray(k * (d + 1), (k + 1) * (d + 1)));
      const { weights, biases } = matrices(columns, d);
      const sums = design.blocks.map((block, i) =>
        scope(() => {
          const z = block.mm(weights.transpose(0, 1)).add_(biases); // [b, K]
          const logs = z.logSoftmax(1);
          const p = logs.exp();
          const loss = logs.mul(this.hot[i]!).neg().sum(0); // [K]
          const residual = p.sub(this.hot[i]!);
          const gradient = residual.transpose(0, 1).mm(block); // [K, d]
          const curvature = p.sub(p.mul(p)).sum(0);
          return cat([gradient, stackColumns([residual.sum(0), loss, curvature])], 1); // [K, d + 3]
        }),
      );
      const parts = lossesOf(sums, K, d);
      const gradient = new Float64Array(at.length);
      for (const [k, part] of parts.entries()) gradient.set(part.gradient, k * (d + 1));
      return {
        value: parts.reduce((sum, { value }) => sum + value, 0),
        gradient,
        curvature: Float64Array.from(parts, (part) => part.curvature[0]! / design.rows),
      };
    });
  }

  free(): void {
    for (const tensor of this.hot) tensor.free();
  }
}

function matrices(columns: readonly Float64Array[], d: number): { weights: Tensor; biases: Tensor } {
  const all = new Float64Array(columns.length * (d + 1));
  for (const [k, column] of columns.entries()) all.set(column, k * (d + 1));
  const both = fromArray(all, [columns.length, d + 1]);
  return { weights: both.narrow(1, 0, d), biases: both.select(1, d) };
}

/** `[A]` each, side by side: `[A, n]`. */
const stackColumns = (columns: readonly Tensor[]): Tensor =>
  cat(
    columns.map((column) => column.unsqueeze(1)),
    1,
  );

/** The least curvature of the rows that make up nearly all of it, and what the others sum to. */
function cut(curvatures: Float64Array): { least: number; rest: number } {
  const ascending = curvatures.toSorted();
  const total = ascending.reduce((sum, value) => sum + value, 0);
  let rest = 0;
  for (const value of ascending) {
    if (rest + value > (1 - COVERED) * total) return { least: value, rest };
    rest += value;
  }
  return { least: 0, rest: 0 };
}

/** Sums over blocks of `[A, d + 3]`: gradient of coefficients and intercept, loss, sum of p (1 - p). */
function lossesOf(sums: readonly Tensor[], A: number, d: number): Loss[] {
  const [first, ...rest] = sums;
  for (const sum of rest) first!.add_(sum);
  const values = toFloat64Array(first!);
  return Array.from({ length: A }, (_, a) => {
    const row = values.subarray(a * (d + 3), (a + 1) * (d + 3));
    return { gradient: row.slice(0, d + 1), value: row[d + 1]!, curvature: row.slice(d + 2) };
  });
}
