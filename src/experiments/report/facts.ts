import { count, counted, listed } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { confidence } from './format.js';
import { distinct } from './select.js';

/** Number, topic, and what hilum knows of it; without an answer it is the authors' to give. */
export type ChecklistItem = readonly [number: string, topic: string, answer?: (facts: Facts) => string | undefined];

export interface ChecklistPart {
  heading: string;
  items: readonly ChecklistItem[];
}

/** Sentences that several items of the checklists need. */
export interface Facts {
  result: ExperimentResult;
  goal: string;
  splits: string;
  preprocessing: string;
  unreadable: string;
  initializations: string;
  training: string;
  selection: string;
  software: string;
  statistics: string;
  estimable: string;
  /** undefined where it was not done. */
  robustness?: string;
  subgroups?: string;
  external?: string;
  calibration?: string;
}

export function factsOf(result: ExperimentResult): Facts {
  const { datasets, initializations, statistics, hilum, shortcuts } = result;
  const names = listed(initializations.map(({ name }) => name));
  const settings = (result.configuration ?? {}) as { preprocessing?: object; finetuning?: { preset?: string } };
  const unreadable = datasets.reduce((sum, dataset) => sum + dataset.unreadable.length, 0);
  const left = distinct(result.cells.flatMap(({ notEstimable }) => notEstimable.map(({ finding }) => finding)));
  const done = [
    shortcuts.length > 0 && 'shortcut predictors (Shortcuts)',
    result.matched?.length && 'matched AUROC',
    result.degraded?.length && 'degraded images',
  ].filter((it): it is string => typeof it === 'string');
  return {
    result,
    goal: `Comparison of ${counted(initializations.length, 'initialization')} (${names}) of classifiers of radiographs.`,
    splits: datasets
      .map(({ name, splits: { train, validate, test } }) => {
        const part = ({ images, patients }: typeof train) =>
          `${count(images)} radiographs of ${count(patients)} patients`;
        return `${name}: training ${part(train)}, validation ${part(validate)}, test ${part(test)}.`;
      })
      .join(' '),
    preprocessing: settings.preprocessing
      ? `${Object.entries(settings.preprocessing)
          .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
          .join(', ')}; see Settings.`
      : 'See Settings.',
    unreadable:
      unreadable === 0
        ? 'Every radiograph could be read.'
        : `${counted(unreadable, 'radiograph')} could not be read and took no part; they are named below the table of the data.`,
    initializations: initializations.map(({ name, description }) => `${name}: ${description}.`).join(' '),
    training: `Every setting is in the table of settings${settings.finetuning?.preset ? ` (preset ${settings.finetuning.preset})` : ''}; ${counted(distinct(result.cells.flatMap(({ runs }) => runs.map(({ seed }) => `${seed}`))).length, 'seed')}.`,
    selection: 'By the validation split alone, as Methods say; the test split took no part in any choice.',
    software: `hilum ${hilum.version}, Node.js ${hilum.node}, libtorch ${hilum.libtorch}, ${hilum.blas}.`,
    statistics:
      `${confidence(statistics.confidence)} ${statistics.interval === 'bca' ? 'BCa' : 'percentile'} intervals of ${count(statistics.redraws)} ` +
      `bootstrap redraws by ${statistics.unit}; paired differences; ` +
      (statistics.correction === 'none'
        ? 'p-values not corrected.'
        : `p-values corrected over ${statistics.families.mean} and over ${statistics.families.findings}.`),
    estimable:
      left.length > 0 ? `Not estimable and left out of means: ${left.join(', ')}.` : 'Every finding is estimable.',
    ...(done.length > 0 && { robustness: `Reported: ${listed(done)}.` }),
    ...(result.subgroups?.length && {
      subgroups: `AUROC by ${listed(distinct(result.subgroups.map(({ factor }) => factor)))} with intervals, and the gap between groups with its test (Subgroups).`,
    }),
    ...(result.externalValidation?.length && {
      external: 'Every model was tested on the test split of every other data set (External validation).',
    }),
    ...(result.cells.some(({ calibration }) => calibration?.length) && {
      calibration: 'Brier score, calibration error and reliability curves (Calibration).',
    }),
  };
}
