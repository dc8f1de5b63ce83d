import { cell, count, decimals, left, NONE, right, type Table } from '../../pages/index.js';
import type { Cell, ExperimentResult, Run } from '../result/index.js';
import { byDataset } from './table.js';

/** The runs of each pretraining, of one where the start was not pretrained in the experiment; in a cross-validation, of one fold. */
export function byPretraining(runs: readonly Run[], fold = 1): Run[][] {
  const groups = new Map<number | undefined, Run[]>();
  for (const run of runs.filter((it) => (it.fold ?? 1) === fold))
    groups.set(run.pretrainingSeed, [...(groups.get(run.pretrainingSeed) ?? []), run]);
  return [...groups.values()];
}

/** Standard deviations of the mean test AUROC from run to run; null where there are no two to compare. */
export interface Spread {
  /** Of the means over the fine-tuning seeds of each pretraining. */
  pretraining: number | null;
  /** Of the runs of one pretraining, the variance averaged over pretrainings. */
  finetuning: number | null;
}

/** The spread of a cell whose runs could all be tested. */
export function spreadOf(runs: readonly Run[]): Spread {
  const groups = byPretraining(runs).map((own) => own.map(({ testMeanAuroc }) => testMeanAuroc!));
  const repeated = groups.filter(({ length }) => length > 1);
  return {
    pretraining: groups.length > 1 ? Math.sqrt(variance(groups.map(mean))) : null,
    finetuning: repeated.length > 0 ? Math.sqrt(mean(repeated.map(variance))) : null,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** With n - 1. */
function variance(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}

/** How far the mean test AUROC moves from one run to another, where a cell has several. */
export function seedTable(result: ExperimentResult): Table {
  const shown = ({ runs }: Cell) => runs.length > 1 && runs.every(({ testMeanAuroc }) => testMeanAuroc !== null);
  const deviation = (value: number | null) => cell(value === null ? NONE : decimals(value, 4));
  return {
    title: 'Seeds. Standard deviation of the mean test AUROC between pretraining seeds and between fine-tuning seeds.',
    columns: [
      left('Initialization'),
      right('Pretraining seeds'),
      right('Fine-tuning seeds each'),
      right('Between pretrainings'),
      right('Between fine-tunings'),
      right('Lowest run'),
      right('Highest run'),
    ],
    groups: byDataset(result, ({ cells }, name) =>
      cells
        .filter((it) => it.dataset === name && shown(it))
        .map(({ initialization, runs }) => {
          const { pretraining, finetuning } = spreadOf(runs);
          const groups = byPretraining(runs);
          const aurocs = runs.map(({ testMeanAuroc }) => testMeanAuroc!);
          return [
            cell(initialization),
            cell(runs[0]!.pretrainingSeed === undefined ? NONE : count(groups.length)),
            cell(count(groups[0]!.length)),
            deviation(pretraining),
            deviation(finetuning),
            cell(decimals(Math.min(...aurocs))),
            cell(decimals(Math.max(...aurocs))),
          ];
        }),
    ),
    notes: [
      'On the whole test split, without its own chance. Between pretrainings: of the means over the fine-tuning seeds of each. ' +
        'Between fine-tunings: of the runs of one pretraining, their variance averaged over pretrainings.',
      ...(result.cells.some(({ runs }) => byPretraining(runs).length > 1)
        ? [
            'If pretraining seeds made no difference, the first would be about the second over the root of the number of fine-tuning seeds.',
          ]
        : []),
    ],
  };
}
