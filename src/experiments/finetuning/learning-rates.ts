/** The search over learning rates of one cell: which candidate is taken, and what is said where none can be. */
import { Diverged } from '../../base/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { FinetuningNode } from '../parts/graph.js';
import type { LearningRateTrial } from '../result/index.js';
import type { DivergedRun, FinetuneResult } from './finetune.js';

export type Candidate = FinetuneResult | DivergedRun;

/** AUROC on validation at the epoch whose weights were kept; null where it cannot be estimated. */
const validationAuroc = (run: Candidate): number | null =>
  'diverged' in run ? null : (run.curve[run.bestEpoch - 1]?.quality.auroc ?? null);

/** What a candidate reached, as the result has it. */
export const trialOf = (run: Candidate): LearningRateTrial => ({
  learningRate: run.learningRate,
  validationAuroc: validationAuroc(run),
  ...('diverged' in run && { note: `diverged: ${run.diverged}` }),
});

/** The candidate with the best AUROC on validation, the first one of equals; undefined where all of them diverged. */
export function bestOf(candidates: readonly Candidate[]): FinetuneResult | undefined {
  const trained = candidates.flatMap((run) => ('diverged' in run ? [] : [run]));
  const [first, ...others] = trained;
  return first && others.reduce((a, b) => ((validationAuroc(b) ?? -1) > (validationAuroc(a) ?? -1) ? b : a), first);
}

export const searchesLearningRate = ({ finetuning }: Pick<ExperimentConfig, 'finetuning'>): boolean =>
  [finetuning.learningRate].flat().length > 1;

type Named = Pick<FinetuningNode, 'dataset' | 'initialization' | 'setting'>;

const nameOf = ({ dataset, initialization, setting }: Named) =>
  `${initialization} on ${dataset}${setting === undefined ? '' : `, ${setting}`}`;

export const cellTitle = (cell: Named): string => `fine-tune ${nameOf(cell)}`;

/** Of a cell whose candidates all diverged. */
export function allDiverged(cell: Named, candidates: readonly Candidate[]): Diverged {
  const found = candidates.map((run) => `${run.learningRate}: ${'diverged' in run ? run.diverged : ''}`).join('; ');
  return new Diverged(
    `${nameOf(cell)}: found that every learning rate diverges (${found}); expected one whose loss stays finite. Add lower ones to finetuning.learningRate, or set finetuning.clip.`,
    found,
  );
}

/** Of a run that diverged where no other learning rate may be taken; `searched`: it was the best of several. */
export function runDiverged(
  run: Named & { seed: number },
  learningRate: number,
  at: string,
  searched: boolean,
): Diverged {
  const fix = searched ? `Take ${learningRate} out of finetuning.learningRate` : 'Lower finetuning.learningRate';
  return new Diverged(
    `${nameOf(run)}: found ${at} with learning rate ${learningRate} and seed ${run.seed}; expected a finite one. ${fix}, or set finetuning.clip.`,
    at,
  );
}
