/** What is known of the pictures that features are judged by, and the score that comes of it. Crosses threads as it is. */
import { SPLITS, type Split } from '../datasets/index.js';
import {
  accuracy,
  auroc,
  countLabels,
  findingColumn,
  type Neighbors,
  probeClasses,
  probedClasses,
  probedFindings,
  probeFindings,
  scoreFindings,
  voteForClasses,
} from '../evaluation/index.js';
import type { ProbeData, ProbeImage } from '../features/index.js';

/** Findings that a picture may have several of, `[n, F]`: 1, 0, NaN; or the one class of each, `[n]`. `test` is what is judged. */
export type Labels =
  | ({ kind: 'findings'; names: readonly string[] } & Record<Split, Float32Array>)
  | ({ kind: 'classes'; names: readonly string[] } & Record<Split, Int32Array>);

/** Fractions, 0..1; `mean AUROC` over the findings that have positives and negatives. */
export const MEASURES = { classes: 'accuracy', findings: 'mean AUROC' } as const;
export type Measure = (typeof MEASURES)[Labels['kind']];

/** `30.6 %` or `AUROC 0.612` */
export const scoreText = (measure: Measure, value: number): string =>
  measure === 'accuracy' ? `${(100 * value).toFixed(1)} %` : `AUROC ${value.toFixed(3)}`;

/** Features `[n, d]` of each split. */
export type SplitFeatures = Record<Split, Float32Array> & { dimensions: number };

export function labelsOf({ kind, names }: ProbeData, images: Record<Split, readonly ProbeImage[]>): Labels {
  if (kind === 'classes') {
    const of = (split: Split) => Int32Array.from(images[split], ({ labels }) => labels as number);
    return { kind, names, train: of('train'), validate: of('validate'), test: of('test') };
  }
  const of = (split: Split) => Float32Array.from(images[split].flatMap(({ labels }) => [...(labels as Float32Array)]));
  return { kind, names, train: of('train'), validate: of('validate'), test: of('test') };
}

export function rowsOf(labels: Labels, split: Split): number {
  return labels[split].length / (labels.kind === 'findings' ? labels.names.length : 1);
}

/** Of the test pictures: accuracy, or mean AUROC, of what the neighbours (for one k) say. */
export function scoreNeighbors(labels: Labels, nearest: Neighbors): number {
  const { names } = labels;
  if (labels.kind === 'classes') {
    const [votes] = voteForClasses(nearest, labels.train, names.length);
    return accuracy(votes!, labels.test, names.length);
  }
  const [scores] = scoreFindings(nearest, labels.train, names.length);
  return meanAuroc(scores!, labels);
}

/** As `scoreNeighbors`, of a linear probe that is fitted on train and takes its C from validate. `onWork` is called often, and may throw. */
export function scoreLinear(
  labels: Labels,
  { dimensions, train, validate, test }: SplitFeatures,
  onWork?: () => void,
): number {
  const { names } = labels;
  if (labels.kind === 'classes') {
    const probe = probeClasses({
      dimensions,
      classes: names.length,
      train: { features: train, labels: labels.train },
      validation: { features: validate, labels: labels.validate },
      onWork,
    });
    return accuracy(probedClasses(probe, test, dimensions), labels.test, names.length);
  }
  const probe = probeFindings({
    dimensions,
    findings: names.length,
    train: { features: train, labels: labels.train },
    validation: { features: validate, labels: labels.validate },
    onWork,
  });
  return meanAuroc(probedFindings(probe, test, dimensions), labels);
}

/** Findings with positives and negatives in all of these splits. */
export function judgedFindings(labels: Labels & { kind: 'findings' }, splits: readonly Split[] = SPLITS): number[] {
  const { length } = labels.names;
  const both = (split: Split, f: number) => {
    const { positives, negatives } = countLabels(findingColumn(labels[split], length, f));
    return positives > 0 && negatives > 0;
  };
  return Array.from({ length }, (_, f) => f).filter((f) => splits.every((split) => both(split, f)));
}

function meanAuroc(scores: Float32Array, labels: Labels & { kind: 'findings' }): number {
  const { length } = labels.names;
  const judged = judgedFindings(labels, ['train', 'test']);
  const aurocs = judged.map(
    (f) => auroc(findingColumn(scores, length, f), findingColumn(labels.test, length, f)).auroc,
  );
  return aurocs.reduce((sum, value) => sum + value, 0) / aurocs.length;
}

/** The class of a picture, or the findings that it has. */
export function labelText(labels: Labels, split: Split, row: number): string {
  if (labels.kind === 'classes') return labels.names[labels[split][row]!]!;
  return positives(labels, split, row).join(', ') || 'no finding';
}

/** Whether a test picture and a training picture are of one class; have a finding in common, or both none. */
export function alike(labels: Labels, test: number, train: number): boolean {
  if (labels.kind === 'classes') return labels.test[test] === labels.train[train];
  const [own, other] = [positives(labels, 'test', test), positives(labels, 'train', train)];
  return own.length === 0 ? other.length === 0 : own.some((name) => other.includes(name));
}

function positives({ names, ...labels }: Labels & { kind: 'findings' }, split: Split, row: number): string[] {
  return names.filter((_, f) => labels[split][row * names.length + f] === 1);
}
