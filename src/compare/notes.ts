import type { Estimate } from '../evaluation/index.js';
import type { AlignedPredictions } from './align.js';

/** Notes, for people, on what is peculiar about the files; each adds what there is to say. */

export function noteScale({ first, second }: AlignedPredictions, notes: string[]): void {
  const outside = (scores: Float64Array[]) => scores.some((seed) => seed.some((value) => value < 0 || value > 1));
  const models = [...(outside(first) ? ['first'] : []), ...(outside(second) ? ['second'] : [])];
  if (models.length === 0) return;
  notes.push(
    `Predictions of the ${models.join(' and the ')} model are not all in 0..1: they are taken as scores, of which AUROC uses the order alone.`,
  );
}

/** Calls in place of probabilities, and an AUROC that says more of the file than of the model. */
export function noteValues(name: string, seeds: Float64Array[], meanAuroc: Estimate, notes: string[]): void {
  if (seeds.some((scores) => scores.every((score) => score === 0 || score === 1 || Number.isNaN(score))))
    notes.push(`Predictions of ${name} are 0 and 1 alone: calls, whose AUROC is lower than that of probabilities.`);
  if (meanAuroc.high < 0.5)
    notes.push(
      `${name} ranks negatives above positives (AUROC below 0.5): its numbers may stand for the absence of a finding.`,
    );
}

export function noteIndependence({ ids, patients }: AlignedPredictions, notes: string[]): void {
  if (patients && new Set(patients).size === ids.length) return;
  const why = patients ? 'By --unit image' : 'No file has a column of patients:';
  notes.push(
    `${why} images count as independent. Where a patient has several, intervals come out too narrow and p too small.`,
  );
}
