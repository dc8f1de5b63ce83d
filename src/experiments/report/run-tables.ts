import {
  cell,
  compact,
  count,
  decimals,
  duration,
  left,
  NONE,
  right,
  type Table,
  type TableCell,
} from '../../pages/index.js';
import type { Cell, ExperimentResult, Run } from '../result/index.js';
import { byPretraining } from './seeds.js';
import { byDataset } from './table.js';

/** How each cell was trained: a row per pretraining seed, a column per fine-tuning seed. */
export function trainingTable(result: ExperimentResult): Table {
  const several = result.cells.some(({ runs }) => byPretraining(runs).length > 1);
  const seeds = [...new Set(result.cells.flatMap(({ runs }) => runs.map(({ seed }) => seed)))];
  const { folds = 1 } = result.crossValidation ?? {};
  const allFolds = Array.from({ length: folds }, (_, k) => k + 1);
  const row = ({ initialization, learningRate }: Cell, runs: Run[]) => [
    cell(initialization),
    ...(folds > 1 ? [cell(`${runs[0]!.fold}`)] : []),
    ...(several ? [cell(`${runs[0]!.pretrainingSeed ?? NONE}`)] : []),
    cell(compact(learningRate)),
    ...seeds.map((seed) => runCell(runs.find((run) => run.seed === seed))),
    cell(duration(runs.reduce((sum, { seconds }) => sum + seconds, 0))),
    cell(count(runs.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0) / runs.length)),
  ];
  return {
    title: 'Training. Mean test AUROC of each fine-tuning seed, and the epoch whose weights were tested.',
    columns: [
      left('Initialization'),
      ...(folds > 1 ? [right('Fold')] : []),
      ...(several ? [right('Pretraining seed')] : []),
      right('Learning rate'),
      ...seeds.map((seed) => right(`Seed ${seed}`)),
      right('Time'),
      right('Images/s'),
    ],
    groups: byDataset(result, ({ cells }, name) =>
      cells
        .filter(({ dataset }) => dataset === name)
        .flatMap((it) => allFolds.flatMap((fold) => byPretraining(it.runs, fold).map((runs) => row(it, runs)))),
    ),
    notes: [
      'Epoch: that of the best validation, whose weights were tested, of those run. Time: all seeds of a row in sum. Images/s: mean over them.',
    ],
  };
}

const aurocText = (auroc: number | null) => (auroc === null ? NONE : decimals(auroc));

const runCell = (run: Run | undefined): TableCell =>
  run ? { text: aurocText(run.testMeanAuroc), range: `epoch ${run.bestEpoch} of ${run.epochs}` } : cell(NONE);

/** Where learning rates were searched: what each reached on validation. */
export function learningRateTable(result: ExperimentResult): Table {
  const searched = result.cells.map((it) => ({ ...it, search: it.learningRateSearch ?? [] }));
  const rates = [...new Set(searched.flatMap(({ search }) => search.map(({ learningRate }) => learningRate)))];
  return {
    title: 'Learning rates. Validation AUROC of each candidate, with the first seed of pretraining and of fine-tuning.',
    columns: [left('Initialization'), ...rates.map((rate) => right(compact(rate)))],
    groups: byDataset(result, (_, name) =>
      searched
        .filter(({ dataset, search }) => dataset === name && search.length > 0)
        .map(({ initialization, learningRate, search }) => [
          cell(initialization),
          ...rates.map((rate) => {
            const tried = search.find((it) => it.learningRate === rate);
            const text = tried?.note ? 'diverged' : aurocText(tried?.validationAuroc ?? null);
            return { text, strong: rate === learningRate };
          }),
        ]),
    ),
    notes: [
      'Bold: chosen, for all seeds.',
      ...(searched.some(({ search }) => search.some(({ note }) => note))
        ? ['Diverged: the loss became infinite or no number, so it could not be chosen.']
        : []),
    ],
  };
}

/** Pretraining, where an initialization had one here. */
export function pretrainingTable({ initializations }: ExperimentResult): Table {
  return {
    title: 'Pretraining done in this experiment.',
    columns: [
      left('Initialization'),
      left('Data'),
      right('Seeds'),
      right('Images seen'),
      right('Steps'),
      right('Time'),
      right('Check'),
    ],
    groups: [
      {
        rows: initializations.flatMap(({ name, pretrainings: all = [] }) => {
          const [first] = all;
          if (!first) return [];
          const checks = all.flatMap(({ metric }) => (metric ? [metric.value] : []));
          const seconds = all.map((it) => it.seconds);
          return [
            [
              cell(name),
              cell(first.data),
              cell(all.map(({ seed }) => seed).join(', ')),
              cell(count(first.images)),
              cell(count(first.steps)),
              meanAndRange(seconds, duration),
              first.metric ? meanAndRange(checks, (it) => decimals(it), `${first.metric.name}: `) : cell(NONE),
            ],
          ];
        }),
      },
    ],
    notes: initializations.some(({ pretrainings = [] }) => pretrainings.length > 1)
      ? ['Images seen and steps: of each seed. Time and check: mean over seeds, and the lowest and highest.']
      : [],
  };
}

function meanAndRange(values: number[], format: (value: number) => string, prefix = ''): TableCell {
  const text = `${prefix}${format(values.reduce((sum, value) => sum + value, 0) / values.length)}`;
  if (values.length === 1) return cell(text);
  const ends = [Math.min(...values), Math.max(...values)].map(format);
  return { text, range: [...new Set(ends)].join(' to ') };
}
